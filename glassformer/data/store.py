"""A corpus tokenized once: mapped `.npy` files in a cache, found again by what they were made from.

A store is a directory `<folder>/<key>`: `source.ids.npy` and `target.ids.npy` hold the ids of the kept
pairs one after another (two bytes each where the vocabulary admits it), `source.starts.npy` and
`target.starts.npy` where each sentence begins, and `store.json` the rest. It may be deleted at any time;
it is made again when it is wanted.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from glassformer.data.ahead import ahead
from glassformer.data.batches import Sentences, TokenizedPairs
from glassformer.data.check.checker import Checker, refuse_too_few
from glassformer.errors import InputError
from glassformer.files import saving, whole_directory, write_whole
from glassformer.text.pairs import Pair
from glassformer.text.tokenizer import Ids, Tokenizer, Tokenizers, encode_pairs

FORMAT = 1  # of the store; part of every key
CHUNK = 1 << 14  # pairs tokenized together
SIDES = "source", "target"
STORE = "store.json"


@dataclass(frozen=True)
class Store:
    """A tokenized corpus, and what became of the text it was made from."""

    pairs: TokenizedPairs
    read: int  # pairs of the text
    dropped: dict[str, int]
    held_out: list[Pair]


def cache_folder(chosen: str | None) -> Path:
    """`chosen`, or `glassformer` in the user's cache directory (`$XDG_CACHE_HOME`, else `~/.cache`)."""
    try:
        if chosen:
            return Path(chosen).expanduser()
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "glassformer"
    except RuntimeError as error:
        raise InputError("no home directory to keep the tokenized corpus in; set store to a folder") from error


def key_of(*facts: object) -> str:
    """A name for what is made from these facts, which `repr` must tell apart."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time makes `path`; another waits, and then finds it made."""
    with saving(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.with_name(f".{path.name}.lock").open("w")
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def stored_tokenizers(path: Path, train: Callable[[], Tokenizers]) -> Tokenizers:
    """The tokenizers kept at `path`, or those that `train` makes, which are then kept there."""
    with locked(path):
        try:
            source, target = (Tokenizer.load(path / f"{side}.spm") for side in SIDES)
            return source, source if target.to_bytes() == source.to_bytes() else target
        except InputError:  # not there, or damaged
            made = train()
        with whole_directory(path) as partial:
            for side, tokenizer in zip(SIDES, made, strict=True):
                write_whole(partial / f"{side}.spm", tokenizer.to_bytes())
        return made


def open_store(path: Path) -> Store | None:
    """The store at `path`; None if there is none, or not a whole one."""
    try:
        facts = json.loads((path / STORE).read_text(encoding="utf-8"))
        source, target = (
            Sentences(*(np.load(path / f"{side}.{part}.npy", mmap_mode="r") for part in ("ids", "starts")))
            for side in SIDES
        )
        if any(len(side) != sum(facts["sizes"]) or side.starts[-1] != len(side.ids) for side in (source, target)):
            return None
        return Store(
            TokenizedPairs(source, target, tuple(facts["sizes"])),
            facts["read"],
            facts["dropped"],
            [Pair(*pair) for pair in facts["held_out"]],
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None


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
        for text, rows, pairs, ids in ahead(_tokenized(texts, tokenizers)):
            kept = [
                index
                for index, (row, pair, source, target) in enumerate(zip(rows, pairs, *ids, strict=True))
                if row not in held_out and checker.keeps(row, pair, len(source) + 1, len(target) + 1)
            ]
            for writer, side in zip(writers, ids, strict=True):
                writer.add([side[index] for index in kept])
            sizes[text] += len(kept)
        refuse_too_few(checker.report, chain.from_iterable(texts))
        facts = {
            "sizes": sizes,
            "read": checker.report.pairs + len(held_out),
            "dropped": {problem.value: count for problem, count in checker.report.dropped.items() if count},
            "held_out": list(held_out.values()),
        }
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
        closed = Sentences.of(sentences)
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
