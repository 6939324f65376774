"""A corpus tokenized once: mapped `.npy` files in a cache, found again by what they were made from.

A store is a directory `<folder>/<key>`: `source.ids.npy` and `target.ids.npy` hold the ids of the kept
pairs one after another (two bytes each where the vocabulary admits it), `source.starts.npy` and
`target.starts.npy` where each sentence begins, and `store.json` the rest, with their checksums. It may be
deleted at any time; it is made again when it is wanted.
"""

import json
import os
import shutil
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import sentencepiece
from numpy.typing import NDArray

from glassformer.data.batches import Sentences, TokenizedPairs
from glassformer.data.cache import FORMAT, SIDES, building, cache_folder, key_of
from glassformer.data.check.checker import Checker, refuse_too_few
from glassformer.data.check.report import Problem
from glassformer.data.config import DataConfig
from glassformer.data.prefetch import prefetch
from glassformer.data.texts import Texts
from glassformer.errors import InputError, is_out_of_memory
from glassformer.files import whole_directory, write_whole
from glassformer.reading import MIB, open_regular, parse_json, read_regular
from glassformer.system import STDERR
from glassformer.text.pairs import Pair
from glassformer.text.tokenizer import Ids, Tokenizers, encode_pairs

CHUNK = 1 << 14  # pairs tokenized together
STORE = "store.json"
LARGEST, LARGEST_ARRAY = 256 * MIB, 1 << 50  # bytes of its JSON, and of an array, which is only mapped
ARRAYS = [f"{side}.{part}.npy" for side in SIDES for part in ("ids", "starts")]
LONG_WORK = 500_000  # pairs from which on it is said beforehand


@dataclass(frozen=True)
class Store:
    """A tokenized corpus, and what became of the text it was made from."""

    pairs: TokenizedPairs
    read: int  # pairs of the text
    dropped: dict[str, int]
    held_out: list[Pair]


def cached_store(texts: Texts, data: DataConfig, tokenizers: Tokenizers, max_length: int) -> tuple[Store, str]:
    """The tokenized corpus, and a line that says whether it was found or made.

    Raises InputError where it cannot be made, or read back.
    """
    rules = sorted(data.drop), max_length
    models = [tokenizer.to_bytes() for tokenizer in tokenizers]
    key = key_of(FORMAT, sentencepiece.__version__, texts.digests, rules, models)
    path = cache_folder(data.store) / f"corpus-{key}"
    with building(path):
        found = open_store(path)
        if found and _is_of(found, tokenizers):
            return found, f"tokenized corpus reused from {path}"
        damaged = f"; {path} was damaged" if path.exists() else ""
        start = time.monotonic()
        _build(path, texts, data.drop, tokenizers, max_length)
        made = open_store(path)
    if made is None:
        raise InputError(f"{path}: the tokenized corpus cannot be read back; check the disk, or set store to another")
    return made, f"corpus tokenized in {time.monotonic() - start:.1f} s into {path}{damaged}"


def _build(path: Path, texts: Texts, drop: Iterable[str], tokenizers: Tokenizers, max_length: int) -> None:
    survey, held_out = texts.first_reading.survey, texts.first_reading.held_out
    if survey.pairs >= LONG_WORK:
        print(f"tokenizing {survey.pairs:,} pairs into {path}", file=STDERR)
    problems = set(map(Problem, drop))
    checker = Checker(survey, texts.valid or held_out.values(), "tokens", max_length, problems, judged=problems)
    write_store(path, texts.parts, tokenizers, checker, held_out)
    try:
        texts.refuse_changed()
    except InputError:
        shutil.rmtree(path)
        raise


