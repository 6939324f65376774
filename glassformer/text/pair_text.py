"""Sentence pairs that can be read again and again, and a digest of their content."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from glassformer.text.pairs import Columns, Pair, is_read_once, read_pairs, read_parallel, reading


class PairText:
    """Each iteration reads the pairs from the beginning: from their files, or from memory."""

    def __init__(
        self,
        read: Callable[[], Iterator[Pair]],
        paths: Sequence[str] = (),
        texts: "Sequence[PairText]" = (),
        columns: Columns = (),
        direction: str = "",
    ) -> None:
        self._read, self._paths, self._texts, self._columns = read, paths, texts, columns
        self._direction = direction

    def __iter__(self) -> Iterator[Pair]:
        return self._read()

    @classmethod
    def from_memory(cls, pairs: Iterable[Pair]) -> "PairText":
        """Pairs in memory."""
        return cls(list(pairs).__iter__)

    @classmethod
    def from_file(cls, path: str, columns: Columns = ()) -> "PairText":
        """The pairs of one file, as `read_pairs` reads it; those of a pipe are kept in memory."""
        return cls._from_files(lambda: read_pairs(path, columns), [path], columns)

    @classmethod
    def from_parallel_files(cls, source: str, target: str) -> "PairText":
        """The pairs of two aligned files, as `read_parallel` reads them; those of a pipe are kept in memory."""
        return cls._from_files(lambda: read_parallel(source, target), [source, target])

    @classmethod
    def concatenated(cls, texts: "Sequence[PairText]") -> "PairText":
        """One text after the other."""
        return cls(lambda: chain.from_iterable(texts), texts=texts)

    @classmethod
    def _from_files(cls, read: Callable[[], Iterator[Pair]], paths: Sequence[str], columns: Columns = ()) -> "PairText":
        return cls.from_memory(read()) if any(map(is_read_once, paths)) else cls(read, paths, columns=columns)

    def directed(self, direction: str) -> "PairText":
        """The same pairs, all of this direction; without one, as they are."""
        if not direction:
            return self
        return PairText(
            lambda: (pair._replace(direction=direction) for pair in self), texts=[self], direction=direction
        )

    def digest(self) -> str:
        """SHA-256 of the content: another for any other text. Of files their bytes, suffixes and chosen columns count.

        So do directions. Raises InputError if a file cannot be read.
        """
        if self._texts:
            return _sha256([*(text.digest() for text in self._texts), self._direction])
        if self._paths:
            chosen = [repr(tuple(map(str, self._columns)))] if self._columns else []
            return _sha256([*(repr((Path(path).suffixes, _digest(path))) for path in self._paths), *chosen])
        return _sha256(repr((pair.source, pair.target)) + pair.direction for pair in self)

    def stamp(self) -> list[tuple[int, int]]:
        """Size and time of each file: where they change, the text may have. InputError for a file that is not there."""
        return [*chain.from_iterable(text.stamp() for text in self._texts), *map(_stamp, self._paths)]


def _stamp(path: str) -> tuple[int, int]:
    with reading(path):
        stat = Path(path).stat()
    return stat.st_size, stat.st_mtime_ns


def _sha256(parts: Iterable[str]) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(part.encode())
    return total.hexdigest()


def _digest(path: str) -> bytes:
    with reading(path), Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
