"""Which engine translates: the fast one where it can and is told or known to lose nothing, else the eager one."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from glassformer.data.shortlist import Shortlist
from glassformer.engine.fast import FastEngine, reason_against
from glassformer.errors import InputError, UsageError
from glassformer.model.config import ModelConfig
from glassformer.model.quantization import Weight, quantize_weights

if TYPE_CHECKING:  # torch takes a second to import, and the fast engine does without
    from glassformer.engine.eager import EagerEngine
    from glassformer.model import Transformer

EngineName = Literal["auto", "eager", "fast", "graphs"]
Precision = Literal["float32", "bfloat16", "int8"]


def make_fast(
    config: ModelConfig, weights: Iterable[tuple[str, Weight]], is_quantized: bool, name: EngineName,
    precision: Precision | None, device: str, shortlist: Shortlist | None = None,
) -> FastEngine | None:  # fmt: skip
    """The fast engine if that is the one to take, else None.

    `auto` takes it on a processor whatever the precision, but for bfloat16: in float32, which gives what the eager
    engine gives, unless eight bits are asked for or the model was stored so, which says what they cost.
    `graphs` is the eager engine that records its steps as CUDA graphs (`static.py`).
    `fast` raises InputError where it cannot be, and UsageError for what it does not do.
    """
    if precision and is_quantized and precision != "int8":
        raise UsageError(f"precision {precision}: the model was quantised, and has no other numbers than int8")
    if name == "fast" and precision == "bfloat16":
        raise UsageError("the fast engine has no bfloat16: take int8 or float32, or --engine eager")
    if name == "fast" and device not in ("auto", "cpu"):
        raise UsageError(f"the fast engine runs on the processor, not on {device}: leave out --device")
    if name == "graphs" and _on_processor(device):
        raise UsageError("the engine graphs records its steps on a GPU: give --device cuda, or --engine eager")
    reason = reason_against(config)
    if name == "fast" and reason:
        raise InputError(f"the fast engine cannot run: {reason}; take --engine eager")
    if (
        name in ("eager", "graphs")
        or reason
        or precision == "bfloat16"
        or (name == "auto" and not _on_processor(device))
    ):
        return None
    found = quantize_weights(weights) if precision == "int8" else dict(weights)
    return FastEngine(config, found, shortlist=shortlist)


def _on_processor(device: str) -> bool:
    """Whether `device` means the processor; asked without torch, so by the driver of NVIDIA's GPUs."""
    return device == "cpu" or (device == "auto" and not Path("/proc/driver/nvidia/version").exists())


def in_precision(
    model: "Transformer", precision: str | None, shortlist: Shortlist | None = None, recorded: bool = False
) -> "EagerEngine":
    """The engine of a float32 model in `float32`, `bfloat16` or `int8`; None leaves the model as it is.

    `float32` is for translating alone: the engine gets a copy of the matrices, in the order in which a processor reads
    them. `recorded`: the one that records its steps on a GPU; it has no shortlist.
    """
    from glassformer.engine.eager import EagerEngine
    from glassformer.engine.linear_maps import in_float32
    from glassformer.engine.static import StaticEngine
    from glassformer.model.int8 import quantized

    model, bfloat16 = quantized(model) if precision == "int8" else model, precision == "bfloat16"
    if precision == "float32":
        model = in_float32(model)
    return StaticEngine(model, bfloat16) if recorded else EagerEngine(model, bfloat16, shortlist)