def open_store(path: Path) -> Store | None:
    """The store at `path`; None if there is none, or not a whole one. Raises OSError or MemoryError without memory."""
    try:
        facts = parse_json(read_regular(path / STORE, LARGEST))
        if facts["sums"] != {name: _sum(path / name) for name in ARRAYS}:
            return None
        source, target = (
            Sentences(*(_mapped(path / f"{side}.{part}.npy") for part in ("ids", "starts"))) for side in SIDES
        )
        if any(len(side) != sum(facts["sizes"]) or not _is_closed(side) for side in (source, target)):
            return None
        _refuse_other_types(facts)
        return Store(
            TokenizedPairs(source, target, tuple(facts["sizes"])),
            facts["read"],
            facts["dropped"],
            [Pair(*pair) for pair in facts["held_out"]],
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        if is_out_of_memory(error):
            raise
        return None


def _is_closed(side: Sentences) -> bool:
    """Whether the sentences follow each other and fill the ids, each of at least the `</s>` that every one has."""
    starts = side.starts
    bounds = starts.dtype == np.int64 and starts[0] == 0 and starts[-1] == len(side.ids)
    return bool(bounds and (starts[1:] > starts[:-1]).all())


def _refuse_other_types(facts: dict[str, Any]) -> None:
    """Raise TypeError unless what is told of the text is what `write_store` writes."""
    pairs, dropped = facts["held_out"], facts["dropped"]
    texts = chain.from_iterable(pair[:3] for pair in pairs)
    counts = [facts["read"], *facts["sizes"], *dropped.values(), *(pair[3] for pair in pairs)]
    if not all(type(text) is str for text in texts) or not all(type(count) is int for count in counts):
        raise TypeError(f"{STORE}: a text or a number is of another type")


def _is_of(store: Store, tokenizers: Tokenizers) -> bool:
    """Whether all ids are of the vocabularies: the model would fail at others in the midst of a training."""
    sides = zip((store.pairs.sources, store.pairs.targets), tokenizers, strict=True)
    return all(_are_below(side.ids, tokenizer.vocab_size) for side, tokenizer in sides)


def _are_below(ids: NDArray[Any], size: int) -> bool:
    for first in range(0, len(ids), MIB):
        part = ids[first : first + MIB]
        if part.min() < 0 or part.max() >= size:
            return False
    return True


def _sum(path: Path) -> int:
    """The CRC-32 of an array's file: against flipped bits, not against an enemy."""
    total = 0
    with open_regular(path, LARGEST_ARRAY) as file:
        while block := file.read(MIB):
            total = zlib.crc32(block, total)
    return total


def _mapped(path: Path) -> NDArray[Any]:
    open_regular(path, LARGEST_ARRAY).close()
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r")
    except Exception as error:  # NumPy reads a header with Python's own parser, and passes on whatever that raises
        if is_out_of_memory(error):
            raise
        raise ValueError(f"{path.name}: no array") from error
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError(f"{path.name}: no list of whole numbers")
    return array


def write_store(
    path: Path,
    texts: Sequence[Iterable[Pair]],
    tokenizers: Tokenizers,
    checker: Checker,
    held_out: Mapping[int, Pair],
) -> None:
    """Tokenize `texts` and write what `checker` keeps to `path`, whole or not at all.

    `held_out`: pairs to leave out, by row, in the order of validation. Memory does not grow with the text.
    Raises InputError if fewer than two pairs are kept, or the disk fails.
    """
    with whole_directory(path) as partial, ExitStack() as files:
        dtypes = [np.dtype(np.uint16 if one.vocab_size <= 1 << 16 else np.int32) for one in tokenizers]
        writers = [
            files.enter_context(closing(_SentenceWriter(partial, side, dtype)))
            for side, dtype in zip(SIDES, dtypes, strict=True)
        ]
        sizes = [0] * len(texts)
        for text, rows, pairs, ids in prefetch(_tokenized(texts, tokenizers)):
            kept = [
                index
                for index, (row, pair, source, target) in enumerate(zip(rows, pairs, *ids, strict=True))
                if row not in held_out and checker.keeps(row, pair, len(source) + 1, len(target) + 1)
            ]
            for writer, side in zip(writers, ids, strict=True):
                writer.add([side[index] for index in kept])
            sizes[text] += len(kept)
        refuse_too_few(checker.report, chain.from_iterable(texts))
        facts: dict[str, Any] = {
            "sizes": sizes,
            "read": checker.report.pairs + len(held_out),
            "dropped": {problem.value: count for problem, count in checker.report.dropped.items() if count},
            "held_out": list(held_out.values()),
        }
        files.close()
        facts["sums"] = {name: _sum(partial / name) for name in ARRAYS}
        write_whole(partial / STORE, json.dumps(facts).encode())


def _tokenized(
    texts: Sequence[Iterable[Pair]], tokenizers: Tokenizers
) -> Iterator[tuple[int, range, list[Pair], tuple[Ids, Ids]]]:
    """(which text, rows, pairs, ids of both sides), in order."""
    row = 0
    for number, text in enumerate(texts):
        pairs = iter(text)
        while chunk := list(islice(pairs, CHUNK)):
            yield number, range(row, row + len(chunk)), chunk, encode_pairs(chunk, tokenizers)
            row += len(chunk)


class _SentenceWriter:
    """Appends sentences to the two files of one side."""

    def __init__(self, folder: Path, side: str, dtype: np.dtype[Any]) -> None:
        self._ids = _ArrayWriter(folder / f"{side}.ids.npy", dtype)
        self._starts = _ArrayWriter(folder / f"{side}.starts.npy", np.dtype(np.int64))
        self._starts.add(np.zeros(1))

    def add(self, sentences: Ids) -> None:
        closed = Sentences.from_lists(sentences)
        self._starts.add(closed.starts[1:] + self._ids.length)
        self._ids.add(closed.ids)

    def close(self) -> None:
        self._ids.close()
        self._starts.close()


class _ArrayWriter:
    """Writes a one-dimensional `.npy` file whose length is not known before its end."""

    def __init__(self, path: Path, dtype: np.dtype[Any]) -> None:
        self._file, self._dtype, self.length = path.open("wb"), dtype, 0
        self._write_header()

    def add(self, numbers: np.ndarray[Any, Any]) -> None:
        self._file.write(numbers.astype(self._dtype).tobytes())
        self.length += len(numbers)

    def close(self) -> None:
        self._file.seek(0)
        self._write_header()  # as long as the first: NumPy leaves room for the length to grow
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def _write_header(self) -> None:
        header = {"descr": self._dtype.str, "fortran_order": False, "shape": (self.length,)}
        np.lib.format.write_array_header_1_0(self._file, header)
