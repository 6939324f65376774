"""The tokenizers of a corpus: trained on it, or found where an earlier training kept them."""

from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import sentencepiece

from glassformer.data.cache import FORMAT, SIDES, building, cache_folder, key_of
from glassformer.data.config import DataConfig
from glassformer.data.first_reading import FirstReading
from glassformer.data.texts import Texts
from glassformer.data.vocabulary import size_for
from glassformer.errors import InputError
from glassformer.files import whole_directory, write_whole
from glassformer.text.normalization import VERSION as RULES_VERSION
from glassformer.text.normalization import normalizers
from glassformer.text.tokenizer import Tokenizer, Tokenizers, TooManyPiecesError


class VocabularySizes(NamedTuple):
    """How many pieces the tokenizers have.

    `target`: None for as many as suit the text (`size_for`), or fewer where it allows no more. `source`: None for one
    joint tokenizer of `target` pieces.
    """

    target: int | None
    source: int | None = None


def cached_tokenizers(texts: Texts, data: DataConfig, sizes: VocabularySizes) -> Tokenizers:
    """The tokenizers kept from an earlier training on this text, or new ones, which are then kept."""
    rules = () if data.normalize == "none" else (RULES_VERSION, data.normalize)
    key = key_of(
        FORMAT, sentencepiece.__version__, texts.digests[0], bool(texts.valid), data.tokenizer,
        (sizes.target, sizes.source),
        (data.character_coverage, data.split_digits, data.user_symbols), *rules,
    )  # fmt: skip
    return stored_tokenizers(
        cache_folder(data.store) / f"tokenizers-{key}",
        lambda: train_tokenizers(texts.first_reading, sizes, data),
    )


def stored_tokenizers(path: Path, train: Callable[[], Tokenizers]) -> Tokenizers:
    """The tokenizers kept at `path`, or those that `train` makes, which are then kept there."""
    with building(path):
        try:
            source, target = (Tokenizer.load(path / f"{side}.spm") for side in SIDES)
            return source, source if target.to_bytes() == source.to_bytes() else target
        except InputError:  # not there, or damaged
            trained = train()
        with whole_directory(path) as partial:
            for side, tokenizer in zip(SIDES, trained, strict=True):
                write_whole(partial / f"{side}.spm", tokenizer.to_bytes())
        return trained


def train_tokenizers(text: FirstReading, sizes: VocabularySizes, data: DataConfig) -> Tokenizers:
    """Tokenizers of the source and the target; where they are joint, both have the same pieces.

    Raises InputError where the text allows none of that size.
    """
    share = len(text.sample) / text.pairs
    sources, targets = [pair.source for pair in text.sample], [pair.target for pair in text.sample]
    rules = normalizers(data.normalize)
    if not rules:
        return _train(sources, targets, sizes, data, share, text.targets)
    normal = rules[0].normalize(sources), rules[1].normalize(targets)
    trained = _train(*normal, sizes, data, share, text.targets)
    source, target = (
        one.with_rules(each.serialized_normalizer_spec()) for one, each in zip(trained, rules, strict=True)
    )
    return source, target


def _train(
    sources: list[str], targets: list[str], sizes: VocabularySizes, data: DataConfig, share: float,
    languages: Sequence[str],
) -> Tokenizers:  # fmt: skip
    """`languages`: those that a source may be translated to, whose symbols stand before it."""
    if sizes.source is None:
        texts = list(chain.from_iterable(zip(sources, targets, strict=True)))
        joint = _train_target(texts, sizes.target, data, share, languages)
        return joint, joint
    return _train_one(sources, sizes.source, data, languages), _train_target(targets, sizes.target, data, share)


def _train_target(
    texts: Sequence[str], size: int | None, data: DataConfig, share: float, languages: Sequence[str] = ()
) -> Tokenizer:
    return _train_one(texts, size, data, languages) if size else train_default(texts, data, share, languages)


def train_default(
    texts: Sequence[str], data: DataConfig, share: float = 1.0, languages: Sequence[str] = ()
) -> Tokenizer:
    """A tokenizer of as many pieces as suit a corpus of which `texts` are a `share`; fewer where they allow no more."""
    try:
        return _train_one(texts, size_for(texts, data, share), data, languages)
    except TooManyPiecesError as error:
        return _train_one(texts, error.most, data, languages)


def _train_one(texts: Sequence[str], size: int, data: DataConfig, languages: Sequence[str]) -> Tokenizer:
    return Tokenizer.train(
        texts, size, data.tokenizer, data.character_coverage, data.user_symbols, data.split_digits, languages
    )
