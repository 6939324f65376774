"""What training keeps in memory."""

import ctypes
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch.utils.checkpoint import checkpoint

from glassformer.model import Transformer

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


def recompute_activations(model: Transformer) -> None:
    """From now on a layer keeps only what it reads, and runs forward a second time when its gradient is wanted.

    Saves most of the memory of the activations for about a third more work (Chen et al. 2016). The numbers are the
    same, dropout's too: the second run begins from the first one's random state. The weights keep their names.
    """
    for layer in (*model.encoder, *model.decoder):
        layer.forward = partial(_recomputing, layer.forward)


def _recomputing(forward: Callable[..., Any], *inputs: Any, **options: Any) -> Any:
    if not torch.is_grad_enabled():
        return forward(*inputs, **options)
    return checkpoint(forward, *inputs, use_reentrant=False, **options)
