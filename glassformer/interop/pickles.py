"""Checkpoints that are pickles, by torch's restricted loader: it makes tensors and plain values, and runs no code.

It would take any memory that a small file asks for: by an archive that is packed, by `bytearray(number)`, or by tensors
that show the same few numbers again and again. So the archive and the pickle are looked at before they are loaded, and
the tensors after it.
"""

import argparse
import io
import pickletools
import re
import warnings
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeGuard

import torch
from torch import Tensor

from glassformer.errors import InputError
from glassformer.interop.directories import MOST_TIMES, refuse_packed
from glassformer.reading import MIB

LARGEST = 16 * MIB  # bytes of a pickle, without the numbers of its tensors
LEGACY = 4  # pickles at the start of a file of torch before 1.6, the last of which is the checkpoint
BROKEN = "holds more than tensors, or is truncated; only tensors are read"


def unpickled(path: Path) -> dict[str, Any]:
    """The mapping in a checkpoint; InputError, with the reason, for what the loader refuses or cannot read.

    Besides tensors and plain values it makes `argparse.Namespace`, in which fairseq keeps its options: names and
    values, and no code.
    """
    _refuse_endless(path)
    try:
        with torch.serialization.safe_globals([argparse.Namespace]), warnings.catch_warnings(action="ignore"):
            values = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        found = re.search(r"GLOBAL ([\w.]+)", str(error))
        if found:
            what = f"holds more than tensors and plain values ({found[1]}), which might run code"
            raise InputError(f"{path}: {what}; only tensors are read: save its state dict alone") from error
        raise InputError(f"{path}: {BROKEN}") from error
    if not isinstance(values, dict):
        raise InputError(f"{path}: expected tensors by name")
    return values


def unpickled_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a file that holds nothing else."""
    tensors = unpickled(path)
    if not are_tensors(tensors, path):
        raise InputError(f"{path}: expected tensors by name")
    return tensors


def are_tensors(values: object, path: Path) -> TypeGuard[dict[str, Tensor]]:
    """Whether these are tensors by name, each with all its numbers: not sparse, nested, nor without any (`meta`).

    Raises InputError where they have more numbers than the file: where most of them are the same.
    """
    if not isinstance(values, dict) or not all(map(_is_named_tensor, values.items())):
        return False
    size = sum(one.numel() * one.element_size() for one in values.values())
    if size > MOST_TIMES * path.stat().st_size:
        raise InputError(f"{path}: would grow from {path.stat().st_size:,} to {size:,} bytes; it is no model")
    return True


def _is_named_tensor(item: tuple[object, object]) -> bool:
    name, one = item
    plain = isinstance(one, Tensor) and one.layout == torch.strided and not (one.is_meta or one.is_nested)
    return isinstance(name, str) and plain


def _refuse_endless(path: Path) -> None:
    """Raise InputError for a checkpoint that could ask for memory without end."""
    try:
        pickles = list(_pickles(path))
        names = {str(word) for one in pickles for op, word, _ in pickletools.genops(one) if op.name == "GLOBAL"}
    except (OSError, ValueError, KeyError, NotImplementedError, RuntimeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: {BROKEN}") from error
    if found := next((name for name in names if name.endswith(" bytearray")), None):
        raise InputError(f"{path}: {BROKEN} ({found})")


def _pickles(path: Path) -> Iterable[Any]:
    """The pickles of a checkpoint, each at most LARGEST bytes, as torch finds them."""
    with path.open("rb") as file:
        if file.read(4) != b"PK\3\4":
            file.seek(0)
            return [io.BytesIO(file.read(LARGEST))] * LEGACY  # they follow each other
    with zipfile.ZipFile(path) as archive:
        refuse_packed(archive, path)
        found = [one for one in archive.infolist() if one.filename.endswith("data.pkl")]
        if not found or min(one.header_offset for one in archive.infolist()):  # so that torch finds the same
            raise ValueError("no pickle, or other bytes before the archive")
        if any(one.file_size > LARGEST for one in found):
            raise ValueError("too large a pickle")
        return [archive.read(one) for one in found]
