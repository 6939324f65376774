"""Which words of the other language a word comes with, learnt from sentence pairs.

A word is expected to come with one of a few others where nearly every pair shows that, and where those others are much
rarer without it. Pairs alone are counted, as in Dunning 1993 ("Accurate Methods for the Statistics of Surprise and
Coincidence"), by the odds ratio.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import chain
from math import log

from glassformer.quality_estimation.words import is_word

FEWEST = 6  # pairs that a word must be in, and not in
MOST = 300  # pairs of a word that are looked at, evenly drawn
EXPECTED = 8  # words that may stand for one
EXCEPTIONS = 0.01  # share of the pairs with a word in which none of the expected ones is
ODDS = 3.0  # ratio of an expected word's odds with and without the word
REST_ODDS = 10.0  # the same in the pairs that the words chosen before leave over
MOST_ODDS = 400.0  # larger ones count as this

Words = frozenset[str]


def expected_words(pairs: Sequence[tuple[Words, Words]]) -> dict[str, tuple[str, ...]]:
    """For each word of the pairs' first sides, those of their second sides of which one is nearly always there."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, (words, _) in enumerate(pairs):
        for word in words:
            rows[word].append(row)
    counts = Counter(chain.from_iterable(others for _, others in pairs))
    found = {}
    for word, own in rows.items():
        if FEWEST <= len(own) <= len(pairs) - FEWEST and is_word(word):
            shown = [pairs[row][1] for row in own[:: -(-len(own) // MOST)]]
            if chosen := _chosen(shown, len(own), counts, len(pairs)):
                found[word] = chosen
    return found


def _chosen(shown: list[Words], own: int, counts: Counter[str], pairs: int) -> tuple[str, ...]:
    """The words of which one is in nearly each of `shown`, the second sides of one word's pairs; empty without any."""
    scale = own / len(shown)
    present = Counter(chain.from_iterable(shown))
    elsewhere = {word: counts[word] - count * scale for word, count in present.items() if count > 1 and is_word(word)}

    def odds_ratio(word: str, count: int, of: int) -> float:
        return _odds_ratio(count, of, elsewhere[word], pairs - own)

    likely = {word for word in elsewhere if odds_ratio(word, present[word], len(shown)) >= ODDS}
    chosen: list[str] = []
    while rest := [words for words in shown if words.isdisjoint(chosen)]:
        left = Counter(chain.from_iterable(words & likely for words in rest))
        odds = {word: odds_ratio(word, count, len(rest)) for word, count in left.items() if count > 1}
        likeliest = [word for word in odds if odds[word] >= REST_ODDS]
        if not likeliest or len(chosen) == EXPECTED:
            break
        chosen.append(max(likeliest, key=lambda word: (left[word] * log(min(odds[word], MOST_ODDS)), word)))
    return tuple(chosen) if len(rest) <= EXCEPTIONS * len(shown) else ()


def _odds_ratio(count: float, of: float, other_count: float, of_others: float) -> float:
    """The odds of `count` in `of` over those of `other_count` in `of_others`, half a pair added to each cell."""
    odds = (count + 0.5) / (of - count + 0.5)
    others = max(other_count, 0.0)
    return odds * (max(of_others - others, 0.0) + 0.5) / (others + 0.5)
