"""Reading safetensors files, piece by piece and never by a memory map.

What cuts a mapped file off in place ends every process that reads the map (SIGBUS); what is read is told to be short.

Format (github.com/huggingface/safetensors): the length of the header in eight bytes, little-endian; the header, JSON
that gives for each name `dtype`, `shape`, and `data_offsets`, its first byte and the one behind its last, counted from
the header's end; and the numbers, little-endian, row by row, which leave no byte of the file unused.
"""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any, NamedTuple

from glassformer.reading import MIB, open_regular, parse_json

LARGEST = 1 << 40  # bytes, of which only what is asked for is read
LARGEST_HEADER, MOST_VALUES = 16 * MIB, 1_000_000  # that of a model of a thousand tensors has 0.1 MiB
MOST_AXES = 64  # of a tensor, as NumPy and torch have: the product of a million numbers takes minutes
DTYPES = {  # by safetensors' names: NumPy's or torch's, and bytes of one number
    "BOOL": ("bool", 1), "U8": ("uint8", 1), "I8": ("int8", 1), "F8_E4M3": ("float8_e4m3fn", 1),
    "F8_E5M2": ("float8_e5m2", 1), "U16": ("uint16", 2), "I16": ("int16", 2), "F16": ("float16", 2),
    "BF16": ("bfloat16", 2), "U32": ("uint32", 4), "I32": ("int32", 4), "F32": ("float32", 4),
    "U64": ("uint64", 8), "I64": ("int64", 8), "F64": ("float64", 8), "C64": ("complex64", 8),
}  # fmt: skip


class NotWholeError(ValueError):
    """A file is truncated, or none of safetensors."""


class Entry(NamedTuple):
    """What the header says of a tensor."""

    dtype: str  # safetensors' name
    shape: tuple[int, ...]
    begin: int  # its first byte in the file
    size: int  # in bytes


class TensorFile:
    """A safetensors file that is open: what its header says, and each tensor's bytes when they are asked for."""

    def __init__(self, file: BufferedReader) -> None:
        self._file = file
        self.entries = _entries(file)

    def read(self, name: str) -> bytearray:
        """The bytes of a tensor. Raises NotWholeError where the file has been cut off since it was opened."""
        entry = self.entries[name]
        data = bytearray(entry.size)
        self._file.seek(entry.begin)
        if self._file.readinto(data) < len(data):
            raise NotWholeError("was cut off while it was read")
        return data


@contextmanager
def open_tensors(path: Path, most: int = LARGEST) -> Iterator[TensorFile]:
    """Open a safetensors file of at most `most` bytes. Raises OSError as `open_regular` does, and NotWholeError."""
    with open_regular(path, most) as file:
        yield TensorFile(file)


def _entries(file: BufferedReader) -> dict[str, Entry]:
    length = int.from_bytes(file.read(8), "little")
    if not 2 <= length <= LARGEST_HEADER:
        raise NotWholeError(f"its header would have {length:,} bytes")
    try:
        header = parse_json(file.read(length), MOST_VALUES)
        header.pop("__metadata__", None)
        found = {name: _entry(one, 8 + length) for name, one in header.items()}
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise NotWholeError(f"its header is none: {error}") from error
    end = 8 + length
    for entry in sorted(found.values(), key=lambda one: (one.begin, one.size)):
        if entry.begin != end:
            raise NotWholeError("its tensors are not one after another")
        end += entry.size
    if end != os.fstat(file.fileno()).st_size:
        raise NotWholeError(f"its tensors end at byte {end:,}, and the file elsewhere")
    return found


def _entry(values: dict[str, Any], begin: int) -> Entry:
    """Raises ValueError, LookupError or TypeError for what is none."""
    dtype, shape, (first, behind) = values["dtype"], values["shape"], values["data_offsets"]
    numbers = (*shape, first, behind)
    if not isinstance(shape, list) or len(shape) > MOST_AXES or any(type(one) is not int or one < 0 for one in numbers):
        raise ValueError("a size that is none")
    entry = Entry(dtype, tuple(shape), begin + first, math.prod(shape) * DTYPES[dtype][1])
    if entry.size != behind - first:
        raise ValueError("a tensor of another size than its shape")
    return entry
