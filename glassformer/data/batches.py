"""Token ids of a corpus in flat arrays, and batches of them by token budget.

Axes: B pairs of a batch, S source positions, T target positions.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from mmap import MADV_DONTNEED, mmap
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glassformer.batching import cut_by_budget
from glassformer.data.prefetch import prefetch
from glassformer.data.shapes import filled_up
from glassformer.data.shuffle import EpochOrder
from glassformer.special import EOS, PAD

POOL = 1 << 17  # pairs that are sorted by length together
TAKEN = 1 << 13  # rows read from a mapped file before its pages are let go


@dataclass(frozen=True)
class Sentences:
    """Many sentences of ids, one after another; sentence i is ids[starts[i] : starts[i + 1]]."""

    ids: NDArray[np.integer[Any]]
    starts: NDArray[np.int64]

    @classmethod
    def from_lists(cls, sentences: Iterable[Sequence[int]]) -> "Sentences":
        """Each of `sentences` with `</s>` at its end."""
        sentences = list(sentences)
        lengths = np.fromiter(map(len, sentences), dtype=np.int64, count=len(sentences))
        starts = np.concatenate(([0], np.cumsum(lengths + 1)))
        ids = np.full(starts[-1], EOS, dtype=np.int32)
        inside = np.ones(len(ids), dtype=bool)
        inside[starts[1:] - 1] = False
        ids[inside] = np.fromiter(chain.from_iterable(sentences), dtype=np.int32, count=int(lengths.sum()))
        return cls(ids, starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, index: int) -> NDArray[np.integer[Any]]:
        return self.ids[self.starts[index] : self.starts[index + 1]]

    def to_lists(self) -> list[list[int]]:
        """The sentences as lists, without `</s>`."""
        starts, ids = self.starts.tolist(), self.ids.tolist()
        return [ids[first : end - 1] for first, end in pairwise(starts)]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each sentence, `</s>` included."""
        return np.diff(self.starts)

    def padded(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The sentences `rows` as one matrix, filled up on the right with `<pad>`.

        As `batching.pad`, but without a Python object for each token: the arrays may be mapped files.
        """
        starts, ends = self.starts[rows, None], self.starts[rows + 1, None]
        places = starts + np.arange(int((ends - starts).max()))
        real = places < ends
        matrix = np.full(places.shape, PAD, dtype=np.int64)
        matrix[real] = self.ids[places[real]]
        return matrix

    def take(self, rows: NDArray[np.int64]) -> "Sentences":
        """The sentences `rows`, copied into memory; ascending rows are read in the order of the file."""
        parts = [self._take(rows[first : first + TAKEN]) for first in range(0, len(rows), TAKEN)]
        lengths = np.concatenate([lengths for _, lengths in parts])
        return Sentences(np.concatenate([ids for ids, _ in parts]), np.concatenate(([0], np.cumsum(lengths))))

    def _take(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.integer[Any]], NDArray[np.int64]]:
        starts = self.starts[rows]
        lengths = self.starts[rows + 1] - starts
        shift = starts - (np.cumsum(lengths) - lengths)  # from a place in the result to its place in `ids`
        ids = self.ids[np.repeat(shift, lengths) + np.arange(lengths.sum())]
        for array in (self.ids, self.starts):
            if isinstance(array.base, mmap):
                array.base.madvise(MADV_DONTNEED)  # else resident memory grows to the size of the file
        return ids, lengths


class Batch(NamedTuple):
    """Some pairs: source ids (B, S), target ids (B, T), and which pairs of the corpus they are."""

    source_BS: NDArray[np.int64]
    target_BT: NDArray[np.int64]
    rows: NDArray[np.int64]

    def select(self, which: slice) -> "Batch":
        """Some of its pairs, without the columns that are padding in all of them."""
        source_BS, target_BT = (_without_padding(ids[which]) for ids in (self.source_BS, self.target_BT))
        return Batch(source_BS, target_BT, self.rows[which])

    def filled(self, pairs: int, width: int) -> "Batch":
        """The same with padding on the right, and below, up to this shape of both sides.

        A row below reads `</s>`, as attention over nothing is not defined, and has no target.
        """
        source_BS, target_BT = (
            np.pad(ids, ((0, pairs - len(ids)), (0, width - ids.shape[1])), constant_values=PAD)
            for ids in (self.source_BS, self.target_BT)
        )
        source_BS[len(self.rows) :, 0] = EOS
        return Batch(source_BS, target_BT, self.rows)


def _without_padding(ids_BT: NDArray[np.int64]) -> NDArray[np.int64]:
    return ids_BT[:, : int((ids_BT != PAD).any(axis=0).sum())]


@dataclass(frozen=True)
class TokenizedPairs:
    """A corpus as ids: pair i is (sources[i], targets[i]). The arrays may be mapped files.

    It may be several corpora, one after the other: `sizes` has the pairs of each, `weights` how often
    each pair of it comes in an epoch (see `EpochOrder`). `resample(pairs, seed)`, if given, splits the
    texts anew for every epoch (see `Resampling`). With `widths`, pairs are grouped as if filled up to them (see
    `shapes.py`).
    """

    sources: Sentences
    targets: Sentences
    sizes: tuple[int, ...] = ()
    weights: tuple[float, ...] = ()
    resample: "Resample | None" = None
    widths: tuple[int, ...] = ()

    @classmethod
    def from_lists(cls, pairs: Iterable[tuple[Sequence[int], Sequence[int]]]) -> "TokenizedPairs":
        """From pairs of ids without `</s>`."""
        sources, targets = zip(*pairs, strict=True)
        return cls(Sentences.from_lists(sources), Sentences.from_lists(targets))

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, rows: NDArray[np.int64]) -> "TokenizedPairs":
        """The pairs `rows`, copied into memory."""
        return TokenizedPairs(self.sources.take(rows), self.targets.take(rows))

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        """The pairs `rows` as one batch."""
        return Batch(self.sources.padded(rows), self.targets.padded(rows), rows)

    def batches(self, batch_tokens: int, seed: int, epoch: int, first: int = 0) -> Iterator[Batch]:
        """The batches of one epoch from number `first` on; the same for the same arguments.

        The epoch's pairs, in a random order of all, are cut into pools of about POOL pairs, and each
        pool into batches, as `plan` has them: memory grows with the pool, not with the corpus. Batches
        are prepared in the background, ahead of their use.
        """
        planning = Planning(batch_tokens, (seed, epoch), self.resample, self.widths)
        return batches_of(self.pools(seed, epoch), planning, first)

    def pools(self, seed: int, epoch: int) -> "Iterator[Pool]":
        """The pairs of an epoch in its order, about POOL at a time."""
        sizes = self.sizes or (len(self),)
        order = EpochOrder(sizes, self.weights or (1.0,) * len(sizes), (seed, epoch))
        pools = -(-len(order) // POOL)
        for number in range(pools):
            rows = np.sort(order.rows(len(order) * number // pools, len(order) * (number + 1) // pools))
            yield self.take(rows), rows

    def plan(self, batch_tokens: int, seed: Sequence[int], widths: Sequence[int] = ()) -> list[NDArray[np.int64]]:
        """The rows of each batch: every pair once, the same for the same arguments.

        Pairs of like length share a batch, and a batch holds at most `batch_tokens` source and at
        most `batch_tokens` target positions, padding up to the batch's longest (or its width of `widths`) included; a
        pair longer than that comes alone.
        Pairs of equal length are shuffled, and so is the order of the batches.
        """
        random = np.random.default_rng(seed)
        shuffled = random.permutation(len(self))
        sources, targets = self.sources.lengths, self.targets.lengths
        longer = filled_up(np.maximum(sources, targets), widths)
        groups = longer[shuffled] if widths else np.zeros(len(self))
        order = shuffled[np.lexsort((sources[shuffled], targets[shuffled], groups))]
        cuts = cut_by_budget(longer[order].tolist(), batch_tokens)
        batches = np.split(order, cuts)
        return [batches[i] for i in random.permutation(len(batches))]


Resample = Callable[[TokenizedPairs, Sequence[int]], TokenizedPairs]
Pool = tuple[TokenizedPairs, NDArray[np.int64]]  # pairs in memory, and which of the corpus they are
Planned = tuple[TokenizedPairs, NDArray[np.int64], list[NDArray[np.int64]]]


class Planning(NamedTuple):
    """How the pairs of a pool become batches."""

    batch_tokens: int
    seed: Sequence[int]
    resample: Resample | None = None
    widths: Sequence[int] = ()


def batches_of(pools: Iterator[Pool], planning: Planning, first: int = 0) -> Iterator[Batch]:
    """The batches of one pool after the other, from number `first` on, prepared in the background."""
    return prefetch(_batches(prefetch(_planned(pools, planning, first), count=1)))


def _planned(pools: Iterator[Pool], planning: Planning, first: int) -> Iterator[Planned]:
    """Each pool with its plan, without the batches before number `first`.

    What is skipped is planned all the same, and with `resample` sampled: its lengths tell how many batches it has.
    """
    for number, (pairs, rows) in enumerate(pools):
        seed = [*planning.seed, number]
        if planning.resample:
            pairs = planning.resample(pairs, seed)
        plan = pairs.plan(planning.batch_tokens, seed, planning.widths)
        if first < len(plan):
            yield pairs, rows, plan[first:]
        first = max(0, first - len(plan))


def _batches(pools: Iterator[Planned]) -> Iterator[Batch]:
    for pairs, rows, plan in pools:
        for chosen in plan:
            yield pairs.batch(chosen)._replace(rows=rows[chosen])
