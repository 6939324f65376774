"""Opens the text that a DataConfig names, and makes sure that it can be trained on."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from glassformer.corpora import load_corpus
from glassformer.data.check.checker import origins, refuse_same
from glassformer.data.config import DataConfig
from glassformer.data.first_reading import FirstReading, read_first
from glassformer.data.pair_files import PairFile
from glassformer.errors import InputError
from glassformer.text.pair_text import PairText
from glassformer.text.pairs import Pair


@dataclass(frozen=True)
class Texts:
    """The training text, in `parts`, one for each file of pairs, and the validation pairs.

    `valid` is empty where the config names no validation text: some training pairs are then held out. `digests` are
    of the training and of the validation text; `stamp` is the size and time of each training file.
    """

    parts: list[PairText]
    valid: list[Pair]
    digests: tuple[str, str]
    stamp: list[tuple[int, int]]

    @property
    def whole(self) -> PairText:
        """All parts, one after the other."""
        return PairText.concatenated(self.parts)

    @cached_property
    def first_reading(self) -> FirstReading:
        """The first reading of the whole training text, done when it is first asked for."""
        reading = read_first(self.whole, hold_out=not self.valid)
        self.refuse_changed()
        return reading

    def refuse_changed(self) -> None:
        """Raise InputError if the files are no longer those that the digests are of."""
        if self.whole.stamp() != self.stamp:
            raise InputError(f"{origins(self.whole)}: changed while being read; start again")


def read_texts(data: DataConfig, seed: int) -> Texts:
    """Open the text and take its digests. `seed` draws the sentences of a built-in corpus.

    Raises InputError if fewer than two pairs differ, if the validation set is the training set, or for what is wrong
    with the files.
    """
    parts, valid = open_texts(data, seed)
    whole = PairText.concatenated(parts)
    refuse_same(whole, valid)
    _refuse_one_pair(whole)
    stamp = whole.stamp()
    return Texts(parts, valid, (whole.digest(), PairText.from_memory(valid).digest()), stamp)


def open_texts(data: DataConfig, seed: int) -> tuple[list[PairText], list[Pair]]:
    """The training text, a part for each file of pairs, and the validation pairs; none where the config names none.

    Raises InputError for what is wrong with the files; of the training text, when it is read.
    """
    if data.corpus:
        corpus = load_corpus(data.corpus, seed)
        train, valid = (PairText.from_memory(part).directed(data.direction) for part in (corpus.train, corpus.valid))
        return [train], list(valid)
    if data.source and data.target:
        texts = [PairText.from_parallel_files(data.source, data.target).directed(data.direction)]
    else:
        texts = _texts(data.train_files)
    if data.valid_source and data.valid_target:
        return texts, list(
            PairText.from_parallel_files(data.valid_source, data.valid_target).directed(data.valid_direction)
        )
    return texts, list(PairText.concatenated(_texts(data.valid_files) if data.valid_pairs else []))


def _texts(files: Iterable[PairFile]) -> list[PairText]:
    return [PairText.from_file(path, columns).directed(direction) for path, columns, direction in files]


def _refuse_one_pair(pairs: Iterable[Pair]) -> None:
    """Raise InputError unless two pairs differ: no tokenizer could be trained on less."""
    usable = (pair[:2] for pair in pairs if pair.source and pair.target)
    first = next(usable, None)
    if not any(other != first for other in usable):
        left = "no pair with text on both sides" if first is None else "one pair only"
        read = sum(1 for _ in pairs)
        raise InputError(f"{origins(pairs)}: {left} ({read:,} read); training needs at least two: give more")
