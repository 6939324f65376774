from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from glassformer.search import SearchOptions
from glassformer.search.stepwise import Sampler, sampling_distribution

from .tables import END, Tree, bigram, find

PROBS = np.array([[0.15, 0.4, 0.1, 0.3, 0.05]], dtype=np.float32)
INF = float("inf")


@given(seed=st.integers(0, 2**31))
def test_greedy_takes_the_likeliest_token_each_time(seed):
    tree = Tree.random(seed)
    ((found,),) = find(tree, [5], SearchOptions(beam=1))
    for place, token in enumerate(found.tokens):
        alternatives = [tree.log_probs((*found.tokens[:place], other))[-1] for other in range(4)]
        assert token == max(range(4), key=lambda other: alternatives[other])
    assert found.finished == (found.tokens[-1] == END)
    assert END not in found.tokens[:-1]
    assert found.finished or len(found.tokens) == 5


def test_greedy_takes_the_lowest_of_equal_tokens():
    ((found,),) = find(bigram([[0.25] * 4] * 4), [3], SearchOptions(beam=1, min_length=2))
    assert found.tokens == (1, 1, END)


def exact(probs_NV: NDArray[np.float32], **options: float) -> list[float]:
    """The distribution `sampling_distribution` gives, by token, summing to 1."""
    drawn_NM, ids_NM = sampling_distribution(np.log(probs_NV), SearchOptions(sample=True, **options))
    by_token_NV = np.zeros(probs_NV.shape)
    np.put_along_axis(by_token_NV, ids_NM, drawn_NM, axis=1)
    return (by_token_NV / by_token_NV.sum())[0].tolist()


@pytest.mark.parametrize(
    ("options", "weights"),
    [
        ({}, [0.15, 0.4, 0.1, 0.3, 0.05]),
        ({"top_k": 1}, [0, 1, 0, 0, 0]),
        ({"top_k": 3}, [0.15, 0.4, 0, 0.3, 0]),
        ({"top_k": 99}, [0.15, 0.4, 0.1, 0.3, 0.05]),
        ({"top_p": 0.01}, [0, 1, 0, 0, 0]),
        ({"top_p": 0.39}, [0, 1, 0, 0, 0]),
        ({"top_p": 0.41}, [0, 0.4, 0, 0.3, 0]),
        ({"top_p": 0.84}, [0.15, 0.4, 0, 0.3, 0]),
        ({"top_k": 2, "top_p": 0.5}, [0, 1, 0, 0, 0]),
        ({"top_k": 3, "top_p": 0.6}, [0, 0.4, 0, 0.3, 0]),
        ({"temperature": 0.5}, [0.15**2, 0.4**2, 0.1**2, 0.3**2, 0.05**2]),
        ({"temperature": 2.0, "top_p": 0.31}, [0, 0.4**0.5, 0, 0.3**0.5, 0]),
        ({"temperature": 1e-30}, [0, 1, 0, 0, 0]),
        ({"temperature": 1e-320}, [0, 1, 0, 0, 0]),  # where it overflows
    ],
)
def test_what_is_drawn_from(options, weights):
    total = sum(weights)
    assert exact(PROBS, **options) == pytest.approx([weight / total for weight in weights], abs=1e-6)


def test_a_cut_among_equals_keeps_the_lowest_ids():
    assert exact(np.full((1, 4), 0.25, np.float32), top_k=2) == pytest.approx([0.5, 0.5, 0, 0])
    assert exact(np.full((1, 4), 0.25, np.float32), top_p=0.5) == pytest.approx([0.5, 0.5, 0, 0])


@pytest.mark.parametrize("options", [{}, {"top_k": 3}, {"top_p": 0.8}, {"temperature": 2.0, "top_k": 4, "top_p": 0.9}])
def test_samples_follow_the_distribution(options):
    count = 20_000
    settings = SearchOptions(sample=True, **options)
    sampler = Sampler(settings, range(count), [1] * count)
    drawn_N = sampler(np.log(PROBS).repeat(count, axis=0), np.arange(count), 0)
    seen = np.bincount(drawn_N, minlength=5).tolist()
    expected = [count * probability for probability in exact(PROBS, **options)]
    assert all(saw == 0 for saw, hope in zip(seen, expected, strict=True) if hope == 0)
    chi_square = sum((saw - hope) ** 2 / hope for saw, hope in zip(seen, expected, strict=True) if hope)
    assert chi_square < 18.5, "99.9 percent of samples stay below this with 4 degrees of freedom"


@pytest.mark.parametrize("noise", [0.0, 1 - 2**-24])
def test_the_ends_of_the_noise_never_draw_what_is_forbidden(noise):
    sampler = Sampler(SearchOptions(sample=True), [1], [1])
    sampler.noise_RL[:] = noise
    log_probs_NV = np.array([[-INF, -1.0, -2.0, -INF]], dtype=np.float32)
    assert sampler(log_probs_NV, np.array([0]), 0).item() == (1 if noise == 0 else 2)


def test_many_samples_begin_with_the_one_sample_of_the_same_seed():
    one = Sampler(SearchOptions(sample=True), [7], [6]).noise_RL
    many = Sampler(SearchOptions(sample=True, n_best=3), [7], [6]).noise_RL
    assert np.array_equal(one[0], many[0])
    assert len({tuple(row) for row in many.tolist()}) == 3


def test_samples_are_sorted_by_score_and_follow_the_seed():
    tree = Tree.random(5)
    options = SearchOptions(sample=True, n_best=8, seed=3)
    (found,) = find(tree, [5], options)
    scores = [one.score for one in found]
    assert len(found) == 8 and scores == sorted(scores, reverse=True)
    assert find(tree, [5], options) == [found]
    assert find(tree, [5], options, seeds=[4]) != [found]
    assert find(tree, [5], options, seeds=[3]) == [found]


def test_the_tokens_of_a_sample_are_independent_of_each_other():
    count = 4000
    options = SearchOptions(sample=True, n_best=count, min_length=2)
    (found,) = find(bigram([[0.25] * 4] * 4), [2], options)
    pairs = Counter(one.tokens for one in found)
    assert set(pairs) == {(first, second) for first in (1, 2, 3) for second in (1, 2, 3)}
    chi_square = sum((seen - count / 9) ** 2 / (count / 9) for seen in pairs.values())
    assert chi_square < 26.2, "99.9 percent of samples stay below this with 8 degrees of freedom"
