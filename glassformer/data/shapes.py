"""A handful of lengths that all pairs are filled up to, so that batches have few different shapes.

What is compiled, or recorded as a CUDA graph, holds for one shape of its tensors.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

SENTENCE = 64  # up to here the GPU's attention is the kernel for sentences (model/short_attention.py), for any width
EVEN, ALIGNED = 2, 8  # widths are multiples of: in a sentence; beyond, where torch's kernels want masks aligned
Lengths = NDArray[np.integer]


def choose_widths(lengths: Lengths, count: int, longest: int) -> tuple[int, ...]:
    """At most `count` widths, ascending, to which pairs of these lengths are filled up with the least padding.

    The last one is `longest`, which no pair exceeds. The others are of `possible_widths`. Exact, by dynamic
    programming over the widths: filled[k][w] = min over v < w of filled[k - 1][v] + w * pairs in (v, w].
    """
    widths = [*possible_widths(longest), longest]
    within = np.searchsorted(np.sort(lengths), [0, *widths], side="right")
    ends = np.array([0, *widths])
    filled = np.where(ends == 0, 0.0, np.inf)
    before: list[NDArray[np.intp]] = []
    for _ in range(min(count, len(widths))):
        with_one_more = filled[:, None] + ends * (within - within[:, None])
        with_one_more[np.tril_indices(len(ends), -1)] = np.inf  # a width may stay unused: v = w costs nothing
        before.append(with_one_more.argmin(axis=0))
        filled = with_one_more.min(axis=0)
    return tuple(sorted(_path(before, len(ends) - 1, ends)))


def possible_widths(end: int) -> list[int]:
    """The widths below `end`, in fine steps where sentences are: of a short one each position is a tenth."""
    return [*range(EVEN, min(SENTENCE, end), EVEN), *range(SENTENCE, end, ALIGNED)]


def width_of(length: int) -> int:
    """The least width that a pair of this length fits into."""
    step = EVEN if length <= SENTENCE else ALIGNED
    return -(-length // step) * step


def _path(before: Sequence[NDArray[np.intp]], place: int, ends: Lengths) -> Iterator[int]:
    """The widths that lead to the one at `place`, from the last choice back to the first."""
    for choice in reversed(before):
        if choice[place] != place:
            yield int(ends[place])
        place = int(choice[place])


def filled_up(lengths: Lengths, widths: Sequence[int]) -> Lengths:
    """The width that each length is filled up to; without widths, and beyond the last one, the length itself."""
    places = np.searchsorted(np.asarray(widths), lengths)
    return np.where(places < len(widths), np.append(widths, 0)[places], lengths)


def rows_of(width: int, batch_tokens: int) -> int:
    """Pairs of a batch of this width."""
    return max(1, batch_tokens // width)


def described(lengths: NDArray[np.integer], widths: Sequence[int], batch_tokens: int) -> str:
    """The shapes, pairs x positions of a side, and what part of the positions is padding.

    `lengths` has a pair's lengths in each row.
    """
    shapes = ", ".join(f"{rows_of(width, batch_tokens)} x {width}" for width in widths)
    padding = 1 - lengths.sum() / (2 * filled_up(lengths.max(axis=1), widths).sum())
    return f"batches have one of {len(widths)} shapes ({shapes}); padding is {100 * padding:.1f} % of the positions"
