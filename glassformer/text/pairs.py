"""Sentence pairs, where each came from, and what reads the files they are kept in.

Every reader streams: memory does not grow with the file. Nothing is skipped or repaired; what cannot be understood is
refused with its line. A file is opened when its first pair is asked for, so that is when a missing or broken file
raises. The formats are in `readers/`.
"""

import io
import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from glassformer.errors import InputError
from glassformer.text.directions import EXPECTED, is_direction, target_of
from glassformer.text.printable import quote
from glassformer.text.readers.columns import Columns, Row
from glassformer.text.readers.csv import csv_rows
from glassformer.text.readers.json import array_rows, jsonl_rows
from glassformer.text.readers.lines import (
    BOM,
    PACKED_SUFFIXES,
    STDIN,
    name_of,
    open_bytes,
    read_lines,
    reading,
    refuse_empty,
)
from glassformer.text.readers.parquet import parquet_rows
from glassformer.text.readers.tmx import tmx_rows
from glassformer.text.readers.tsv import tsv_rows

__all__ = ["Columns", "Pair", "is_read_once", "read_lines", "read_pairs", "read_parallel", "reading"]

Rows = Iterator[Row]
Reader = Callable[[BinaryIO, Columns, str], Rows]  # of an open file, which columns, and its name for messages


class Pair(NamedTuple):
    """A source sentence, its translation, and the place it was read from."""

    source: str
    target: str
    origin: str = ""  # the file or corpus
    line: int = 0  # 1-based; 0 where lines have no meaning
    direction: str = ""  # `en-hi`, or the target `hi` alone; none where all pairs go one way

    @property
    def to(self) -> str:
        """The target of its direction."""
        return target_of(self.direction)

    @property
    def place(self) -> str:
        """Where the pair is from, as `file:line`."""
        origin = self.origin or "pair"
        return f"{origin}:{self.line}" if self.line else origin


def read_pairs(path: str | Path, columns: Columns = ()) -> Iterator[Pair]:
    """The pairs of one file, its format told by its suffix (before a final `.gz`, `.bz2`, `.xz` or `.zst`).

    Standard input (`-`) and named pipes have no suffix: they are JSON if they begin with `{` or `[{`, TMX if with
    `<?xml` or `<tmx`, else TSV. `columns` names the source's and the target's column, key or language, where the file
    does not say it itself; of a TSV or CSV file it may give their numbers. A third column has each pair's direction.
    White space at both ends of each side is dropped; within, all is kept.

    Raises InputError at once for an unknown suffix, and later for all that the readers refuse, and an empty file.
    """
    if is_read_once(path):
        return _pairs(path, columns, _sniffed)
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    if suffixes[-1:] and suffixes[-1] in PACKED_SUFFIXES:
        suffixes.pop()
    suffix = suffixes[-1] if suffixes else ""
    if suffix not in READERS:
        raise InputError(
            f"cannot tell the format of {name_of(path)} by its name; rename it to .tsv "
            f"(source, tab, target) or .jsonl (understood: {', '.join(READERS)}, each also with "
            f"{', '.join(PACKED_SUFFIXES)}), or give one file per language with --source and --target"
        )
    return _pairs(path, columns, READERS[suffix])


def read_parallel(source_path: str | Path, target_path: str | Path) -> Iterator[Pair]:
    """Pairs from two files of which line n of one translates line n of the other.

    The pair's origin is the source file. White space at both ends of each line is dropped; an
    empty line is an empty side.

    Raises InputError if the files differ in length (after the last pair: the rest is counted, to
    give both numbers), if both are empty, if both are standard input, and for what `read_lines`
    refuses.
    """
    if str(source_path) == str(target_path) == STDIN:
        raise InputError("source and target are both standard input (-); give at least one file")
    return _parallel(source_path, target_path)


def is_read_once(path: str | Path) -> bool:
    """Whether `path` is standard input or a named pipe: it has no suffix to trust, and no second reading."""
    with reading(path):
        return str(path) == STDIN or Path(path).is_fifo()


def _pairs(path: str | Path, columns: Columns, reader: Reader) -> Iterator[Pair]:
    name, number = name_of(path), 0
    with open_bytes(path) as stream:
        for number, *sides in reader(stream, columns, name):
            source, target, *direction = map(str.strip, sides)
            pair = Pair(source, target, name, number, *direction)
            if direction and not is_direction(pair.direction):
                raise InputError(f"{pair.place}: {quote(pair.direction)} is no direction; {EXPECTED}")
            yield pair
    refuse_empty(number, name)


def _parallel(source_path: str | Path, target_path: str | Path) -> Iterator[Pair]:
    name = name_of(source_path)
    sources, targets = read_lines(source_path), read_lines(target_path)
    number = 0
    for source, target in itertools.zip_longest(sources, targets):
        if source is None or target is None:
            longer = number + 1 + sum(1 for _ in (targets if source is None else sources))
            counts = (number, longer) if source is None else (longer, number)
            raise InputError(
                f"{name} has {_lines(counts[0])} but {name_of(target_path)} has {_lines(counts[1])}; "
                "line n of one must translate line n of the other: align them"
            )
        number = source[0]
        yield Pair(source[1].strip(), target[1].strip(), name, number)
    refuse_empty(number, f"{name} and {name_of(target_path)}")


def _lines(count: int) -> str:
    return f"{count} line" if count == 1 else f"{count} lines"


def _json_rows(stream: BinaryIO, columns: Columns, name: str) -> Rows:
    """An array if the first character is a bracket, else an object a line."""
    return (array_rows if _start(stream).startswith(b"[") else jsonl_rows)(stream, columns, name)


def _sniffed(stream: BinaryIO, columns: Columns, name: str) -> Rows:
    """The rows of a file without a name, its format told by its first bytes."""
    start = _start(stream)
    if start.startswith(b"{"):
        return jsonl_rows(stream, columns, name)
    if re.match(rb"\[\s*(\{|$)", start):
        return array_rows(stream, columns, name)
    return (tmx_rows if start.startswith((b"<?xml", b"<tmx")) else tsv_rows)(stream, columns, name)


def _start(stream: BinaryIO) -> bytes:
    """The first bytes, which stay in the stream, without a mark and space before them; nothing if it is UTF-16."""
    start: bytes = cast(io.BufferedReader, stream).peek(64)[:64].removeprefix(BOM).lstrip()
    return b"" if b"\0" in start else start


READERS: dict[str, Reader] = {
    ".tsv": tsv_rows,
    ".tab": tsv_rows,
    ".txt": tsv_rows,
    ".csv": csv_rows,
    ".jsonl": _json_rows,
    ".ndjson": _json_rows,
    ".json": _json_rows,
    ".tmx": tmx_rows,
    ".parquet": parquet_rows,
}
