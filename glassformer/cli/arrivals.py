"""Items in batches as they come: nobody waits for what is not there yet, and memory stays flat."""

import time
from collections.abc import Iterator
from queue import Empty, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")


def arrivals(items: Iterator[T], most: int, window: float | None) -> Iterator[list[T]]:
    """The items, in order, in batches of at most `most`; they are read ahead in a thread.

    A batch ends `window` seconds after its first item, with what has come by then; with None it waits until it is
    full. An error of `items` comes after all that was read before it.
    """
    waiting: Queue[T | _End] = Queue(maxsize=2 * most)
    left = Event()  # nobody listens any more
    Thread(target=_read, args=(items, waiting, left), daemon=True).start()
    try:
        while True:
            batch, end = _batch(waiting, most, window)
            if batch:
                yield batch
            if end and end.error:
                raise end.error
            if end:
                return
    finally:
        left.set()
        while not waiting.empty():  # the reader may be waiting for room
            waiting.get_nowait()


class _End:
    """Stands behind the last item, with the error that ended them."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def _read(items: Iterator[T], waiting: "Queue[T | _End]", left: Event) -> None:
    error: BaseException | None = None
    try:
        for item in items:
            waiting.put(item)
            if left.is_set():
                return
    except BaseException as raised:
        error = raised
    waiting.put(_End(error))


def _batch(waiting: "Queue[T | _End]", most: int, window: float | None) -> tuple[list[T], _End | None]:
    """The next batch, and the end where it comes."""
    batch: list[T] = []
    until = None
    while len(batch) < most:
        try:
            item = waiting.get(timeout=None if until is None else max(until - time.monotonic(), 0.0))
        except Empty:
            break
        if isinstance(item, _End):
            return batch, item
        batch.append(item)
        if window is not None and until is None:
            until = time.monotonic() + window
    return batch, None
