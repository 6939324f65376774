"""Sentence pairs modified at random, so that a model learns to read text as people type it (`modifiers.py`)."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from random import Random
from typing import Literal

from glassformer.data.modifiers import MODIFIERS, STANDARD, Sides
from glassformer.errors import UsageError, nearest

Augment = Literal["none", "standard"] | dict[str, float]
HIDDEN = 0xF0000  # the first of the private characters that stand for user symbols while a text is modified


def probabilities_of(augment: Augment) -> Mapping[str, float]:
    """The probability of each modifier that is wanted, in the order of their application. UsageError for others."""
    if isinstance(augment, str):
        return STANDARD if augment == "standard" else {}
    for name, probability in augment.items():
        if name not in MODIFIERS:
            raise UsageError(f"augment: unknown modifier '{name}'; {nearest(name, MODIFIERS)}")
        if not 0 <= probability <= 1:
            raise UsageError(f"augment: {name} = {probability} must be at least 0 and at most 1")
    return {name: augment[name] for name in MODIFIERS if augment.get(name)}


def augmented(
    pairs: Sequence[Sides], probabilities: Mapping[str, float], symbols: Sequence[str], random: Random
) -> list[Sides]:
    """Each pair after the modifiers, each of which is applied with its own probability.

    No modifier changes a user symbol. Symbols that only the source begins with, such as a target tag, stay in front;
    pairs are joined only with those that have the same ones there, and none where there are others inside.
    """
    cover = _Cover(symbols)
    split = [_tag_apart(cover.hide(pair)) for pair in pairs] if symbols else [("", pair) for pair in pairs]
    alike = defaultdict[str, list[Sides]](list)  # what may be joined, by tag
    for tag, pair in split:
        if not symbols or not _has_symbol(pair):
            alike[tag].append(pair)
    result = []
    for tag, pair in split:
        others = () if symbols and _has_symbol(pair) else alike[tag]
        source, target = _modified(pair, probabilities, others, random)
        result.append(cover.show(Sides(tag + source, target)))
    return result


def _modified(pair: Sides, probabilities: Mapping[str, float], others: Sequence[Sides], random: Random) -> Sides:
    for name, probability in probabilities.items():
        if random.random() < probability:
            pair = MODIFIERS[name](pair, random, others)
    return pair


class _Cover:
    """Puts a private character in the place of each user symbol, which no modifier takes for a letter, and back."""

    def __init__(self, symbols: Sequence[str]) -> None:
        self._character = {symbol: chr(HIDDEN + number) for number, symbol in enumerate(symbols)}
        self._symbol = str.maketrans({character: symbol for symbol, character in self._character.items()})
        longest_first = sorted(symbols, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def hide(self, pair: Sides) -> Sides:
        return Sides(*(self._pattern.sub(lambda found: self._character[found[0]], text) for text in pair))

    def show(self, pair: Sides) -> Sides:
        return Sides(*(text.translate(self._symbol) for text in pair)) if self._character else pair


_TAG = re.compile(r"(?:[\U000f0000-\U000fffff] ?)+")


def _tag_apart(pair: Sides) -> tuple[str, Sides]:
    """The hidden symbols that only the source begins with, and the rest of the pair."""
    found = _TAG.match(pair.source)
    if not found or found[0][0] in pair.target:
        return "", pair
    return found[0], pair._replace(source=pair.source[found.end() :])


def _has_symbol(pair: Sides) -> bool:
    return any(_TAG.search(text) for text in pair)
