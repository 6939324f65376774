"""How much of the processor's peak speed training uses."""

import functools
import time
from collections.abc import Callable

import torch

from glassformer.model import Transformer

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


@functools.cache
def peak_flops(precision: str, device: torch.device) -> float:
    """Floating-point operations per second of a large matrix product on this device, measured once per process.

    Of random numbers, from a generator of their own: a GPU draws less power for equal ones, so that its clock is
    higher, and a product of ones reads 11 % too much on an H100.
    """
    size = 1024 if device.type == "cpu" else 8192
    generator = torch.Generator(device).manual_seed(0)
    matrix = torch.randn(size, size, dtype=DTYPES[precision], device=device, generator=generator)
    best = min(seconds_of(lambda: matrix @ matrix, device) for _ in range(10))
    return 2 * size**3 / best


def step_flops(model: Transformer, source_tokens: int, target_tokens: int) -> float:
    """Floating-point operations of one update's products with parameter matrices, padding not counted.

    Two per parameter and token forward, twice that backward. The products of queries with keys and of attention
    weights with values are left out: for sentences they are a few percent.
    """
    weights = {name: w.numel() for name, w in model.named_parameters() if w.dim() == 2}
    source = sum(n for name, n in weights.items() if _reads_source(name))
    target = sum(n for name, n in weights.items() if name.startswith("decoder.") and not _reads_source(name))
    target += model.generator.weight.numel()
    return 6.0 * (source * source_tokens + target * target_tokens)


def _reads_source(name: str) -> bool:
    return name.startswith("encoder.") or ".cross_attention.key." in name or ".cross_attention.value." in name


def seconds_of(work: Callable[[], object], device: torch.device) -> float:
    """Seconds that `work` takes, until the device has done it."""
    start = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start
