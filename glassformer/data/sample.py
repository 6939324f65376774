"""A random sample of a stream."""

import random
from heapq import heappush, heapreplace
from typing import Generic, TypeVar

T = TypeVar("T")


class Sample(Generic[T]):
    """Up to `size` items of a stream of unknown length, each as likely as any other; the same for the same seed.

    Every item draws a number; those with the smallest numbers stay.
    """

    def __init__(self, size: int, seed: int) -> None:
        self._size, self._random = size, random.Random(seed)
        self._kept: list[tuple[float, int, T]] = []  # (minus the number, place, item): a heap, largest number first

    def add(self, place: int, item: T) -> None:
        """Take in the item at this place of the stream."""
        number = -self._random.random()
        if len(self._kept) < self._size:
            heappush(self._kept, (number, place, item))
        elif number > self._kept[0][0]:
            heapreplace(self._kept, (number, place, item))

    def drawn(self) -> dict[int, T]:
        """The sample by place, in random order: any first few of it are a sample too."""
        return {place: item for _, place, item in sorted(self._kept, reverse=True)}
