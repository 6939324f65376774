"""Memory while training: keeping what was freed, and recomputing activations."""

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
    """Let this process keep the memory that it frees, instead of returning it to the system.

    Each step allocates the same blocks again. By default, glibc returns those above some megabytes, and to get them
    back page by page costs a tenth of a step of a small model. Does nothing except on Linux with glibc.
    """
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(M_MMAP_THRESHOLD, 1 << 30)
        library.mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1)


def recompute_activations(model: Transformer) -> None:
    """Make each layer keep only its input, and run forward a second time in the backward pass.

    Activation (gradient) checkpointing, Chen et al. 2016: saves most of the memory of activations for about a third
    more work. The numbers are the same, dropout's too, as the second run restores the random state of the first.
    Parameters keep their names.
    """
    for layer in (*model.encoder, *model.decoder):
        layer.forward = partial(_recomputing, layer.forward)


def _recomputing(forward: Callable[..., Any], *inputs: Any, **options: Any) -> Any:
    if not torch.is_grad_enabled():
        return forward(*inputs, **options)
    return checkpoint(forward, *inputs, use_reentrant=False, **options)
