"""Pairs into training, validation and test parts that share no text."""

import random
import unicodedata
from collections.abc import Collection, Iterable, Sequence

from glassformer.errors import InputError
from glassformer.text.pairs import Pair

HELD_OUT = 0.05  # the share of the validation part, and of the test part


def split_groups(
    pairs: Sequence[Pair], seed: int, related: Iterable[Collection[str]] = ()
) -> tuple[list[Pair], list[Pair], list[Pair]]:
    """(train, valid, test), about 90, 5 and 5 in a hundred, by whole groups.

    Pairs that share a source or a target, case aside, are one group, and so are those of a chain
    of such; `related` has sets of sources that are names of one thing, which are of one group too.
    A group is in one part only, so no held-out text has been seen in training. Groups too large
    for a held-out part go to training. Parts keep the order of `pairs`; the same pairs and seed
    give the same parts.

    Raises InputError if there are too few groups for three parts.
    """
    groups = _groups(pairs, related)
    random.Random(seed).shuffle(groups)
    room = max(1, round(HELD_OUT * len(pairs)))
    train: list[int] = []
    valid: list[int] = []
    test: list[int] = []
    for group in groups:
        part = next((part for part in (valid, test) if len(part) + len(group) <= room), train)
        part += group
    if not (train and valid and test):
        raise InputError(
            f"too few pairs, or too much alike, to be split into training, validation and test pairs: {len(pairs)} "
            f"from {pairs[0].origin if pairs else 'nowhere'}; take a larger corpus"
        )
    train_pairs, valid_pairs, test_pairs = ([pairs[index] for index in sorted(part)] for part in (train, valid, test))
    return train_pairs, valid_pairs, test_pairs


def _groups(pairs: Sequence[Pair], related: Iterable[Collection[str]]) -> list[list[int]]:
    """Indices of the pairs of each group, in the order in which the groups begin."""
    union = _UnionFind()
    for pair in pairs:
        union.join(("source", _key(pair.source)), ("target", _key(pair.target)))
    for names in related:
        first, *others = [("source", _key(name)) for name in names]
        for other in others:
            union.join(first, other)
    groups: dict[tuple[str, str], list[int]] = {}
    for index, pair in enumerate(pairs):
        groups.setdefault(union.root(("source", _key(pair.source))), []).append(index)
    return list(groups.values())


def _key(text: str) -> str:
    """The text without what may differ between two writings of the same: case, width, spacing."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


class _UnionFind:
    """Disjoint sets of (side, key)."""

    def __init__(self) -> None:
        self.parent: dict[tuple[str, str], tuple[str, str]] = {}

    def root(self, item: tuple[str, str]) -> tuple[str, str]:
        parent = self.parent.setdefault(item, item)
        while parent != item:
            # Halve the path, so that the next walk is shorter.
            self.parent[item] = self.parent[parent]
            item, parent = parent, self.parent[parent]
        return item

    def join(self, one: tuple[str, str], other: tuple[str, str]) -> None:
        self.parent[self.root(other)] = self.root(one)
