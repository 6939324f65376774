r"""The bytes of a file, unpacked, and its lines of text.

Memory is bounded, whatever a packed file unpacks to: a line may have LONGEST bytes.
"""

import bz2
import gzip
import io
import os
import re
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar, cast

from glassformer.errors import InputError
from glassformer.text.readers.frames import open_xz, open_zstd

T = TypeVar("T")
STDIN = "-"
BOM = b"\xef\xbb\xbf"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
UTF32_MARKS = (b"\xff\xfe\0\0", b"\0\0\xfe\xff")
LONGEST = 1 << 20  # bytes of a line: 1 MiB, a book's chapter


class Packing(NamedTuple):
    """How a file may be packed: its suffix, the bytes that it begins with, and what unpacks it."""

    name: str
    suffix: str
    magic: re.Pattern[bytes]
    unpack: Callable[[Any], Any]  # from an open file to an open file


PACKINGS = (
    Packing("gzip", ".gz", re.compile(rb"\x1f\x8b"), gzip.open),
    Packing("bzip2", ".bz2", re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"), bz2.open),
    Packing("xz", ".xz", re.compile(rb"\xfd7zXZ\0"), open_xz),
    Packing("zstd", ".zst", re.compile(rb"\x28\xb5\x2f\xfd"), open_zstd),
)
PACKED_SUFFIXES = tuple(packing.suffix for packing in PACKINGS)
MAGIC = 10  # bytes, as many as the longest of PACKINGS has


def read_lines(path: str | Path) -> Iterator[tuple[int, str]]:
    r"""(number from 1, text without its line end) for each line of a UTF-8 file.

    `-` is standard input. What gzip, bzip2, xz or zstd packed is unpacked (told by the suffix or by the first bytes).
    Lines end with "\n" or "\r\n" only: U+2028, U+0085 and a lone "\r" stand within a line, as other
    tools count them. A byte order mark at the start is dropped.

    Raises InputError if the file is missing, a directory, unreadable, or broken in its packing, and for a
    line that is not UTF-8 (with the place of the first bad byte), holds a NUL, or is longer than LONGEST bytes.
    """
    with open_bytes(path) as stream:
        yield from lines_of(stream, name_of(path))


def lines_of(stream: BinaryIO, name: str) -> Iterator[tuple[int, str]]:
    """The lines of an open file, as `read_lines` gives them."""
    number = 0
    while raw := stream.readline(LONGEST + 1):
        number += 1
        if len(raw) > LONGEST:
            raise InputError(f"{name}:{number}: {too_long('the line')}")
        skipped = len(BOM) if number == 1 and raw.startswith(BOM) else 0
        if skipped < len(raw):  # else a mark and nothing else: an empty file
            yield number, _decode(raw, skipped, number, name)
        if not raw.endswith(b"\n"):  # the end: a terminal would have to be told it again
            return


def without_blank_end(rows: Iterable[tuple[int, T]]) -> Iterator[tuple[int, T]]:
    """The rows without the empty ones at the file's end, where programs leave some; one that others follow stays."""
    blank = None
    for row in rows:
        if not row[1]:
            blank = blank or row
            continue
        if blank:
            yield blank
            blank = None
        yield row


def too_long(what: str) -> str:
    """The words for a piece of text that is longer than LONGEST."""
    return f"{what} is longer than {LONGEST:,} bytes; is it a file of sentences? Break it up"


@contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """Turns a failure to read the file into one line: InputError."""
    name = name_of(path)
    if not _can_be_named(path):
        raise InputError(f"{name} is no name of a file; check the path")
    try:
        yield
    except FileNotFoundError:
        raise InputError(f"{name} does not exist; check the path") from None
    except IsADirectoryError:
        raise InputError(f"{name} is a directory; give a file in it") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"cannot read {name}: {reason}; check the file and its rights") from None


def _can_be_named(path: str | Path) -> bool:
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:  # half of a surrogate pair
        return False


