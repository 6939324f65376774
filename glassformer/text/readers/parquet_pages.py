"""How large the pages of a Parquet file are, by their own headers: pyarrow makes room for what they say.

What the footer says of a column may be wrong, and pyarrow ends the process where it is asked for some of that. The
footer and the headers are in the compact protocol of Thrift (thrift-compact-protocol.md of Apache Thrift; the fields
are those of parquet.thrift of Apache Parquet).
"""

import os
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

MAGIC, TAIL = b"PAR1", 8  # the length of the footer, and MAGIC
LARGEST_FOOTER = 32 << 20  # bytes
LARGEST_HEADER = 4 << 20  # of a page, which may hold two texts of its statistics
DEEPEST = 20  # structs and lists within each other
STOP, TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(13)


class Page(NamedTuple):
    """A page of a column: its path, and the bytes that it has and unpacks to."""

    column: str
    packed: int
    unpacked: int


def pages_of(file: BinaryIO) -> Iterator[Page]:
    """Every page; where the file is at, is kept. Raises ValueError for what is no Parquet file."""
    before = file.tell()
    try:
        end = file.seek(0, os.SEEK_END) - TAIL
        file.seek(max(end, 0))
        tail = file.read(TAIL)
        size = int.from_bytes(tail[:4], "little")
        if tail[4:] != MAGIC or size > min(end, LARGEST_FOOTER):
            raise ValueError("no footer")
        file.seek(end - size)
        for group in _list(_Reader(file.read(size)).struct().get(4)):
            for chunk in _list(group.get(1)):
                yield from _pages_of_chunk(file, chunk.get(3), end - size)
    except (LookupError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise ValueError("a footer or header that is none") from error
    finally:
        file.seek(before)


def _pages_of_chunk(file: BinaryIO, facts: dict[int, Any], end: int) -> Iterator[Page]:
    """The pages of one column in one row group, from its dictionary on, as pyarrow reads them."""
    path = b".".join(facts[3]).decode()
    at, dictionary = facts[9], facts.get(11, 0)
    if 0 < dictionary < at:
        at = dictionary
    last = min(at + facts[7], end)
    while 0 <= at < last:
        header, length = _header(file, at, last)
        packed, unpacked = header[3], header[2]
        if packed < 0 or unpacked < 0:
            raise ValueError("a page of less than nothing")
        yield Page(path, packed, unpacked)
        at += length + packed


def _header(file: BinaryIO, at: int, last: int) -> tuple[dict[int, Any], int]:
    """The header of the page that is `at`, and its length; few are longer than the first piece that is read."""
    piece = 256
    while True:
        file.seek(at)
        reader = _Reader(file.read(min(piece, last - at)))
        try:
            return reader.struct(), reader.at
        except IndexError:
            if piece >= min(LARGEST_HEADER, last - at):
                raise
            piece *= 16


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


class _Reader:
    """Reads values of Thrift's compact protocol. Raises IndexError where the data ends too soon."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def struct(self, depth: int = 0) -> dict[int, Any]:
        """The values of a struct by the numbers of their fields."""
        fields: dict[int, Any] = {}
        number = 0
        while (head := self._byte()) != STOP:
            number = number + (head >> 4) if head >> 4 else self._signed()
            fields[number] = self._value(head & 15, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if depth > DEEPEST:
            raise ValueError("nests too deep")
        if kind in (TRUE, FALSE):
            return kind == TRUE
        if kind == BYTE:
            return self._byte()
        if kind in (I16, I32, I64):
            return self._signed()
        if kind == DOUBLE:
            return self._bytes(8)
        if kind == BINARY:
            return self._bytes(self._unsigned())
        if kind in (LIST, SET):
            head = self._byte()
            size, inner = head >> 4, head & 15
            size = self._unsigned() if size == 15 else size
            one = BYTE if inner in (TRUE, FALSE) else inner
            return [self._value(one, depth + 1) for _ in range(size)]
        if kind == STRUCT:
            return self.struct(depth + 1)
        raise ValueError("a value of no kind")  # a map, too: Parquet has none

    def _byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def _bytes(self, size: int) -> bytes:
        if self.at + size > len(self.data):
            raise IndexError
        self.at += size
        return self.data[self.at - size : self.at]

    def _unsigned(self) -> int:
        """A number of seven bits a byte, the lowest first."""
        value, shift = 0, 0
        while (byte := self._byte()) & 0x80:
            value |= (byte & 0x7F) << shift
            shift += 7
            if shift > 63:
                raise ValueError("a number of too many bytes")
        return value | byte << shift

    def _signed(self) -> int:
        """A number whose sign is its lowest bit."""
        value = self._unsigned()
        return value >> 1 ^ -(value & 1)
