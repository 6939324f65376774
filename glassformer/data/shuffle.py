"""The random order of an epoch: over all pairs, seeded, and computed without a list of them in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

ROUNDS = 8


def permuted(places: NDArray[np.int64], size: int, seed: Sequence[int]) -> NDArray[np.int64]:
    """A random permutation of range(size), applied to `places`; the same for the same size and seed.

    A Feistel network (Luby & Rackoff 1988) over the two halves of a number's bits is one-to-one
    whatever its round function; a number that it takes beyond `size` goes through it again until it is
    below (cycle walking, Black & Rogaway 2002), which happens less than once for each on average.
    """
    bits = max(2, (size - 1).bit_length())
    low = np.uint64(bits // 2)
    low_mask, high_mask = (np.uint64((1 << count) - 1) for count in (bits // 2, bits - bits // 2))
    keys = np.random.SeedSequence(list(seed)).generate_state(ROUNDS, np.uint64)
    result = places.astype(np.uint64)
    outside = np.arange(len(result))
    while len(outside):
        left, right = result[outside] >> low, result[outside] & low_mask
        for first, second in zip(keys[::2], keys[1::2], strict=True):
            left = left ^ (_mixed(right ^ first) & high_mask)
            right = right ^ (_mixed(left ^ second) & low_mask)
        result[outside] = left << low | right
        outside = outside[result[outside] >= size]
    return result.astype(np.int64)


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mix the bits, so that each of the result depends on each of the number (the finaliser of splitmix64)."""
    numbers = (numbers ^ numbers >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ numbers >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return numbers ^ numbers >> np.uint64(31)


def temperature_weights(sizes: Sequence[int], temperature: float) -> tuple[float, ...]:
    """The weights of `EpochOrder` by which corpus i of n_i pairs has the share n_i^(1/T) / sum_j n_j^(1/T) of an epoch.

    The epoch stays as long as the corpora together. Arivazhagan et al. 2019. An empty corpus has weight 1.
    """
    powers = [size ** (1 / temperature) for size in sizes]
    total, pairs = sum(powers), sum(sizes)
    return tuple(power / total * pairs / size if size else 1.0 for power, size in zip(powers, sizes, strict=True))


@dataclass(frozen=True)
class EpochOrder:
    """The rows of one epoch, in random order.

    The rows are those of several corpora, `sizes[i]` of them in corpus i, one after the other. An epoch
    has each row of corpus i `weights[i]` times: with weight 2 twice, with 0.5 a random half of the rows
    once, with 2.5 both. It is another half for another seed.
    """

    sizes: tuple[int, ...]
    weights: tuple[float, ...]
    seed: tuple[int, ...]

    def __len__(self) -> int:
        return sum(self._counts())

    def rows(self, first: int, end: int) -> NDArray[np.int64]:
        """The rows at the places [first, end) of the epoch."""
        places = permuted(np.arange(first, end), len(self), self.seed)
        counts = self._counts()
        rows = np.empty_like(places)
        starts = accumulate(counts, initial=0)
        offsets = accumulate(self.sizes, initial=0)
        for number, (size, count, start, offset) in enumerate(zip(self.sizes, counts, starts, offsets, strict=False)):
            mine = (places >= start) & (places < start + count)
            turn = (places[mine] - start) // max(size, 1)
            within = (places[mine] - start) % max(size, 1)
            last = turn == count // max(size, 1)  # not all rows come this time: a random part of them does
            within[last] = permuted(within[last], size, (*self.seed, number))
            rows[mine] = offset + within
        return rows

    def _counts(self) -> list[int]:
        return [
            max(1, round(size * weight)) if size else 0 for size, weight in zip(self.sizes, self.weights, strict=True)
        ]
