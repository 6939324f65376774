import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from glassformer.search.ranking import order, top


def test_equal_scores_come_by_index():
    assert order(np.array([[1.0, 2, 1, 2]])).tolist() == [[1, 3, 0, 2]]
    assert top(np.array([[1.0, 2, 1, 2, 1]]), 3).tolist() == [[1, 3, 0]]


@given(
    rows=st.lists(st.lists(st.integers(-3, 3), min_size=40, max_size=40), min_size=1, max_size=4),
    count=st.integers(1, 45),
)
def test_top_is_the_beginning_of_the_whole_order(rows, count):
    scores_NV = np.array(rows, dtype=np.float32)
    assert top(scores_NV, count).tolist() == order(scores_NV)[:, :count].tolist()


def test_forbidden_scores_come_last_and_only_once():
    scores_NV = np.full((2, 50), -np.inf)
    scores_NV[0, 30] = -1
    ids_NK = top(scores_NV, 4)
    assert ids_NK[0, 0] == 30
    assert all(len(set(row)) == 4 for row in ids_NK.tolist())
