"""A sentence that is too long for a model, cut where it harms least."""

import re
from bisect import bisect_left
from collections.abc import Callable
from functools import partial

from glassformer.text.sentences import Parts, parts_between

# Where a cut may be: in white space, and after a mark of a script that needs none.
PLACES = re.compile(r"\s+|(?<=[，；：、。！？…—])(?=\S)")
MARKS = frozenset(",;:，；：、،؛।॥。！？…—–-.!?")  # a part ends after one of them rather than elsewhere
CONJUNCTIONS = {
    "and", "but", "or", "because", "so", "that", "which", "who", "when", "where", "while", "if", "although", "though",
    "unless", "since",
    "और", "या", "लेकिन", "मगर", "परंतु", "पर", "क्योंकि", "कि", "जो", "जब", "जहाँ", "तो", "अगर", "यदि", "इसलिए",
    "हालाँकि", "ताकि",
    "und", "oder", "aber", "weil", "dass", "wenn", "obwohl", "denn", "et", "ou", "mais", "parce", "que", "qui", "car",
    "quand", "si", "y", "o", "pero", "porque", "cuando",
}  # fmt: skip
WORD = re.compile(r"[^\s,;:.!?]+")
END, MARK, CONJUNCTION, SPACE = range(4)  # the better, the smaller


def split_clauses(sentence: str, fits: Callable[[str], bool]) -> Parts:
    """The sentence in parts that fit, each as long as it can be, and cut at the best places.

    Each part ends at the last mark (comma, semicolon, colon, ...) before which it fits; if there is none, before the
    last conjunction, else in the last white space. What has no such place stays whole, though it does not fit.
    """
    places = [(found.start(), _rank(sentence, found)) for found in PLACES.finditer(sentence)] + [(len(sentence), END)]

    def fitting(start: int, index: int) -> bool:
        return fits(sentence[start : places[index][0]].strip())

    ends, at = [0], 0
    while at < len(places):
        reach = _reach(partial(fitting, ends[-1]), at, len(places))
        best = min(range(at, reach), key=lambda index: (places[index][1], -index), default=at)
        ends.append(places[best][0])
        at = best + 1
    return parts_between(sentence, ends)


def _rank(sentence: str, place: re.Match[str]) -> int:
    if sentence[place.start() - 1] in MARKS:
        return MARK
    following = WORD.match(sentence, place.end())
    return CONJUNCTION if following and following[0].casefold() in CONJUNCTIONS else SPACE


def _reach(fits: Callable[[int], bool], first: int, end: int) -> int:
    """The first index from `first` on that does not fit, or `end`; the work grows with the reach, not with the end."""
    step = 1
    while first + step < end and fits(first + step - 1):
        step *= 2
    return bisect_left(range(end), True, first, min(first + step, end), key=lambda index: not fits(index))
