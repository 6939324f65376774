"""Items made in the background come in order, with their errors, and leave no thread behind."""

import threading

import pytest

from glassformer.data.prefetch import prefetch


def threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("prefetch")]


@pytest.mark.parametrize("count", [1, 2, 7])
def test_the_same_items_in_the_same_order(count):
    assert list(prefetch(iter(range(5)), count)) == list(range(5))
    assert list(prefetch(iter(()), count)) == []
    assert threads() == []


def test_no_more_are_made_than_asked_for():
    made = []
    items = prefetch((made.append(n) or n for n in range(100)), count=2)
    assert [next(items), next(items)] == [0, 1]
    items.close()
    assert 2 <= len(made) <= 4
    assert threads() == []


def test_an_error_comes_where_the_item_would_have_come():
    def failing():
        yield 1
        raise ValueError("the disk")

    items = prefetch(failing())
    assert next(items) == 1
    with pytest.raises(ValueError, match="the disk"):
        next(items)
    assert threads() == []


def test_one_within_another_ends_with_it():
    items = prefetch(n for n in prefetch(iter(range(100))))
    assert next(items) == 0
    assert len(threads()) == 2
    del items
    assert threads() == []


def test_they_are_made_in_another_thread():
    names = list(prefetch(threading.current_thread().name for _ in range(2)))
    assert set(names) != {threading.current_thread().name}
