"""Which pairs of a corpus are there twice, found in memory that does not grow with the texts.

A text is remembered by 128 bits of its BLAKE2b hash: among a billion texts, two that differ are taken
for one with a probability below 1e-20. The hashes are kept in parts by their first bits, in temporary
files once they are many; one part after the other is sorted. Only the answer, one byte a pair, is kept
whole.
"""

import weakref
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import blake2b
from heapq import nsmallest
from pathlib import Path
from tempfile import SpooledTemporaryFile, gettempdir

import numpy as np
from numpy.typing import NDArray

from glassformer.data.check.report import EXAMPLES
from glassformer.files import saving

BITS = 6  # 64 parts: of ten million pairs each part has 6 MB
RECORD = np.dtype([("source", "<u8", 2), ("target", "<u8", 2), ("row", "<i8")])
GATHERED = 1 << 14  # records written together
IN_MEMORY = 1 << 18  # bytes of a part before it becomes a file

DUPLICATE, CONFLICT = 1, 2


@dataclass(frozen=True)
class Repeated:
    """Of each row, whether it repeats another; `earlier` has which, for the first few of either kind."""

    kinds: NDArray[np.uint8]
    earlier: dict[int, int]

    def kind(self, row: int) -> int:
        """DUPLICATE (the same pair came before), CONFLICT (its source came with another target), or 0."""
        return int(self.kinds[row]) if row < len(self.kinds) else 0


class Repeats:
    """Takes pairs one by one, and then tells which are repeated."""

    def __init__(self) -> None:
        self._gathered = bytearray()
        self._parts = [SpooledTemporaryFile(max_size=IN_MEMORY) for _ in range(1 << BITS)]  # noqa: SIM115
        weakref.finalize(self, _close, self._parts)  # an error elsewhere may end all before they are read

    def add(self, source: str, target: str, row: int) -> None:
        """Remember the pair of this row; rows come in order."""
        self._gathered += _hash(source) + _hash(target) + row.to_bytes(8, "little")
        if len(self._gathered) == GATHERED * RECORD.itemsize:
            self._write()

    def find(self, rows: int, without: Collection[int] = ()) -> Repeated:
        """What is repeated among the `rows` rows, those of `without` left out; may be asked once."""
        self._write()
        kinds = np.zeros(rows, dtype=np.uint8)
        first: dict[int, list[tuple[int, int]]] = {DUPLICATE: [], CONFLICT: []}
        for part in self._parts:
            records = _read(part)
            records = records[~np.isin(records["row"], list(without))]
            for kind, found, earlier in _repeated(records):
                kinds[found] = kind
                few = np.argsort(found)[:EXAMPLES]
                first[kind] += zip(found[few].tolist(), earlier[few].tolist(), strict=True)
        return Repeated(kinds, {row: seen for few in first.values() for row, seen in nsmallest(EXAMPLES, few)})

    def _write(self) -> None:
        records = np.frombuffer(bytes(self._gathered), dtype=RECORD)
        self._gathered.clear()
        parts = records["source"][:, 0] >> np.uint64(64 - BITS)
        order = np.argsort(parts, kind="stable")
        bounds = np.searchsorted(parts[order], np.arange(len(self._parts) + 1, dtype=np.uint64))
        with saving(Path(gettempdir())):
            for part, first, end in zip(self._parts, bounds[:-1], bounds[1:], strict=True):
                part.write(records[order[first:end]].tobytes())


def _hash(text: str) -> bytes:
    return blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()


def _close(parts: "list[SpooledTemporaryFile[bytes]]") -> None:
    for part in parts:
        part.close()


def _read(part: "SpooledTemporaryFile[bytes]") -> NDArray[np.void]:
    with part:
        part.seek(0)
        return np.frombuffer(part.read(), dtype=RECORD)


def _repeated(records: NDArray[np.void]) -> list[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
    """(kind, rows, the row that came before each) for the records of one part."""
    if not len(records):
        return []
    sources, targets = records["source"], records["target"]
    order = np.lexsort((targets[:, 1], targets[:, 0], sources[:, 1], sources[:, 0]))  # stable: equal pairs by row
    records = records[order]
    rows = records["row"]
    new_source = _differs(records["source"])
    first_of_source = _first(rows, new_source)
    first_of_pair = _first(rows, new_source | _differs(records["target"]))
    again = first_of_pair != rows
    conflict = ~again & (first_of_source != rows)
    return [
        (DUPLICATE, rows[again], first_of_pair[again]),
        (CONFLICT, rows[conflict], first_of_source[conflict]),
    ]


def _differs(hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Whether each hash is another than the one before it."""
    return np.concatenate(([True], (hashes[1:] != hashes[:-1]).any(axis=1)))


def _first(rows: NDArray[np.int64], begins: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The smallest row of each group, for every member; a group begins where `begins`."""
    smallest: NDArray[np.int64] = np.minimum.reduceat(rows, np.flatnonzero(begins))
    spread: NDArray[np.int64] = smallest[np.cumsum(begins) - 1]
    return spread
