"""How much of the hardware training uses, and which number format it runs faster in."""

import ctypes
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch

from glassformer.model import Transformer

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
# bfloat16 rounds to 8 bits; it has to earn that.
WORTHWHILE = 1.1

# Parameters of glibc's mallopt(3).
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


def keep_freed_memory() -> None:
    """Let this process keep the memory it frees, for its next step, instead of giving it back to the system.

    Each step frees and asks for the same blocks; those above some megabytes come from the system page by page
    otherwise, which costs a tenth of a step of a small model. Linux with glibc only; nothing elsewhere.
    """
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(M_MMAP_THRESHOLD, 1 << 30)
        library.mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1)


def autocast(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """Where `precision` is bfloat16: matrix products in it, weights and sums still in float32."""
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, dtype=DTYPES[precision])


def faster_precision(run_once: Callable[[str], object], device: torch.device, rounds: int = 3) -> str:
    """`bfloat16` if `run_once(precision)` runs at least 1.1 times as fast in it, else `float32`.

    Measured in turns, the best of `rounds` each, after one round to warm up.
    """
    best = dict.fromkeys(DTYPES, float("inf"))
    for turn in range(rounds + 1):
        for precision in DTYPES:
            seconds = _seconds(lambda p=precision: run_once(p), device)  # type: ignore[misc]
            if turn:
                best[precision] = min(best[precision], seconds)
    return "bfloat16" if best["float32"] > WORTHWHILE * best["bfloat16"] else "float32"


def peak_flops(precision: str, device: torch.device) -> float:
    """Floating-point operations per second of a large matrix product on this machine, measured."""
    size = 1024 if device.type == "cpu" else 8192
    matrix = torch.ones(size, size, dtype=DTYPES[precision], device=device)
    best = min(_seconds(lambda: matrix @ matrix, device) for _ in range(10))
    return 2 * size**3 / best


def step_flops(model: Transformer, source_tokens: int, target_tokens: int) -> float:
    """Operations of one update's matrix products with weights, padding not counted.

    Two for each weight and token forward, twice that backward. The products of attention's scores
    are left out: for sentences they are a few percent.
    """
    weights = {name: w.numel() for name, w in model.named_parameters() if w.dim() == 2}
    source = sum(n for name, n in weights.items() if _reads_source(name))
    target = sum(n for name, n in weights.items() if name.startswith("decoder.") and not _reads_source(name))
    target += model.generator.weight.numel()
    return 6.0 * (source * source_tokens + target * target_tokens)


def _reads_source(name: str) -> bool:
    return name.startswith("encoder.") or ".cross_attention.key." in name or ".cross_attention.value." in name


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    start = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start
