"""Repeated pairs are found as a dictionary of all pairs would find them."""

from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from glassformer.data.check import repeats
from glassformer.data.check.repeats import CONFLICT, DUPLICATE, Repeats

few = st.sampled_from("abc")


def by_dictionary(pairs, without):
    """kind and earlier row of each, the plain way."""
    pairs_seen, sources_seen, kinds, earlier = {}, {}, [0] * len(pairs), {}
    for row, (source, target) in enumerate(pairs):
        if row in without:
            continue
        same, near = pairs_seen.setdefault((source, target), row), sources_seen.setdefault(source, row)
        if same != row:
            kinds[row], earlier[row] = DUPLICATE, same
        elif near != row:
            kinds[row], earlier[row] = CONFLICT, near
    return kinds, earlier


@settings(max_examples=100)
@given(st.lists(st.tuples(few, few), max_size=30), st.sets(st.integers(0, 29)), st.sampled_from([1, 3, 1 << 14]))
def test_as_a_dictionary_would(pairs, without, gathered):
    with mock.patch.object(repeats, "GATHERED", gathered), mock.patch.object(repeats, "IN_MEMORY", 100):
        index = Repeats()
        for row, (source, target) in enumerate(pairs):
            index.add(source, target, row)
        found = index.find(len(pairs), without)
    kinds, earlier = by_dictionary(pairs, without)
    assert found.kinds.tolist() == kinds
    for kind in (DUPLICATE, CONFLICT):  # the first three of each kind are explained
        rows = [row for row in earlier if kinds[row] == kind][:3]
        assert {row: found.earlier[row] for row in rows} == {row: earlier[row] for row in rows}
    assert len(found.earlier) == sum(min(3, kinds.count(kind)) for kind in (DUPLICATE, CONFLICT))


def test_texts_that_only_join_to_the_same_are_not_the_same():
    index = Repeats()
    for row, pair in enumerate([("ab", "c"), ("a", "bc"), ("ab\udc80", "c")]):
        index.add(*pair, row)
    found = index.find(3)
    assert found.kinds.tolist() == [0, 0, 0]
    assert found.kind(99) == 0
