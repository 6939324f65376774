"""Few shapes for all batches: with the least padding that so few admit, and every pair in one of them."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassformer.data.batches import Batch, TokenizedPairs
from glassformer.data.shapes import choose_widths, described, filled_up, possible_widths, rows_of, width_of
from glassformer.special import EOS, PAD


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=30), st.integers(1, 3), st.sampled_from([60, 64, 70]))
def test_no_other_widths_pad_less(lengths, count, longest):
    lengths = np.array(lengths)
    widths = choose_widths(lengths, count, longest)
    assert len(widths) <= count and widths[-1] == longest
    candidates = possible_widths(longest)
    assert set(widths[:-1]) <= set(candidates)
    least = min(
        filled_up(lengths, (*some, longest)).sum() for size in range(count) for some in combinations(candidates, size)
    )
    assert filled_up(lengths, widths).sum() == least


def test_widths_are_even_in_sentences_and_multiples_of_8_beyond():
    assert possible_widths(81) == [*range(2, 65, 2), 72, 80]
    assert possible_widths(9) == [2, 4, 6, 8]
    for length in range(1, 200):
        assert width_of(length) == min(width for width in possible_widths(300) if width >= length)


def test_lengths_are_filled_up_to_the_next_width():
    assert filled_up(np.array([1, 8, 9, 24, 25]), (8, 24)).tolist() == [8, 8, 24, 24, 25]
    assert filled_up(np.array([3, 7]), ()).tolist() == [3, 7]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 38), st.integers(0, 38)), min_size=1, max_size=60),
    st.integers(20, 200),
    st.integers(1, 5),
)
def test_each_batch_fits_into_one_of_the_shapes(lengths, budget, count):
    pairs = TokenizedPairs.from_lists([([5] * source, [6] * target) for source, target in lengths])
    longer = np.maximum(pairs.sources.lengths, pairs.targets.lengths)
    widths = choose_widths(longer, count, 39)
    plan = pairs.plan(budget, [1, 2], widths)
    assert sorted(row for rows in plan for row in rows.tolist()) == list(range(len(pairs)))
    for rows in plan:
        width = int(filled_up(longer[rows].max(), widths))
        assert width in widths and len(rows) <= rows_of(width, budget)


def test_without_widths_batches_are_what_they_were():
    draw = np.random.default_rng(0)
    pairs = TokenizedPairs.from_lists([([5] * s, [6] * t) for s, t in draw.integers(0, 30, (300, 2)).tolist()])
    for rows in pairs.plan(200, [1]):
        assert (
            len(rows) == 1
            or len(rows) * max(pairs.sources.lengths[rows].max(), pairs.targets.lengths[rows].max()) <= 200
        )
        assert (np.diff(pairs.targets.lengths[rows]) >= 0).all()


def test_a_batch_is_filled_with_rows_that_say_nothing():
    batch = Batch(np.array([[5, 6, EOS]]), np.array([[7, EOS]]), np.array([4]))
    filled = batch.filled(3, 4)
    assert filled.source_BS.tolist() == [[5, 6, EOS, PAD], [EOS, PAD, PAD, PAD], [EOS, PAD, PAD, PAD]]
    assert filled.target_BT.tolist() == [[7, EOS, PAD, PAD], [PAD] * 4, [PAD] * 4]
    assert filled.rows.tolist() == [4]


def test_shapes_and_their_padding_are_told():
    lengths = np.array([[2, 4], [8, 8], [16, 1]])
    told = described(lengths, (8, 16), 64)
    assert told == "batches have one of 2 shapes (8 x 8, 4 x 16); padding is 39.1 % of the positions"
    assert 1 - lengths.sum() / (2 * (8 + 8 + 16)) == pytest.approx(0.391, abs=5e-4)
