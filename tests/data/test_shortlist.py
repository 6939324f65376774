"""Model 1 on cases that can be worked out, and what a shortlist holds."""

import itertools
from collections import Counter

import numpy as np
import pytest

from glassformer.data.shortlist import EACH, EVERYWHERE, NONE, _translation_table, learn
from glassformer.special import EOS


def naive(sources, targets, rounds):
    """t(f | e) by the formula, with dictionaries."""
    likelihood = {link: 1.0 for s, t in zip(sources, targets, strict=True) for link in itertools.product(s, t)}
    for _ in range(rounds):
        count, total = Counter(), Counter()
        for source, target in zip(sources, targets, strict=True):
            for f in target:
                whole = sum(likelihood[e, f] for e in source)
                for e in source:
                    count[e, f] += likelihood[e, f] / whole
                    total[e] += likelihood[e, f] / whole
        likelihood = {(e, f): value / total[e] for (e, f), value in count.items()}
    return likelihood


def test_it_is_model_1():
    sources, targets = [[5, 6], [6, 7, 6], [5], []], [[15, 16], [16, 17], [15], [15]]
    found = zip(*_translation_table(sources, targets), strict=True)
    expected = naive(sources[:3], targets[:3], rounds=5)
    assert {(e, f): value for e, f, value in found} == pytest.approx(expected)


def test_words_that_come_together_are_likely():
    """Of pairs in which each token e becomes e + 20, in any order."""
    generator = np.random.default_rng(1)
    sources = [generator.choice(np.arange(4, 16), 4, replace=False).tolist() for _ in range(200)]
    targets = [[token + 20 for token in reversed(source)] for source in sources]
    shortlist = learn(sources, targets, source_size=17)
    assert [int(row[0]) for row in shortlist.likely_SK[4:16]] == list(range(24, 36))
    assert (shortlist.likely_SK[[0, 3, 16]] == NONE).all() and shortlist.likely_SK.shape == (17, EACH)


def test_what_a_source_may_become():
    """Its tokens' likeliest, and the most frequent, in order and once."""
    sources = [[4]] * 3 + [[5]] * 2
    targets = [[10, 9]] * 3 + [[10, 8]] * 2
    shortlist = learn(sources, targets, source_size=6)
    assert shortlist.always_A.tolist() == [EOS, 8, 9, 10]
    assert shortlist.of([4, EOS]).tolist() == shortlist.of([]).tolist() == [EOS, 8, 9, 10]


def test_only_the_most_frequent_are_always_there():
    targets = [[4 + number] * (2 if number < EVERYWHERE else 1) for number in range(EVERYWHERE + 50)]
    shortlist = learn([[4]] * len(targets), targets, source_size=5)
    assert shortlist.always_A.tolist() == [EOS, *range(4, 4 + EVERYWHERE)]


def test_of_nothing():
    shortlist = learn([], [], source_size=5)
    assert shortlist.of([4, EOS]).tolist() == [EOS]
