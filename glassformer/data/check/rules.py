"""The rules by which one pair is judged: its lengths, its characters, its likeness to its source."""

from bisect import bisect_right
from collections import Counter
from itertools import accumulate

from glassformer.text.encoding import encoding_problem
from glassformer.text.pairs import Pair

RATIO_FACTOR = 3.0
RATIO_CHARACTERS = 10
RATIO_PAIRS = 10  # fewer have no ratio worth comparing with


def is_untranslated(pair: Pair) -> bool:
    """Whether target equals source, case aside; a number or a sign, having no letter, may."""
    return pair.source.casefold() == pair.target.casefold() and any(map(str.isalpha, pair.source))


def usual_ratio(lengths: Counter[tuple[int, int]]) -> float | None:
    """The median of target over source length, exactly; `lengths` counts the pairs of (source, target) characters.

    It says how long a target of this corpus should be, and is not moved by misaligned pairs while they
    are under half. None with fewer than 10 pairs.
    """
    total = lengths.total()
    if total < RATIO_PAIRS:
        return None
    ordered = sorted((target / source, count) for (source, target), count in lengths.items())
    passed = list(accumulate(count for _, count in ordered))
    low, high = (ordered[bisect_right(passed, place)][0] for place in ((total - 1) // 2, total // 2))
    return (low + high) / 2


def length_problem(source: int, target: int, usual: float | None) -> str:
    """What is odd about a pair of so many characters, or "".

    A pair is an outlier if its target is more than 3 times longer or shorter than usual and at least
    10 characters away from it: so much is rarely a free translation, and often a misaligned line.
    """
    if usual is None:
        return ""
    expected = usual * source
    low, high = sorted((expected, float(target)))
    if high <= RATIO_FACTOR * low or high - low < RATIO_CHARACTERS:
        return ""
    return f"target has {target} characters, source {source}: about {expected:.0f} are usual here"


def encoding_of_pair(pair: Pair) -> str:
    """`encoding_problem` of both sides, by name, or ""."""
    source, target = encoding_problem(pair.source), encoding_problem(pair.target)
    if not source and not target:
        return ""
    return ", ".join(f"{side}: {problem}" for side, problem in (("source", source), ("target", target)) if problem)


def which_is_empty(pair: Pair) -> str:
    """The sides without text, in words."""
    empty = [side for side, text in zip(("source", "target"), pair[:2], strict=True) if not text.strip()]
    return f"{' and '.join(empty)} {'are' if len(empty) == 2 else 'is'} empty"