@contextmanager
def open_bytes(path: str | Path) -> Iterator[BinaryIO]:
    """The file's bytes, unpacked; standard input is left open. What goes wrong is an InputError."""
    is_stdin = str(path) == STDIN
    with reading(path):
        # Standard input's raw stream, where it has one: its own buffer would wait for a whole block of typed lines.
        stdin = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
        inner = stdin if is_stdin else Path(path).open("rb", 0)  # noqa: SIM115
        # Wrapped here, since what stands in for standard input may have no `peek` of its own.
        outer: io.BufferedReader = io.BufferedReader(cast(io.RawIOBase, inner))
        try:
            with _unpacked(outer, path) as stream:
                yield stream
        finally:
            if not is_stdin:
                outer.close()
            elif not outer.closed:  # closed if the reader outlives what stood in for standard input
                outer.detach()


@contextmanager
def _unpacked(stream: io.BufferedReader, path: str | Path) -> Iterator[BinaryIO]:
    start = stream.peek(MAGIC)[:MAGIC]
    for packing in PACKINGS:
        if str(path).lower().endswith(packing.suffix) or packing.magic.match(start):
            with _broken_is_refused(path, packing.name), packing.unpack(stream) as unpacked:
                yield unpacked
            return
    yield cast(
        BinaryIO, stream if start else io.BufferedReader(cast(io.RawIOBase, io.BytesIO()))
    )  # a terminal's end is told once: do not ask again


@contextmanager
def _broken_is_refused(path: str | Path, kind: str) -> Iterator[None]:
    try:
        yield
    except (EOFError, zlib.error, OSError) as error:
        if isinstance(error, OSError) and error.errno:  # the disk's trouble, not the packing's
            raise
        raise InputError(f"{name_of(path)} is not a whole {kind} file ({error}); copy or compress it again") from None


def _decode(raw: bytes, skipped: int, number: int, name: str) -> str:
    """The text of a raw line from byte `skipped` on, without its line end."""
    place = f"{name}:{number}"
    end = len(raw)
    if raw.endswith(b"\n"):
        end -= 2 if raw.endswith(b"\r\n") else 1
    if encoding := _wide_encoding(raw, number):
        kind = encoding[: len("UTF-16")]
        raise InputError(
            f"{place}: the file is {kind}; convert {kind} to UTF-8 (iconv -f {encoding} -t UTF-8 {name} > NEW)"
        )
    try:
        text = raw[skipped:end].decode("utf-8")
    except UnicodeDecodeError as error:
        at = skipped + error.start
        raise InputError(
            f"{place}: byte {at + 1} of the line (0x{raw[at]:02x}) is not UTF-8; convert the file to UTF-8 "
            "(from Western Europe's old encoding: iconv -f WINDOWS-1252 -t UTF-8) or mend the line"
        ) from None
    refuse_nul(text, place)
    return text


def _wide_encoding(raw: bytes, number: int) -> str:
    """What iconv calls the encoding of a raw line: UTF-32 with a mark, UTF-16 with or without one, or "" if neither."""
    if number == 1 and raw.startswith(UTF32_MARKS):
        return "UTF-32"
    if number == 1 and raw.startswith(UTF16_MARKS):
        return "UTF-16"
    even, odd = raw[::2].count(0), raw[1::2].count(0)
    if bool(even) == bool(odd) or even + odd < 2:  # a space or a Latin letter has its NUL on one side, always the same
        return ""
    return "UTF-16LE" if odd or number > 1 else "UTF-16BE"


def refuse_nul(text: str, place: str) -> None:
    """Raise InputError if the text holds a NUL."""
    at = text.find("\0")
    if at >= 0:
        raise InputError(f"{place}: character {at + 1} is a NUL; remove it, text has none")


def refuse_empty(rows: int, name: str) -> None:
    """Raise InputError if no row was read."""
    if rows == 0:
        raise InputError(f"no pairs in {name}: it is empty; give at least one line")


def name_of(path: str | Path) -> str:
    """The path as messages have it."""
    return "standard input" if str(path) == STDIN else os.fspath(path)
