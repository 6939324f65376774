"""From the settings of the data to what the training loop reads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from glassformer.collector import no_collection
from glassformer.data.augmentation import probabilities_of
from glassformer.data.batches import Batch, Pool, Resample, TokenizedPairs
from glassformer.data.cache import key_of
from glassformer.data.check.checker import origins
from glassformer.data.check.report import listed
from glassformer.data.config import DataConfig
from glassformer.data.lexicon import cached_lexicon
from glassformer.data.modifiers import LETTER_CASE
from glassformer.data.pair_files import PairFile
from glassformer.data.resampling import Resampling
from glassformer.data.shuffle import temperature_weights
from glassformer.data.store import Store, cached_store
from glassformer.data.stream import StreamedPairs
from glassformer.data.texts import read_texts
from glassformer.data.tokenizers import VocabularySizes, cached_tokenizers, train_tokenizers
from glassformer.data.vocabulary import fertility
from glassformer.errors import InputError
from glassformer.quality_estimation.lexicon import Lexicon
from glassformer.text.pairs import Pair
from glassformer.text.tokenizer import Tokenizers, encode_pairs

STREAMED = "the training text is streamed: nothing of it is kept, and duplicates are not looked for"

ONE_AFTER_ANOTHER = (
    "warning: a stream reads its files one after the other, and so one direction after the other; mix the lines in one "
    "file, with a third column for the direction"
)


class TrainingPairs(Protocol):
    """What the training loop reads: a store's pairs, or a stream's."""

    @property
    def resample(self) -> Resample | None:
        """What splits the texts anew for every epoch, if anything does."""

    def pools(self, seed: int, epoch: int) -> Iterator[Pool]:
        """The pairs of an epoch, some at a time."""

    def batches(self, batch_tokens: int, seed: int, epoch: int, first: int = 0) -> Iterator[Batch]:
        """The batches of one epoch from number `first` on; the same for the same arguments."""


@dataclass(frozen=True)
class PreparedData:
    """What a model is trained and validated on. `fingerprint` differs for any other text."""

    train: TrainingPairs
    valid: list[Pair]
    valid_ids: TokenizedPairs
    tokenizers: Tokenizers
    fingerprint: str
    notes: tuple[str, ...]  # lines for the reader: what became of the pairs
    lexicon: Lexicon

    def with_widths(self, widths: tuple[int, ...]) -> "PreparedData":
        """The same with batches of the shapes that these widths make (see `shapes.py`)."""
        return replace(self, train=replace(self.train, widths=widths))  # type: ignore[type-var]

    def lengths(self, seed: int) -> NDArray[np.int64]:
        """The lengths (source, target) of a sample of the training pairs, a row each."""
        pairs, _ = next(self.train.pools(seed, 0))
        if self.train.resample:
            pairs = self.train.resample(pairs, [seed, 0, 0])
        return np.stack((pairs.sources.lengths, pairs.targets.lengths), axis=1)

    def stream_report(self) -> str:
        """What was read and dropped of a stream's latest epoch; empty for a store, of which `notes` tell."""
        return self.train.report() if isinstance(self.train, StreamedPairs) else ""


