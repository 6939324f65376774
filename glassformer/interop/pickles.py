"""Checkpoints that are pickles, by torch's restricted loader: it makes tensors and plain values, and runs no code."""

import argparse
import re
from pathlib import Path
from typing import Any, TypeGuard

import torch
from torch import Tensor

from glassformer.errors import InputError


def unpickled(path: Path) -> dict[str, Any]:
    """The mapping in a checkpoint; InputError, with the reason, for what the loader refuses or cannot read.

    Besides tensors and plain values it makes `argparse.Namespace`, in which fairseq keeps its options: names and
    values, and no code.
    """
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):
            values = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        found = re.search(r"GLOBAL ([\w.]+)", str(error))
        if found:
            what = f"holds more than tensors and plain values ({found[1]}), which might run code"
            raise InputError(f"{path}: {what}; only tensors are read: save its state dict alone") from error
        raise InputError(f"{path}: holds more than tensors, or is truncated; only tensors are read") from error
    if not isinstance(values, dict):
        raise InputError(f"{path}: expected tensors by name")
    return values


def unpickled_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a file that holds nothing else."""
    tensors = unpickled(path)
    if not are_tensors(tensors):
        raise InputError(f"{path}: expected tensors by name")
    return tensors


def are_tensors(values: object) -> TypeGuard[dict[str, Tensor]]:
    """Whether these are tensors by name, each with all its numbers: not sparse, nor without any (`meta`)."""
    return isinstance(values, dict) and all(
        isinstance(name, str) and isinstance(one, Tensor) and one.layout == torch.strided and not one.is_meta
        for name, one in values.items()
    )
