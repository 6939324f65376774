"""From the config's files to ids: read, check, train the tokenizers, encode."""

import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

import sentencepiece

from glassformer.corpora import load_corpus
from glassformer.data.batches import Batch, TokenizedPairs
from glassformer.data.check.checker import Checker, origins, refuse_same
from glassformer.data.check.report import Problem, listed
from glassformer.data.first_reading import FirstReading, read_first
from glassformer.data.store import (
    FORMAT,
    Store,
    cache_folder,
    key_of,
    locked,
    open_store,
    stored_tokenizers,
    write_store,
)
from glassformer.data.stream import StreamedPairs
from glassformer.data.subword_dropout import SubwordDropout
from glassformer.errors import InputError
from glassformer.text.pair_text import PairText
from glassformer.text.pairs import Pair
from glassformer.text.tokenizer import Tokenizer, Tokenizers, TooManyPiecesError, encode_pairs
from glassformer.training.config import DataConfig, RunConfig

LONG_WORK = 500_000  # pairs from which on it is said beforehand
STREAMED = "the training text is streamed: nothing of it is kept, and duplicates are not looked for"


class TrainingPairs(Protocol):
    """What the loop reads: a store, or a stream."""

    def batches(self, batch_tokens: int, seed: int, epoch: int, first: int = 0) -> Iterator[Batch]: ...


@dataclass(frozen=True)
class Prepared:
    """What the loop trains and validates on. `fingerprint` differs for any other text."""

    train: TrainingPairs
    valid: list[Pair]
    valid_ids: TokenizedPairs
    tokenizers: Tokenizers
    fingerprint: str
    notes: tuple[str, ...]

    def streamed(self) -> str:
        """What has been read and dropped of a stream's latest epoch; nothing of a store, which `notes` tell of."""
        return self.train.told() if isinstance(self.train, StreamedPairs) else ""


def read_data(data: DataConfig, seed: int) -> tuple[list[PairText], list[Pair]]:
    """The training text, a part for each file of pairs, and validation pairs; none where the config names none.

    Raises InputError for whatever is wrong with the files, but for the training text when it is read.
    """
    if data.corpus:
        corpus = load_corpus(data.corpus, seed)
        return [PairText.held(corpus.train)], corpus.valid
    train = _texts(data.pairs, data.source, data.target)
    return train, list(PairText.joined(_texts(data.valid_pairs, data.valid_source, data.valid_target)))


def _texts(pairs: Sequence[str], source: str | None, target: str | None) -> list[PairText]:
    return [PairText.of_two(source, target)] if source and target else list(map(PairText.of_file, pairs))


def _refuse_one(pairs: Iterable[Pair]) -> None:
    """Raise InputError unless two pairs differ: no tokenizer could be trained on less."""
    usable = (pair[:2] for pair in pairs if pair.source and pair.target)
    first = next(usable, None)
    if not any(other != first for other in usable):
        left = "no pair with text on both sides" if first is None else "one pair only"
        read = sum(1 for _ in pairs)
        raise InputError(f"{origins(pairs)}: {left} ({read:,} read); training needs at least two: give more")


@dataclass(frozen=True)
class _Text:
    """The text of a config. `valid` is empty where it names none to validate on: some pairs are held out then."""

    parts: list[PairText]
    whole: PairText
    valid: list[Pair]
    content: tuple[str, str]  # digests of the training and the validation text
    stamp: list[tuple[int, int]]

    @cached_property
    def first_reading(self) -> FirstReading:
        """One reading of all, done when first asked for."""
        reading = read_first(self.whole, hold_out=not self.valid)
        self.refuse_changed()
        return reading

    def refuse_changed(self) -> None:
        """Raise InputError if the files are no longer what the digests are of."""
        if self.whole.stamp() != self.stamp:
            raise InputError(f"{origins(self.whole)}: changed while being read; start again")


def _text_of(config: RunConfig) -> _Text:
    parts, valid = read_data(config.data, config.training.seed)
    whole = PairText.joined(parts)
    refuse_same(whole, valid)
    _refuse_one(whole)
    stamp = whole.stamp()
    return _Text(parts, whole, valid, (whole.digest(), PairText.held(valid).digest()), stamp)


def prepare(config: RunConfig, tokenizers: Tokenizers | None = None) -> Prepared:
    """Read and check the data, train the tokenizers unless they are given, and encode.

    The ids are kept in a store, and found there the next time; memory does not grow with the training
    text. With `stream`, nothing is kept.

    Raises InputError if fewer than two pairs are left, or the validation set is the training set.
    """
    text = _text_of(config)
    train: TokenizedPairs | StreamedPairs
    if config.data.stream:
        tokenizers = tokenizers or train_tokenizers(text.first_reading.sample, config)
        train, pairs, store = _stream(config, text, tokenizers), text.valid, None
    else:
        tokenizers = tokenizers or _tokenizers(config, text)
        store, note = _store(config, text, tokenizers)
        train, pairs = store.pairs, text.valid or store.held_out
    if config.training.subword_dropout:
        resample = SubwordDropout(*tokenizers, config.training.subword_dropout, config.model.max_length)
        train = replace(train, resample=resample)
    if config.data.pair_weights:
        train = replace(train, weights=config.data.pair_weights)
    valid, valid_ids = _validation(pairs, tokenizers, config.model.max_length)
    notes = (
        [f"{STREAMED}; {len(valid):,} pairs to validate"] if store is None else [note, *_told(store, text, len(valid))]
    )
    if len(valid) < len(pairs):
        notes.append(f"{len(pairs) - len(valid)} validation pairs with an empty or too long side are left out")
    return Prepared(train, valid, valid_ids, tokenizers, key_of(*text.content), tuple(notes))


