"""From the config's files to ids: read, check, train the tokenizers, encode."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from glassformer.errors import InputError
from glassformer.model import ModelConfig
from glassformer.text.batches import Sentences, TokenizedPairs
from glassformer.text.check import CheckReport, Problem, check_pairs, origins, refuse_same, refuse_too_few
from glassformer.text.corpora import load_corpus
from glassformer.text.pairs import Pair, read_pairs, read_parallel
from glassformer.text.subword_dropout import SubwordDropout
from glassformer.text.tokenizer import Kind, Tokenizer
from glassformer.training.config import DataConfig, RunConfig

HELD_OUT = 0.02  # share of the pairs kept for validation where the user names none
MOST_HELD_OUT = 1000


@dataclass(frozen=True)
class Prepared:
    """What the loop trains and validates on."""

    train: TokenizedPairs
    valid: list[Pair]
    valid_ids: TokenizedPairs
    tokenizers: tuple[Tokenizer, Tokenizer]
    report: CheckReport
    notes: tuple[str, ...]


def read_data(data: DataConfig, seed: int) -> tuple[list[Pair], list[Pair]]:
    """Training pairs and validation pairs; none of the latter where the config names none.

    Raises InputError for whatever is wrong with the files.
    """
    if data.corpus:
        corpus = load_corpus(data.corpus, seed)
        return corpus.train, corpus.valid
    train = _read(data.pairs, data.source, data.target)
    return train, _read(data.valid_pairs, data.valid_source, data.valid_target)


def _refuse_one(pairs: list[Pair]) -> None:
    """Raise InputError unless two pairs differ: no tokenizer could be trained on less."""
    usable = (pair[:2] for pair in pairs if pair.source and pair.target)
    first = next(usable, None)
    if not any(other != first for other in usable):
        left = "no pair with text on both sides" if first is None else "one pair only"
        raise InputError(f"{origins(pairs)}: {left} ({len(pairs):,} read); training needs at least two: give more")


def _hold_out(pairs: list[Pair], seed: int) -> tuple[list[Pair], list[Pair], str]:
    """Some pairs taken out of training for validation, and a line that says so."""
    if len(pairs) < 3:
        raise InputError(
            f"{origins(pairs)}: {len(pairs)} pairs; training needs at least two, and one more to validate on: "
            "give more pairs, or some with --valid-pairs"
        )
    count = min(MOST_HELD_OUT, max(1, int(HELD_OUT * len(pairs))))
    order = np.random.default_rng(seed).permutation(len(pairs))
    note = f"no validation pairs given: {count:,} of the {len(pairs):,} pairs are held out, by seed {seed}"
    return [pairs[i] for i in sorted(order[count:])], [pairs[i] for i in order[:count]], note


def _read(pairs: tuple[str, ...], source: str | None, target: str | None) -> list[Pair]:
    if source and target:
        return list(read_parallel(Path(source), Path(target)))
    return [pair for path in pairs for pair in read_pairs(Path(path))]


def prepare(config: RunConfig, tokenizers: tuple[Tokenizer, Tokenizer] | None = None) -> Prepared:
    """Read and check the data, train the tokenizers unless they are given, and encode.

    Raises InputError if fewer than two pairs are left, or the validation set is the training set.
    """
    seed = config.training.seed
    pairs, valid = read_data(config.data, seed)
    refuse_same(pairs, valid)
    _refuse_one(pairs)
    notes = []
    if not valid:
        pairs, valid, note = _hold_out(pairs, seed)
        notes.append(note)
    tokenizers = tokenizers or train_tokenizers(pairs, config.model, config.training.tokenizer)
    # Encoded once, all together: the check asks for lengths, training for the ids of what is kept.
    ids = _Ids([*pairs, *valid], *tokenizers)
    kept, report = check_pairs(
        pairs,
        valid,
        count_source=lambda text: len(ids.sources[text]) + 1,
        count_target=lambda text: len(ids.targets[text]) + 1,
        unit="tokens",
        max_length=config.model.max_length,
        drop=[Problem(name) for name in config.training.drop],
    )
    refuse_too_few(kept, report, origins(pairs))
    usable = [pair for pair in valid if ids.fit(pair, config.model.max_length)]
    if not usable:
        raise InputError(f"{origins(valid)}: no usable validation pair; every one has an empty or too long side")
    if len(usable) < len(valid):
        notes.append(f"{len(valid) - len(usable)} validation pairs with an empty or too long side are left out")
    train = ids.of(kept)
    if config.training.subword_dropout:
        resample = SubwordDropout(*tokenizers, config.training.subword_dropout, config.model.max_length)
        train = dataclasses.replace(train, resample=resample)
    return Prepared(train, usable, ids.of(usable), tokenizers, report, tuple(notes))


class _Ids:
    """The ids of every text, without `</s>`, by text."""

    def __init__(self, pairs: list[Pair], source: Tokenizer, target: Tokenizer) -> None:
        sources, targets = [pair.source for pair in pairs], [pair.target for pair in pairs]
        self.sources = dict(zip(sources, source.encode_all(sources), strict=True))
        self.targets = dict(zip(targets, target.encode_all(targets), strict=True))

    def of(self, pairs: list[Pair]) -> TokenizedPairs:
        return TokenizedPairs(
            Sentences.of(self.sources[pair.source] for pair in pairs),
            Sentences.of(self.targets[pair.target] for pair in pairs),
        )

    def fit(self, pair: Pair, max_length: int) -> bool:
        lengths = len(self.sources[pair.source]) + 1, len(self.targets[pair.target]) + 1
        return bool(pair.source and pair.target) and max(lengths) <= max_length


def train_tokenizers(pairs: list[Pair], model: ModelConfig, kind: Kind) -> tuple[Tokenizer, Tokenizer]:
    """One joint tokenizer, twice, or one for each side where the model has a table for each."""
    sources, targets = (pair.source for pair in pairs), (pair.target for pair in pairs)
    if model.source_vocab_size is None:
        joint = Tokenizer.train((text for pair in pairs for text in (pair.source, pair.target)), model.vocab_size, kind)
        return joint, joint
    return Tokenizer.train(sources, model.source_vocab_size, kind), Tokenizer.train(targets, model.vocab_size, kind)
