"""An objective as CUDA graphs: all kernels of a forward or backward pass are started by one call.

A small model's kernels take less time than starting them one by one. Not measured on a device yet.

Axes: B batch, S source positions, T target positions.
"""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from glassformer.training.update.randomness import preserved_random_state

Graphed = Callable[[Tensor, Tensor], Tensor]


class GraphedObjective(nn.Module):
    """Records `objective` when a shape of batch comes first, and replays it from then on (see PyTorch's notes on "CUDA
    Graphs", partial-network capture). All graphs share their memory, as only one runs at a time.

    Replaying reads the parameters where they are, so that they must be updated in place. While the model is not in
    training, or gradients are off, nothing is recorded.
    """

    def __init__(self, objective: nn.Module) -> None:
        super().__init__()
        self.objective = objective
        self._recorded: dict[tuple[torch.Size, torch.Size], Graphed] = {}
        self._memory = torch.cuda.graph_pool_handle()

    def forward(self, source_BS: Tensor, target_BT: Tensor) -> Tensor:
        if not (self.training and torch.is_grad_enabled()):
            loss: Tensor = self.objective(source_BS, target_BT)
            return loss
        shapes = source_BS.shape, target_BT.shape
        if shapes not in self._recorded:
            self._recorded[shapes] = self._record(source_BS, target_BT)
        return self._recorded[shapes](source_BS, target_BT)

    def _record(self, source_BS: Tensor, target_BT: Tensor) -> Graphed:
        # To run it first, as recording does, draws what dropout drops: a run that goes on must draw what it would have.
        with preserved_random_state(source_BS.device):
            graphed = torch.cuda.make_graphed_callables(
                _Recorded(self.objective), (source_BS.clone(), target_BT.clone()), pool=self._memory
            )
        return cast(Graphed, graphed)


class _Recorded(nn.Module):
    """What is recorded is replaced in its module: each shape has a module of its own, around the same parameters."""

    def __init__(self, objective: nn.Module) -> None:
        super().__init__()
        self.objective = objective

    def forward(self, source_BS: Tensor, target_BT: Tensor) -> Tensor:
        loss: Tensor = self.objective(source_BS, target_BT)
        return loss
