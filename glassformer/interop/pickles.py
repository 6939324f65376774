"""Checkpoints that are pickles, by torch's restricted loader: it makes tensors and plain values, and runs no code.

It would take any memory or time that a small file asks for: by an archive that is packed, by `bytearray(number)`, by
tensors that show the same few numbers again and again, or by keys whose hashes are never done or all the same. So the
archive and the pickle are looked at before they are loaded, and the tensors after it.
"""

import argparse
import io
import pickletools
import re
import warnings
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

import torch
from torch import Tensor

from glassformer.arguments import MOST
from glassformer.errors import InputError
from glassformer.interop.directories import MOST_TIMES, refuse_packed
from glassformer.reading import MIB

LARGEST = 4 * MIB  # bytes of a pickle, without the numbers of its tensors: some 25,000 of them
LEGACY = 5  # pickles at the start of a file of torch before 1.6: the fourth is the checkpoint, the last its storages
BROKEN = "holds more than tensors, or is truncated; only tensors are read"
MAKERS = re.compile(  # what a pickle may name: tensors, their parts, and mappings. torch's loader has more
    r"collections OrderedDict|argparse Namespace|torch\.nn\.parameter Parameter|torch(\.storage)? \w+Storage"
    r"|torch\._utils _rebuild_(tensor|tensor_v2|tensor_v3|parameter)|torch (Size|[a-z]\w*)"  # a data type, `device`
)
KEYS = {"BINUNICODE", "SHORT_BINSTRING", "BININT", "BININT1", "BININT2", "LONG1"}  # what makes one
MOST_OF_STORAGE = 7  # values in the tuple that names a storage, itself among them: none is a tuple
MOST_OF_TUPLES = 16 * MIB  # values that tuples hold, one that is used twice counted twice


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
        raise (_more_than_tensors(path, found[1]) if found else InputError(f"{path}: {BROKEN}")) from error
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
        for one in _pickles(path):
            _Scan().read(one, path)
    except (OSError, ValueError, LookupError, NotImplementedError, RuntimeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: {BROKEN} ({error})") from error


class _Made(NamedTuple):
    """What stands on the stack of a pickle: the operation that made it, or what it names; the values in a tuple, or the
    bytes of a large number."""

    by: str
    size: int = 1


class _Scan:
    """A pickle followed without making anything of it.

    Every operation that torch's loader knows is followed by its description in `pickletools`; it refuses the others.
    """

    def __init__(self) -> None:
        self.stack: list[_Made] = []
        self.marks: list[int] = []
        self.memo: dict[int, _Made] = {}
        self.of_tuples = 0

    def read(self, pickle: Any, path: Path) -> None:
        """Raise InputError for a name that is none of MAKERS; ValueError or LookupError for what could take time or
        memory without end, or is no pickle."""
        value: Any
        for op, value, _ in pickletools.genops(pickle):
            if op.name == "GLOBAL" and not MAKERS.fullmatch(str(value)):
                raise _more_than_tensors(path, str(value).replace(" ", "."))
            if op.name == "MARK":
                self.marks.append(len(self.stack))
            elif op.name in ("BINPUT", "LONG_BINPUT"):
                self.memo[value] = self.stack[-1]
            elif op.name in ("BINGET", "LONG_BINGET"):
                self._push(self.memo[value])
            else:
                self._follow(op, value)

    def _follow(self, op: pickletools.OpcodeInfo, value: Any) -> None:
        taken = self._taken(op)
        if op.name in ("SETITEM", "SETITEMS") and not all(key.by in KEYS for key in taken[1::2]):
            raise ValueError("a key that is neither a name nor a number")
        if op.name == "BINPERSID" and taken[0].size > MOST_OF_STORAGE:
            raise ValueError("a storage's key that is neither a name nor a number")
        if op.name == "REDUCE" and taken[0].by == "collections OrderedDict" and taken[1].by != "EMPTY_TUPLE":
            raise ValueError("a mapping that is not filled item by item")
        if not op.stack_after:
            return
        if op.name in ("APPEND", "APPENDS", "SETITEM", "SETITEMS", "BUILD"):
            self.stack.append(taken[0])
        elif op.name == "LONG1" and abs(value) >= MOST:  # such numbers may all have the same hash
            self._push(_Made("a large number", value.bit_length() // 8))
        elif op.name.startswith("TUPLE"):
            self._push(_Made(op.name, 1 + sum(one.size for one in taken)))
        else:
            self._push(_Made(str(value) if op.name == "GLOBAL" else op.name))

    def _taken(self, op: pickletools.OpcodeInfo) -> list[_Made]:
        """What an operation takes from the stack, with what stands behind the last mark if it takes that."""
        count = len(op.stack_before)
        if pickletools.markobject in op.stack_before:
            count = len(self.stack) - self.marks.pop() + op.stack_before.index(pickletools.markobject)
        if count > len(self.stack):
            raise ValueError("takes more than there is")
        taken = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return taken

    def _push(self, made: _Made) -> None:
        self.stack.append(made)
        self.of_tuples += made.size
        if self.of_tuples > MOST_OF_TUPLES:
            raise ValueError("tuples that hold each other again and again")


def _more_than_tensors(path: Path, name: str) -> InputError:
    what = f"holds more than tensors and plain values ({name}), which might run code"
    return InputError(f"{path}: {what}; only tensors are read: save its state dict alone")


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
