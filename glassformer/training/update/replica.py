"""The model as this process trains it, with the gradients of a group averaged over its processes."""

import copy
import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from glassformer.cuda_graphs import Recorded
from glassformer.data.batches import Batch
from glassformer.data.shapes import filled_up, rows_of
from glassformer.model import Transformer
from glassformer.training.config import TrainingConfig
from glassformer.training.distributed import Group
from glassformer.training.update.compilation import compiled
from glassformer.training.update.memory import recompute_activations
from glassformer.training.update.objective import Objective, WholeObjective
from glassformer.training.update.precision import autocast


class Replica:
    """What a process trains: `model`, whose parameters the optimizer updates, and `objective`, the loss to call.

    One process trains the whole model. Several processes either each hold a whole model and average their gradients
    (`ddp`; Li et al. 2020), or each hold one shard of every parameter, of its gradient and of its Adam state, and
    gather a layer while it runs (`fsdp`; FSDP2's fully_shard, after ZeRO, Rajbhandari et al. 2020). When sharded,
    `model` is a copy; `write_to` brings the unsharded model up to date, which rank 0 keeps on its device to validate.

    With `bfloat16_weights` the objective is of a copy of `model` in bfloat16, whose gradients are added to those of
    `model`, and which `updated` brings up to date. With `compile=graphs` forward and backward pass are `recorded`: then
    weights and gradients stay where they are in memory.
    """

    def __init__(self, whole: Transformer, settings: TrainingConfig, group: Group, widths: Sequence[int] = ()) -> None:
        """With `widths` (see `data/shapes.py`) all batches are filled up to one of a few shapes."""
        self._settings, self._group, self._widths = settings, group, widths
        self.sharded = settings.parallel == "fsdp" and group.size > 1
        self.model = copy.deepcopy(whole) if self.sharded else whole
        if group.is_main or not self.sharded:
            whole.to(group.device)
        self.rounded = copy.deepcopy(self.model).bfloat16() if settings.bfloat16_weights else None
        computed = self.rounded or self.model
        if settings.activation_checkpointing:
            recompute_activations(computed)
        kind = WholeObjective if widths else Objective
        self.objective: nn.Module = kind(computed, settings.label_smoothing, settings.r_drop)
        self.objective = compiled(self.objective, settings.compile)
        if self.sharded:
            _shard(self.objective, self.model, group)
        elif group.size > 1:
            self.objective = _averaged(self.objective)
        self.recorded = Recorded(self._add_gradient) if settings.compile == "graphs" else None
        # Listed once: to walk through the modules takes 0.3 ms, and an update asks for them several times.
        self.weights: list[Tensor] = list(self.model.parameters())
        self.zero_grad()

    def add_gradient(self, tensors: tuple[Tensor, ...], target_tokens: int, counts: bool = True) -> Tensor:
        """Add the gradient of objective / target_tokens to `.grad`; return that number, or zero without `counts`."""
        if self.recorded:
            return self.recorded(torch.full((), float(target_tokens), device=self._group.device), *tensors)[0]
        return self._add_gradient(target_tokens, *tensors, counts=counts)[0]

    def _add_gradient(self, target_tokens: int | Tensor, *tensors: Tensor, counts: bool = True) -> tuple[Tensor]:
        with self._autocast():
            loss: Tensor = self.objective(*tensors) * counts / target_tokens
        (loss * self._group.size).backward()  # DDP and FSDP take the mean over the processes
        self._collect_gradients()
        return (loss.detach(),)

    def _autocast(self) -> AbstractContextManager[object]:
        if self.rounded:  # nothing to cast
            return nullcontext()
        return autocast(self._settings.precision, self._group.device, cached=self.recorded is None)

    def shape(self, batch: Batch) -> tuple[int, int] | None:
        """The shape to fill this process's share of a batch up to: pairs, and positions of a side; None: as it is."""
        if not self._widths:
            return None
        longer = max(batch.source_BS.shape[1], batch.target_BT.shape[1])
        width = int(filled_up(np.array(longer), self._widths))
        rows = max(rows_of(width, self._settings.batch_tokens), len(batch.rows))
        return -(-rows // self._group.size), width

    def zero_grad(self) -> None:
        """Forget all gradients. Where they are recorded, they become zero and stay where they are."""
        if self.rounded:
            self.rounded.zero_grad()
        gradients = [weight.grad for weight in self.weights if weight.grad is not None]
        if self.recorded and gradients:
            torch._foreach_zero_(gradients)
            return
        for weight in self.weights:
            weight.grad = torch.zeros_like(weight) if self.recorded else None

    @torch.no_grad()
    def _collect_gradients(self) -> None:
        """Move the gradients of the rounded weights to the weights, where they are summed in float32."""
        if not self.rounded:
            return
        both = zip(self.weights, self.rounded.parameters(), strict=True)
        weights = [(weight, rounded.grad) for weight, rounded in both if rounded.grad is not None]
        found = [torch.empty_like(weight) for weight, _ in weights]
        torch._foreach_copy_(found, [gradient for _, gradient in weights])
        sums = [
            (weight.grad, gradient)
            for (weight, _), gradient in zip(weights, found, strict=True)
            if weight.grad is not None
        ]
        if sums:
            torch._foreach_add_(*map(list, zip(*sums, strict=True)))
        for (weight, _), gradient in zip(weights, found, strict=True):
            weight.grad = gradient if weight.grad is None else weight.grad
        self.rounded.zero_grad()

    @torch.no_grad()
    def updated(self) -> None:
        """Bring the rounded weights up to date, in place."""
        if self.rounded:
            torch._foreach_copy_(list(self.rounded.parameters()), self.weights)

    def no_sync(self) -> AbstractContextManager[object]:
        """While the block runs, gradients are summed in this process only.

        Sharded parameters are the exception: each gradient goes to its owner's shard at once, since no process has
        room for all of it.
        """
        if isinstance(self.objective, DistributedDataParallel):
            return self.objective.no_sync()
        return nullcontext()

    @torch.no_grad()
    def write_to(self, whole: Transformer) -> None:
        """Copy the trained parameters into `whole`, the unsharded model. Every process must call it."""
        if self.sharded:
            for mine, weight in zip(whole.parameters(), self.weights, strict=True):
                mine.copy_(full_tensor(weight))


def full_tensor(tensor: Tensor) -> Tensor:
    """The unsharded tensor. Every process must call it."""
    return tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor


def distribute_like(parameter: Tensor, tensor: Tensor) -> Tensor:
    """`tensor`, whole in every process, on the device of `parameter`, and sharded as `parameter` is."""
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
    """Shard by layers, each an FSDP unit; the root's has the embeddings, which may be tied, and the output layer."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard, register_fsdp_forward_method

    # No layer of ours writes into another's output.
    warnings.filterwarnings("ignore", message="FSDP2-wrapped module .* returned a view tensor", category=UserWarning)
    mesh = init_device_mesh(group.device.type, (group.size,))
    for layer in model.decoder:
        # A unit of its own: its keys and values are computed before the layer runs.
        fully_shard(layer.cross_attention, mesh=mesh)  # type: ignore[arg-type]
        register_fsdp_forward_method(layer.cross_attention, "keys_values")  # type: ignore[arg-type]
    for layer in (*model.encoder, *model.decoder):
        fully_shard(layer, mesh=mesh)
    fully_shard(objective, mesh=mesh)
