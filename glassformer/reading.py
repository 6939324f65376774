"""Reading what others may have written: only regular files, of bounded size, and JSON of bounded depth."""

import errno
import json
import math
import os
import stat
from io import BufferedReader
from pathlib import Path
from typing import Any

from glassformer.system import open_at_once

MIB = 1 << 20
DEEPEST = 100  # lists and objects within each other


def open_regular(path: Path, most: int, named: bool = False) -> BufferedReader:
    """Open a file of a model, a run, a store or a trace for reading.

    Raises OSError, whose text says what is wrong, unless it is a regular file of at most `most` bytes and, `named` by
    the user aside, no link that leads out of its folder. A FIFO or a device is never waited for.
    """
    if not named and path.is_symlink() and not _is_within(path):
        raise OSError(errno.ELOOP, "a link that leads out of its folder; put the file itself there", str(path))
    file = open(path, "rb", opener=open_at_once)  # noqa: SIM115
    state = os.fstat(file.fileno())
    problem = ""
    if not stat.S_ISREG(state.st_mode):
        problem = "no regular file; put the file itself there"
    elif state.st_size > most:
        problem = f"{state.st_size:,} bytes, where at most {most:,} are read"
    if problem:
        file.close()
        raise OSError(errno.EINVAL, problem, str(path))
    return file


def read_regular(path: Path, most: int, named: bool = False) -> bytes:
    """The content of a file that `open_regular` opens."""
    with open_regular(path, most, named) as file:
        return file.read(most)


def parse_json(data: bytes) -> Any:
    """The value of a JSON text in UTF-8.

    Raises ValueError for what is no JSON or nests more than DEEPEST deep, and for what JSON has not though Python's
    reader takes it: NaN, a key that comes twice, half of a surrogate pair (those that stand for the bytes of a file's
    name aside).
    """
    try:
        value = json.loads(data.decode(), object_pairs_hook=_object, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nests too deep") from error
    _refuse_deep(value)
    return value


def is_there(path: Path) -> bool:
    """Whether there is something of this name.

    Raises OSError where that may not be seen, which Path.exists takes for no since Python 3.14.
    """
    try:
        path.stat()
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EBADF):
            raise
        return False
    except ValueError:  # a null character, which no name has
        return False
    return True


def _is_within(path: Path) -> bool:
    folder = os.path.realpath(path.parent)
    return os.path.commonpath([folder, os.path.realpath(path)]) == folder


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key comes twice")
    return values


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _refuse_deep(value: Any) -> None:
    """Raise ValueError for a value that nests too deep, or has text that cannot be written."""
    level, depth = [value], 0
    while level:
        if depth >= DEEPEST and any(isinstance(one, dict | list) for one in level):
            raise ValueError("nests too deep")
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inner += [*one.keys(), *one.values()]
            elif isinstance(one, list):
                inner += one
            elif isinstance(one, float) and not math.isfinite(one):
                raise ValueError("a number is too large")
            elif isinstance(one, str) and not one.isascii():
                one.encode("utf-8", "surrogateescape")
        level, depth = inner, depth + 1
