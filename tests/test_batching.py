"""Batches by token budget, and padding."""

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassformer.batching import batches_by_length, cut_by_budget, pad

lengths = st.lists(st.integers(1, 12), max_size=30)
budgets = st.integers(1, 40)


@given(lengths, budgets)
def test_a_batch_keeps_to_the_budget_and_is_as_large_as_it_may_be(lengths, budget):
    ends = [*cut_by_budget(lengths, budget), len(lengths)]
    batches = [lengths[first:end] for first, end in zip([0, *ends], ends, strict=False)]
    assert list(chain.from_iterable(batches)) == lengths
    for batch, following in zip(batches, [*batches[1:], None], strict=True):
        assert len(batch) <= 1 or max(batch) * len(batch) <= budget
        if following:
            more = [*batch, following[0]]
            assert max(more) * len(more) > budget


@given(lengths, budgets)
def test_every_row_comes_once_from_short_to_long(lengths, budget):
    batches = batches_by_length(lengths, budget)
    assert all(batches)
    rows = list(chain.from_iterable(batches))
    assert sorted(rows) == list(range(len(lengths)))
    assert [lengths[row] for row in rows] == sorted(lengths)
    assert all(len(batch) == 1 or len(batch) * lengths[batch[-1]] <= budget for batch in batches)


@pytest.mark.parametrize(
    ("rows", "padded"),
    [([], []), ([[]], [[]]), ([[1], [2, 3, 4], []], [[1, 9, 9], [2, 3, 4], [9, 9, 9]]), ([(5,), (6,)], [[5], [6]])],
)
def test_padding_is_on_the_right(rows, padded):
    assert pad(rows, 9) == padded