@no_collection()
def prepare(
    data: DataConfig, sizes: VocabularySizes, max_length: int, seed: int, tokenizers: Tokenizers | None = None
) -> PreparedData:
    """Read and check the text, train the tokenizers unless they are given, and encode.

    The ids are kept in a store, and found there the next time; memory does not grow with the training text. With
    `stream`, nothing is kept. A pair with more than `max_length` tokens on a side, `</s>` included, is too long.

    Raises InputError if fewer than two training pairs or no validation pair is left, or the two sets are the same.
    """
    if tokenizers:
        _refuse_unknown_symbols(data.user_symbols, tokenizers)
    texts = read_texts(data, seed)
    train: TokenizedPairs | StreamedPairs
    if data.stream:
        tokenizers = tokenizers or train_tokenizers(texts.first_reading, sizes, data)
        store, origin = None, STREAMED
        train, pairs = StreamedPairs.from_texts(texts, data, tokenizers, max_length), texts.valid
    else:
        tokenizers = tokenizers or cached_tokenizers(texts, data, sizes)
        store, origin = cached_store(texts, data, tokenizers, max_length)
        train, pairs = store.pairs, texts.valid or store.held_out
    lexicon = cached_lexicon(texts, data)
    modifiers = _modifiers(data, tokenizers)
    if data.subword_dropout or modifiers:
        train = replace(train, resample=Resampling(*tokenizers, data.subword_dropout, max_length, modifiers))
    weights = data.pair_weights
    if store and data.sampling_temperature:
        weights = temperature_weights(store.pairs.sizes, data.sampling_temperature)
    if weights:
        train = replace(train, weights=weights)
    valid, valid_ids = _encoded_validation(pairs, tokenizers, max_length)
    notes = [origin, *_store_notes(store, len(valid))] if store else [f"{origin}; {len(valid):,} pairs to validate"]
    notes.append(_fertility_note(valid, valid_ids))
    if modifiers:
        shares = ", ".join(f"{name} {probability:.3g}" for name, probability in modifiers.items())
        notes.append(f"training pairs are modified, anew in every epoch: {shares}")
    if store and data.sampling_temperature:
        notes.append(_shares(data.train_files, store.pairs.sizes, weights))
    if data.stream and len({file.direction for file in data.train_files}) > 1:
        notes.append(ONE_AFTER_ANOTHER)
    if len(valid) < len(pairs):
        notes.append(f"{len(pairs) - len(valid)} validation pairs with an empty or too long side are left out")
    return PreparedData(train, valid, valid_ids, tokenizers, key_of(*texts.digests), tuple(notes), lexicon)


def _modifiers(data: DataConfig, tokenizers: Tokenizers) -> dict[str, float]:
    """The probabilities of the modifiers, but for letter case where the source's is read as one: nothing in it would
    say that the target should be in capitals.
    """
    folds = tokenizers[0].encode("A") == tokenizers[0].encode("a")
    return {name: p for name, p in probabilities_of(data.augment).items() if not (folds and name in LETTER_CASE)}


def _fertility_note(valid: Sequence[Pair], ids: TokenizedPairs) -> str:
    """How finely the vocabulary splits each side, by the validation pairs: many pieces mean long sentences."""
    source = fertility([pair.source for pair in valid], ids.sources.lengths)
    target = fertility([pair.target for pair in valid], ids.targets.lengths)
    return f"pieces of the vocabulary: {source} of the source, {target} of the target"


def _refuse_unknown_symbols(symbols: Sequence[str], tokenizers: Tokenizers) -> None:
    """Raise InputError where `symbols` are wanted of tokenizers that were made without them."""
    for one in tokenizers:
        if lacking := [symbol for symbol in symbols if symbol not in one.user_symbols]:
            raise InputError(
                f"user_symbols: the model's tokenizers have no {' '.join(lacking)}; leave them out, or train anew"
            )


def _store_notes(store: Store, valid: int) -> list[str]:
    """What became of the pairs that were read."""
    notes = [f"{len(store.pairs):,} pairs to train on, {valid:,} to validate; dropped: {listed(store.dropped)}"]
    if store.held_out:
        held_out = f"{len(store.held_out):,} of the {store.read:,} pairs are held out, the same for every seed"
        notes.insert(0, f"no validation pairs given: {held_out}")
    return notes


def _shares(files: Sequence[PairFile], sizes: Sequence[int], weights: Sequence[float]) -> str:
    """What part of an epoch comes from each file, and what part of the pairs it has."""
    pairs = sum(sizes)
    each = (
        f"{100 * weight * size / pairs:.1f} % from {file.name} (which has {100 * size / pairs:.1f} % of the pairs)"
        for file, size, weight in zip(files, sizes, weights, strict=True)
    )
    return f"an epoch has {', '.join(each)}"


def _encoded_validation(
    pairs: list[Pair], tokenizers: Tokenizers, max_length: int
) -> tuple[list[Pair], TokenizedPairs]:
    """Those validation pairs that have text on both sides and are not too long, and their ids."""
    usable = [
        (pair, sides)
        for pair, sides in zip(pairs, zip(*encode_pairs(pairs, tokenizers), strict=True), strict=True)
        if pair.source and pair.target and max(map(len, sides)) < max_length
    ]
    if not usable:
        raise InputError(f"{origins(pairs)}: no usable validation pair; every one has an empty or too long side")
    return [pair for pair, _ in usable], TokenizedPairs.from_lists(sides for _, sides in usable)
