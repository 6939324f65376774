"""The random order of an epoch: one-to-one at every size, seeded, and without a pattern."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassformer.data.shuffle import permuted


@pytest.mark.parametrize("size", [*range(1, 70), 127, 128, 129, 1000, 4097])
def test_every_place_has_a_row_of_its_own(size):
    assert sorted(permuted(np.arange(size), size, [1, 2]).tolist()) == list(range(size))


@settings(max_examples=100)
@given(st.integers(1, 2**40), st.integers(0, 2**62), st.data())
def test_a_part_is_what_it_is_in_the_whole(size, seed, data):
    places = np.array(data.draw(st.lists(st.integers(0, size - 1), max_size=20)), dtype=np.int64)
    together = permuted(places, size, [seed])
    assert together.tolist() == [int(permuted(np.array([place]), size, [seed])[0]) for place in places]
    assert ((together >= 0) & (together < size)).all()
    assert len(set(together.tolist())) == len(set(places.tolist()))


def test_all_orders_of_three_come_about_equally_often():
    orders = [tuple(permuted(np.arange(3), 3, [seed]).tolist()) for seed in range(3000)]
    counts = [orders.count(order) for order in sorted(set(orders))]
    assert len(counts) == 6
    assert max(abs(count - 500) for count in counts) < 120  # six standard deviations


def test_neighbours_do_not_stay_together():
    size = 100_000
    rows = permuted(np.arange(size), size, [1])
    assert abs(np.corrcoef(rows, np.arange(size))[0, 1]) < 0.02
    assert abs(np.corrcoef(rows[1:], rows[:-1])[0, 1]) < 0.02
    assert (np.abs(np.diff(rows)) == 1).sum() < 20  # 2 of 100,000 are to be expected
    assert (permuted(np.arange(size), size, [2]) == rows).sum() < 20
