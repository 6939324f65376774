"""Whether the two sides of some pairs are swapped, told from a sample by what each side looks like.

Each side is taken for draws of character trigrams from a language of its own. Pair by pair, the orientation that the
pairs seen so far make more likely is chosen, until none changes: hard expectation-maximisation of two smoothed unigram
models, in which a pair is either as it stands or swapped.
"""

import math
from collections import Counter
from collections.abc import Sequence
from statistics import median

from glassformer.text.pairs import Pair

SWEEPS = 5
SMOOTHING = 0.1  # of a trigram not seen
TOLD_APART = 1.1  # nats a trigram, of half the pairs, from which on the sides are different languages
MARGIN = 10.0  # nats by which the other orientation must be likelier


def swapped(pairs: Sequence[Pair]) -> list[Pair]:
    """Those pairs whose sides seem to be swapped, the minority; none where the sides look like one language."""
    grams = [tuple(Counter(_trigrams(side)) for side in pair[:2]) for pair in pairs]
    counts, totals = (Counter[str](), Counter[str]()), [0, 0]
    turned: list[bool | None] = [None] * len(pairs)
    gains = [0.0] * len(pairs)
    for _ in range(SWEEPS):
        changed = False
        for row, sides in enumerate(grams):
            if turned[row] is not None:
                _move(sides, bool(turned[row]), counts, totals, -1)
            gains[row] = _gain(sides, counts, totals)
            turn = gains[row] > 0
            changed |= turn != turned[row]
            turned[row] = turn
            _move(sides, turn, counts, totals, 1)
        if not changed:
            break
    if not pairs or median(map(_per_trigram, gains, grams)) < TOLD_APART:
        return []
    sign = -1 if sum(map(bool, turned)) * 2 > len(pairs) else 1
    return [pair for pair, gain in zip(pairs, gains, strict=True) if sign * gain > MARGIN]


def _move(
    sides: Sequence[Counter[str]], turn: bool, counts: Sequence[Counter[str]], totals: list[int], sign: int
) -> None:
    for language, side in zip((1, 0) if turn else (0, 1), sides, strict=True):
        for gram, count in side.items():
            counts[language][gram] += sign * count
        totals[language] += sign * side.total()


def _gain(sides: Sequence[Counter[str]], counts: Sequence[Counter[str]], totals: Sequence[int]) -> float:
    """The log-probability of the swapped orientation less that of the given one."""
    gain = 0.0
    for side, sign in zip(sides, (1, -1), strict=True):
        for gram, count in side.items():
            gain += sign * count * (math.log(counts[1][gram] + SMOOTHING) - math.log(counts[0][gram] + SMOOTHING))
    size = sides[0].total() - sides[1].total()
    return gain - size * (math.log(totals[1] + SMOOTHING) - math.log(totals[0] + SMOOTHING))


def _per_trigram(gain: float, sides: Sequence[Counter[str]]) -> float:
    return abs(gain) / max(1, sum(side.total() for side in sides))


def _trigrams(text: str) -> list[str]:
    padded = f" {' '.join(text.casefold().split())} "
    return [padded[at : at + 3] for at in range(len(padded) - 2)]
