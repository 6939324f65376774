"""Batches of what has come: order, size, errors, and that nobody waits for what has not."""

from queue import Queue
from threading import Event

import pytest

from glassformer.cli.arrivals import arrivals


def from_queue(queue):
    while (item := queue.get(timeout=120)) is not None:
        yield item


@pytest.mark.parametrize("window", [None, 0.0, 60.0])
def test_order_is_kept_and_no_batch_is_too_large(window):
    batches = list(arrivals(iter(range(1000)), 64, window))
    assert [item for batch in batches for item in batch] == list(range(1000))
    assert max(map(len, batches)) <= 64 and all(batches)
    if window != 0.0:  # it waits until a batch is full
        assert [len(batch) for batch in batches] == [64] * 15 + [40]


def test_what_has_come_is_given_before_more_comes():
    queue = Queue()
    batches = arrivals(from_queue(queue), 64, 0.01)
    for items in ([1], [2, 3]):
        for item in items:
            queue.put(item)
        got = []
        while got != items:  # were it to wait for more, this would never end
            got += next(batches)
    queue.put(None)
    assert list(batches) == []


def test_an_error_comes_after_what_was_read_before_it():
    def items():
        yield from range(5)
        raise ValueError("line 6")

    batches, got = arrivals(items(), 3, None), []
    with pytest.raises(ValueError, match="line 6"):
        for batch in batches:
            got += batch
    assert got == list(range(5))


def test_reading_ahead_is_bounded_and_ends_with_the_reader():
    read, closed = [], Event()

    def items():
        try:
            for number in range(10_000):
                read.append(number)
                yield number
        finally:
            closed.set()

    batches = arrivals(items(), 8, None)
    assert next(batches) == list(range(8))
    batches.close()
    assert closed.wait(120)
    assert len(read) <= 3 * 8 + 2
