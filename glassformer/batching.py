"""Sequences of different lengths as rectangles: which ones share a batch, and padding. Plain lists only."""

from collections.abc import Iterable, Sequence
from itertools import pairwise


def cut_by_budget(lengths: Iterable[int], budget: int) -> list[int]:
    """Where to cut rows of these lengths into batches: the index of each batch's first row, but for the first batch's.

    A batch takes (number of rows) x (its longest row) positions, padding included, and at most `budget` of them; a
    row that alone is longer comes alone. The rows keep their order: sort them by length to have little padding.
    """
    cuts, first, longest = [], 0, 0
    for index, length in enumerate(lengths):
        longest = max(longest, length)
        if index > first and longest * (index - first + 1) > budget:
            cuts.append(index)
            first, longest = index, length
    return cuts


def batches_by_length(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """The rows 0, 1, ... as batches of like length, the shortest first; see `cut_by_budget`."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    ends = [*cut_by_budget((lengths[row] for row in order), budget), len(order)]
    return [order[first:end] for first, end in pairwise([0, *ends]) if end]


def pad(rows: Sequence[Sequence[int]], fill: int) -> list[list[int]]:
    """The rows, each with `fill` on its right up to the length of the longest."""
    longest = max(map(len, rows), default=0)
    return [[*row, *[fill] * (longest - len(row))] for row in rows]
