import math

import pytest
import torch

from glassformer.search import Hypothesis, length_penalty


@pytest.mark.parametrize(
    ("length", "alpha", "expected"),
    [(1, 0.6, 1.0), (7, 1, 2.0), (7, -1, 0.5), (7, 0, 1.0), (10, 0.6, 2.5**0.6), (19, 0.5, 2.0)],
)
def test_length_penalty(length, alpha, expected):
    assert length_penalty(length, alpha) == pytest.approx(expected, abs=1e-12)


def test_length_penalty_of_many_lengths():
    assert length_penalty(torch.tensor([1.0, 7.0, 13.0]), 1).tolist() == [1, 2, 3]


def test_a_hypothesis_adds_up():
    found = Hypothesis.from_tokens([5, 6, 0], [-1.0, -2.0, -3.0], end=0, alpha=1)
    assert (found.tokens, found.log_prob, found.finished) == ((5, 6, 0), -6, True)
    assert found.score == pytest.approx(-6 / (8 / 6))
    assert not Hypothesis.from_tokens([5, 6], [-1.0, -2.0], end=0, alpha=1).finished


def test_an_impossible_token_makes_an_impossible_hypothesis():
    assert Hypothesis.from_tokens([5], [-math.inf], end=0, alpha=0.6).score == -math.inf