def train_tokenizers(pairs: Sequence[Pair], config: RunConfig) -> Tokenizers:
    """One joint tokenizer, twice, or one for each side where the model has a table for each."""
    size = config.model.source_vocab_size
    if size is None:
        joint = _target_tokenizer([text for pair in pairs for text in (pair.source, pair.target)], config)
        return joint, joint
    source = Tokenizer.train((pair.source for pair in pairs), size, config.training.tokenizer)
    return source, _target_tokenizer([pair.target for pair in pairs], config)


def _target_tokenizer(texts: Sequence[str], config: RunConfig) -> Tokenizer:
    """Of `vocab_size` pieces; where that is only the default, of fewer if the text allows no more."""
    kind = config.training.tokenizer
    try:
        return Tokenizer.train(texts, config.model.vocab_size, kind)
    except TooManyPiecesError as error:
        if not config.fit_vocabulary:
            raise
        return Tokenizer.train(texts, error.most, kind)


def _tokenizers(config: RunConfig, text: _Text) -> Tokenizers:
    """Those kept from an earlier training on this text, or new ones."""
    sizes = config.model.vocab_size, config.model.source_vocab_size, config.fit_vocabulary
    key = key_of(FORMAT, sentencepiece.__version__, text.content[0], bool(text.valid), config.training.tokenizer, sizes)
    path = cache_folder(config.data.store) / f"tokenizers-{key}"
    return stored_tokenizers(path, lambda: train_tokenizers(text.first_reading.sample, config))


def _store(config: RunConfig, text: _Text, tokenizers: Tokenizers) -> tuple[Store, str]:
    """The tokenized corpus, and a line that says whether it was found or made."""
    rules = sorted(config.training.drop), config.model.max_length
    models = [tokenizer.to_bytes() for tokenizer in tokenizers]
    key = key_of(FORMAT, sentencepiece.__version__, text.content, rules, models)
    path = cache_folder(config.data.store) / f"corpus-{key}"
    with locked(path):
        if found := open_store(path):
            return found, f"tokenized corpus reused from {path}"
        start = time.monotonic()
        _build(path, config, text, tokenizers)
        made = open_store(path)
    if made is None:
        raise InputError(f"{path}: the tokenized corpus cannot be read back; check the disk, or set store to another")
    return made, f"corpus tokenized in {time.monotonic() - start:.1f} s into {path}"


def _build(path: Path, config: RunConfig, text: _Text, tokenizers: Tokenizers) -> None:
    survey, held_out = text.first_reading.survey, text.first_reading.held_out
    if survey.pairs >= LONG_WORK:
        print(f"tokenizing {survey.pairs:,} pairs into {path}", file=sys.stderr)
    drop = [Problem(name) for name in config.training.drop]
    checker = Checker(survey, text.valid or held_out.values(), "tokens", config.model.max_length, drop)
    write_store(path, text.parts, tokenizers, checker, held_out)
    try:
        text.refuse_changed()
    except InputError:
        shutil.rmtree(path)
        raise


def _told(store: Store, text: _Text, valid: int) -> list[str]:
    """What became of the pairs that were read."""
    told = [f"{len(store.pairs):,} pairs to train on, {valid:,} to validate; dropped: {listed(store.dropped)}"]
    if store.held_out:
        held_out = f"{len(store.held_out):,} of the {store.read:,} pairs are held out, the same for every seed"
        told.insert(0, f"no validation pairs given: {held_out}")
    return told


def _stream(config: RunConfig, text: _Text, tokenizers: Tokenizers) -> StreamedPairs:
    drop = [Problem(name) for name in config.training.drop]
    weights = (1.0,) * len(text.parts)
    return StreamedPairs(text.parts, weights, tokenizers, text.valid, config.model.max_length, drop)


def _validation(pairs: list[Pair], tokenizers: Tokenizers, max_length: int) -> tuple[list[Pair], TokenizedPairs]:
    """The usable ones of the validation pairs, and their ids."""
    usable = [
        (pair, sides)
        for pair, sides in zip(pairs, zip(*encode_pairs(pairs, tokenizers), strict=True), strict=True)
        if pair.source and pair.target and max(map(len, sides)) < max_length
    ]
    if not usable:
        raise InputError(f"{origins(pairs)}: no usable validation pair; every one has an empty or too long side")
    return [pair for pair, _ in usable], TokenizedPairs.of(sides for _, sides in usable)
