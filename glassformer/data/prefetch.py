"""Work done in the background, before it is asked for."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar, cast

T = TypeVar("T")

_END = object()


def prefetch(items: Iterator[T], count: int = 2) -> Iterator[T]:
    """The same items in the same order, up to `count` of them made in a thread while another is in use.

    An error comes where the item would have come. The thread ends with the iterator, also where that
    is closed early; it may then have made items that nobody gets.
    """
    waiting: deque[Future[object]] = deque()
    worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="prefetch")
    try:
        for _ in range(count):
            waiting.append(worker.submit(next, items, _END))
        while (item := waiting.popleft().result()) is not _END:
            waiting.append(worker.submit(next, items, _END))
            yield cast(T, item)
    finally:
        worker.shutdown(cancel_futures=True)
