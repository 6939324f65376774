import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from glassformer.search import SearchOptions
from glassformer.search.constraints import (
    LAST_RESORT,
    NOT_FORCED,
    Rules,
    allow_end_where_stuck,
    forbid_repeated_ngrams,
    force,
    penalise_repeats,
    suppress,
)

INF = float("inf")


def forbidden(log_probs_NV: NDArray[np.float32]) -> list[set[int]]:
    return [{token for token, score in enumerate(row) if score == -INF} for row in log_probs_NV.tolist()]


def test_the_repetition_penalty_of_two():
    scores_NV = np.array([[-0.1, 0.1, -0.1, 0.1]], dtype=np.float32)
    steered_NV = penalise_repeats(scores_NV, np.array([[0, 1, 0]]), 2)
    np.testing.assert_allclose(steered_NV, [[-0.2, 0.05, -0.1, 0.1]], rtol=1e-6)
    assert scores_NV[0, 0] == pytest.approx(-0.1), "the model's own are left alone"


def test_a_trigram_is_not_said_twice():
    said = np.array([[1, 2, 3, 1, 2, 0, 1, 2]])
    assert forbidden(forbid_repeated_ngrams(np.zeros((1, 5), np.float32), said, 3)) == [{0, 3}]


def naive(said: list[int], size: int) -> set[int]:
    grams = {tuple(said[i : i + size]) for i in range(len(said) - size + 1)}
    return {token for token in range(5) if tuple([*said, token][-size:]) in grams}


@given(
    rows=st.integers(0, 12).flatmap(
        lambda length: st.lists(st.lists(st.integers(0, 4), min_size=length, max_size=length), min_size=1, max_size=3)
    ),
    size=st.integers(1, 5),
)
def test_ngrams_as_in_the_naive_definition(rows, size):
    said_NT = np.array(rows, dtype=np.int64).reshape(len(rows), -1)
    steered_NV = forbid_repeated_ngrams(np.zeros((len(rows), 5), np.float32), said_NT, size)
    assert forbidden(steered_NV) == [naive(row, size) for row in rows]
    assert ((steered_NV == 0) | (steered_NV == -INF)).all()


def test_forbid():
    assert forbidden(suppress(np.zeros((2, 4), np.float32), [1, 3])) == [{1, 3}] * 2


def test_what_is_off_does_no_work():
    scores_NV, said_NT = np.zeros((1, 4), np.float32), np.array([[1, 1, 1]])
    assert penalise_repeats(scores_NV, said_NT, 1) is scores_NV
    assert forbid_repeated_ngrams(scores_NV, said_NT, 0) is scores_NV
    assert suppress(scores_NV, ()) is scores_NV
    assert allow_end_where_stuck(scores_NV, scores_NV, 0) is scores_NV


def test_a_row_with_nothing_allowed_may_end():
    own_NV = np.array([[-1.0, -2, -3], [-1, -2, -3], [-INF, -INF, -INF]], dtype=np.float32)
    stuck_NV = np.array([[-INF, -INF, -INF], [-INF, -2, -INF], [-INF, -INF, -INF]], dtype=np.float32)
    freed_NV = allow_end_where_stuck(stuck_NV, own_NV, 0)
    assert forbidden(freed_NV) == [{1, 2}, {0, 2}, {1, 2}]
    assert freed_NV[:, 0].tolist() == [-1, -INF, pytest.approx(LAST_RESORT)]


def test_force_keeps_the_score_of_what_it_forces():
    own_NV = np.array([[-1.0, -2, -3], [-1, -2, -3], [-1, -2, -INF]], dtype=np.float32)
    forced_NV = force(own_NV, own_NV, np.array([1, NOT_FORCED, 2]))
    assert forbidden(forced_NV) == [{0, 2}, set(), {0, 1}]
    assert forced_NV[0, 1] == -2
    assert math.isfinite(forced_NV[2, 2])


def rules(prefix: list[int], **options: float) -> Rules:
    return Rules(SearchOptions(**options), 0, (1,), np.array([prefix], dtype=np.int64))


def test_a_prefix_overrides_everything():
    strict = rules([1, 2, 2, 0], min_length=9, no_repeat_ngram=1)
    for length in range(4):
        said_NT = np.array([[1, 2, 2, 0][:length]], dtype=np.int64).reshape(1, -1)
        allowed = set(range(5)) - forbidden(strict.steer(np.zeros((1, 5), np.float32), said_NT))[0]
        assert allowed == {[1, 2, 2, 0][length]}


def test_all_rules_together():
    said_NT = np.array([[2, 3, 2]])
    assert forbidden(rules([], min_length=4, no_repeat_ngram=2).steer(np.zeros((1, 5), np.float32), said_NT)) == [
        {0, 1, 3}
    ]
    assert forbidden(rules([], min_length=3).steer(np.zeros((1, 5), np.float32), said_NT)) == [{1}]


def test_a_sentence_with_several_rows_has_one_prefix():
    two = Rules(SearchOptions(), 0, (), np.array([[1], [NOT_FORCED]]))
    empty_NT = np.empty((4, 0), dtype=np.int64)
    assert forbidden(two.steer(np.zeros((4, 3), np.float32), empty_NT)) == [{0, 2}, {0, 2}, set(), set()]
    swapped = two.select(np.array([1, 0]))
    assert forbidden(swapped.steer(np.zeros((2, 3), np.float32), empty_NT[:2])) == [set(), {0, 2}]
