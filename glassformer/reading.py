"""Reading what others may have written: only regular files, of bounded size, and JSON of bounded depth."""

import errno
import json
import math
import os
import stat
from collections.abc import Iterable
from io import BufferedReader
from itertools import chain
from pathlib import Path
from typing import Any

from glassformer.system import open_at_once

MIB = 1 << 20
DEEPEST = 100  # lists and objects within each other
MOST_VALUES = 20_000_000  # of a JSON value
LONGEST_NUMBER = 1024  # bits of a whole number


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


def parse_json(data: bytes, most: int | None = None) -> Any:
    """The value of a JSON text in UTF-8. `most`: commas and brackets, more than which it is not read: a value may take
    a hundred times the room of its text.

    Raises ValueError for what is no JSON or nests more than DEEPEST deep, and for what JSON has not though Python's
    reader takes it: NaN, a key that comes twice, half of a surrogate pair (those that stand for the bytes of a file's
    name aside).
    """
    if most is not None and sum(map(data.count, (b",", b"[", b"{"))) > most:
        raise ValueError("has too many values")
    try:
        value = json.loads(data.decode(), object_pairs_hook=unique_keys, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nests too deep") from error
    refuse_no_json(value)
    return value


class RepeatedKeyError(ValueError):
    """An object of JSON has a key twice."""


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these keys and values; RepeatedKeyError for a key that comes twice. An `object_pairs_hook`."""
    values = dict(pairs)
    if len(values) < len(pairs):
        raise RepeatedKeyError("a key comes twice")
    return values


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


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def refuse_no_json(value: Any) -> None:
    """Raise ValueError for a value that is none of JSON, nests too deep, is too many, or has text that cannot be
    written. Lists that hold each other are counted as often as they would be written."""
    level, depth, count = [(value, 1)], 0, 0  # each with how often it stands there
    while level:
        inner: dict[int, tuple[Any, int]] = {}
        for one, times in level:
            if not isinstance(one, dict | list):
                _refuse_odd(one)
                continue
            if depth >= DEEPEST:
                raise ValueError("nests too deep")
            for part in _parts(one):
                if isinstance(part, dict | list):
                    inner[id(part)] = part, times + inner.get(id(part), (None, 0))[1]
                else:
                    _refuse_odd(part)
            count += times * len(one)
        if count > MOST_VALUES:
            raise ValueError("has too many values")
        level, depth = list(inner.values()), depth + 1


def _parts(one: Any) -> Iterable[Any]:
    if isinstance(one, list):
        return one
    if not all(isinstance(key, str) for key in one):
        raise ValueError("a key that is no text")
    return chain(one.keys(), one.values())


def _refuse_odd(one: Any) -> None:
    """Raise ValueError for what is no text or number of JSON, true, false or null."""
    if isinstance(one, str):
        if not one.isascii():
            one.encode("utf-8", "surrogateescape")
    elif isinstance(one, float):
        if not math.isfinite(one):
            raise ValueError("a number is too large")
    elif isinstance(one, int):
        if one.bit_length() > LONGEST_NUMBER:
            raise ValueError("a number is too large")
    elif one is not None:
        raise ValueError(f"a {type(one).__name__} is no JSON")
