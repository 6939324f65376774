"""The same numbers again from the same training, to the bit, on a GPU too."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

settings: Any = torch.utils.deterministic  # whose attributes torch makes when it is imported
# What cuBLAS needs for it, by its documentation ("Results reproducibility"): eight buffers of 4 MiB.
CUBLAS_WORKSPACE = ":4096:8"


def make_deterministic() -> None:
    """Let this process compute nothing whose result depends on the order in which a GPU's threads come.

    Sums over indices are then sorted, attention's gradient is added up in order, cuDNN's attention is left out, and
    the compiler chooses its kernels without measuring. What has no such way raises RuntimeError; training has none.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", CUBLAS_WORKSPACE)  # read when cuBLAS is first used
    torch.use_deterministic_algorithms(True)
    settings.fill_uninitialized_memory = False  # nothing here reads what it has not written
    torch.backends.cudnn.benchmark = False


@contextmanager
def preserved_determinism() -> Iterator[None]:
    """A context after which it is as it was before whether results are reproducible."""
    before = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        settings.fill_uninitialized_memory,
        torch.backends.cudnn.benchmark,
    )
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        settings.fill_uninitialized_memory, torch.backends.cudnn.benchmark = before[2:]
