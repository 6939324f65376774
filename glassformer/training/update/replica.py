"""The model as this process trains it, with the gradients of a group averaged over its processes."""

import copy
import warnings
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from glassformer.model import Transformer
from glassformer.training.config import TrainingConfig
from glassformer.training.distributed import Group
from glassformer.training.update.memory import recompute_activations
from glassformer.training.update.objective import Objective


class Replica:
    """What is trained: `model`, whose weights the optimizer updates, and `objective`, the loss to call.

    One process trains the whole model. Several each hold all of it and average the gradients (`ddp`; Li et al. 2020),
    or each hold one part of every weight, its gradient and its Adam state, and fetch a layer's other parts while it
    runs (`fsdp`; FSDP2's fully_shard, after ZeRO, Rajbhandari et al. 2020). Sharded, `model` is a copy of the whole
    one, which `write_to` brings up to date, and of which only rank 0 keeps one on its device, to validate.
    """

    def __init__(self, whole: Transformer, settings: TrainingConfig, group: Group) -> None:
        self.sharded = settings.parallel == "fsdp" and group.size > 1
        self.model = copy.deepcopy(whole) if self.sharded else whole
        if group.is_main or not self.sharded:
            whole.to(group.device)
        if settings.activation_checkpointing:
            recompute_activations(self.model)
        self.objective: nn.Module = Objective(self.model, settings.label_smoothing, settings.r_drop)
        if self.sharded:
            _shard(self.objective, self.model, group)
        elif group.size > 1:
            self.objective = _averaged(self.objective)

    def apart(self) -> AbstractContextManager[object]:
        """While the block runs, gradients add up in this process alone.

        Not where the weights are sharded: there each is added to its owner's part, for a whole one would not fit.
        """
        if isinstance(self.objective, DistributedDataParallel):
            return self.objective.no_sync()
        return nullcontext()

    @torch.no_grad()
    def write_to(self, whole: Transformer) -> None:
        """Bring `whole` up to date; every process must call it."""
        if self.sharded:
            for mine, weight in zip(whole.parameters(), self.model.parameters(), strict=True):
                mine.copy_(whole_tensor(weight))


def whole_tensor(tensor: Tensor) -> Tensor:
    """All of a tensor, of which each process may hold a part; every process must call it."""
    return tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor


def parted_like(parameter: Tensor, tensor: Tensor) -> Tensor:
    """`tensor`, of which each process has all, where `parameter` is, and in parts as it is."""
    tensor = tensor.to(parameter.device)
    if not hasattr(parameter, "full_tensor"):
        return tensor
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(tensor, parameter.device_mesh, parameter.placements)  # type: ignore[attr-defined]


def _averaged(objective: nn.Module) -> nn.Module:
    with warnings.catch_warnings():
        # torch 2.13 would have it named forward_sync_buffers, which earlier ones do not know. Ours are constants.
        warnings.simplefilter("ignore", FutureWarning)
        return DistributedDataParallel(objective, broadcast_buffers=False, gradient_as_bucket_view=True)


def _shard(objective: nn.Module, model: Transformer, group: Group) -> None:
    """A unit for each layer, and one, the root's, for all else: embeddings, which may be tied, and the output layer."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard, register_fsdp_forward_method

    # No layer of ours writes into another's output.
    warnings.filterwarnings("ignore", message="FSDP2-wrapped module .* returned a view tensor", category=UserWarning)
    mesh = init_device_mesh(group.device.type, (group.size,))
    for layer in model.decoder:
        # A unit of its own, for its keys and values are made before the layer runs.
        fully_shard(layer.cross_attention, mesh=mesh)  # type: ignore[arg-type]
        register_fsdp_forward_method(layer.cross_attention, "keys_values")  # type: ignore[arg-type]
    for layer in (*model.encoder, *model.decoder):
        fully_shard(layer, mesh=mesh)
    fully_shard(objective, mesh=mesh)
