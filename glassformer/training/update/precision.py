"""The dtype of training's matrix products, and which one is faster here."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import torch

from glassformer.data.prepare import TrainingPairs
from glassformer.errors import is_out_of_memory
from glassformer.model import Transformer
from glassformer.model.attention import MultiHeadAttention
from glassformer.model.transformer import Embedding
from glassformer.training.config import RunConfig
from glassformer.training.distributed import Group
from glassformer.training.update.objective import Objective, on_device
from glassformer.training.update.randomness import preserved_random_state
from glassformer.training.update.utilisation import DTYPES, seconds_of

# bfloat16 has 8 bits of precision: it must be clearly faster to be worth that.
WORTHWHILE = 1.1
SMALL = 1 << 17  # numbers of a batch's positions, d_model each


def autocast(precision: str, device: torch.device, cached: bool = True) -> AbstractContextManager[object]:
    """A context in which matrix products are in `precision`; parameters and sums stay in float32.

    `cached`: a parameter is cast once in the context, not at each use; for CUDA graphs it must not be.
    """
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, dtype=DTYPES[precision], cache_enabled=cached)


def keep_small_attention_in_float32(model: Transformer, batch_tokens: int) -> None:
    """Where batches are small, let attention compute in float32 under a CPU's autocast, and sublayers exchange that.

    Then to cast what attention reads and gives takes longer than its products save; those of the feed-forward and
    output layers stay in bfloat16. Measured in docs/benchmarks/training_speed.md. Without autocast this does nothing.
    """
    if batch_tokens * model.config.d_model > SMALL:
        return
    methods = {Embedding: ("forward",), MultiHeadAttention: ("forward", "keys_values")}
    for module in model.modules():
        for name in methods.get(type(module), ()):
            setattr(module, name, partial(_without_autocast, getattr(module, name)))


def _without_autocast(compute: Callable[..., Any], *inputs: Any, **options: Any) -> Any:
    with torch.autocast("cpu", enabled=False):
        return compute(*inputs, **options)


def faster_precision(run_once: Callable[[str], object], device: torch.device, rounds: int = 3) -> str:
    """`bfloat16` if `run_once(precision)` runs at least 1.1 times as fast in it, else `float32`.

    Measured by turns, the best of `rounds` each, after one round to warm up.
    """
    best = dict.fromkeys(DTYPES, float("inf"))
    for turn in range(rounds + 1):
        for precision in DTYPES:
            seconds = seconds_of(lambda p=precision: run_once(p), device)  # type: ignore[misc]
            if turn:
                best[precision] = min(best[precision], seconds)
    return "bfloat16" if best["float32"] > WORTHWHILE * best["bfloat16"] else "float32"


def agreed_precision(model: Transformer, data: TrainingPairs, config: RunConfig, group: Group) -> str:
    """The faster precision for this model on this device, as rank 0 measures it.

    A model that will be sharded may fit on no device, so it is not measured: bfloat16 on CUDA, else float32.
    """
    if config.training.parallel == "fsdp" and group.size > 1:
        return "bfloat16" if group.device.type == "cuda" else "float32"
    measured = ""
    if group.is_main:
        # A run that starts again with its precision settled does not measure, and must draw the same dropout.
        with preserved_random_state(group.device):
            measured = _measured_precision(model.to(group.device), data, config, group.device)
    return group.from_main(measured.encode()).decode()


def _measured_precision(model: Transformer, data: TrainingPairs, config: RunConfig, device: torch.device) -> str:
    """The faster precision on a real batch, or as much of it as fits into memory; the parameters stay."""
    batch = next(data.batches(config.training.batch_tokens, config.training.seed, epoch=0))
    objective = Objective(model, config.training.label_smoothing, config.training.r_drop)

    def once(precision: str) -> None:
        with autocast(precision, device):
            loss = objective(*on_device(batch, device))
        loss.backward()
        model.zero_grad(set_to_none=True)

    while True:
        try:
            return faster_precision(once, device)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error) or len(batch.rows) == 1:
                raise
        model.zero_grad(set_to_none=True)
        batch = batch.select(slice(len(batch.rows) // 2))
