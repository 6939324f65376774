"""Token ids of a corpus in flat arrays, and batches of them by token budget."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glassformer.special import EOS, PAD


@dataclass(frozen=True)
class Sentences:
    """Many sentences of ids, one after another; sentence i is ids[starts[i] : starts[i + 1]]."""

    ids: NDArray[np.int32]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, sentences: Iterable[Sequence[int]]) -> "Sentences":
        """Each of `sentences` with `</s>` at its end."""
        closed = [[*sentence, EOS] for sentence in sentences]
        lengths = np.fromiter(map(len, closed), dtype=np.int64, count=len(closed))
        ids = np.fromiter(chain.from_iterable(closed), dtype=np.int32, count=int(lengths.sum()))
        return cls(ids, np.concatenate(([0], np.cumsum(lengths))))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, index: int) -> NDArray[np.int32]:
        return self.ids[self.starts[index] : self.starts[index + 1]]

    def open(self) -> list[list[int]]:
        """The sentences as lists, without `</s>`."""
        starts, ids = self.starts.tolist(), self.ids.tolist()
        return [ids[first : end - 1] for first, end in pairwise(starts)]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each sentence, `</s>` included."""
        return np.diff(self.starts)

    def padded(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The sentences `rows` as one matrix, filled up on the right with `<pad>`."""
        matrix = np.full((len(rows), int(self.lengths[rows].max())), PAD, dtype=np.int64)
        for out, row in zip(matrix, rows, strict=True):
            out[: self.starts[row + 1] - self.starts[row]] = self[row]
        return matrix


class Batch(NamedTuple):
    """Some pairs: source ids (B, S), target ids (B, T), and which pairs of the corpus they are."""

    source_BS: NDArray[np.int64]
    target_BT: NDArray[np.int64]
    rows: NDArray[np.int64]


@dataclass(frozen=True)
class TokenizedPairs:
    """A corpus as ids: pair i is (sources[i], targets[i]).

    `resample(pairs, seed)`, if given, splits the texts anew for every epoch (see `SubwordDropout`).
    """

    sources: Sentences
    targets: Sentences
    resample: "Callable[[TokenizedPairs, Sequence[int]], TokenizedPairs] | None" = None

    def __len__(self) -> int:
        return len(self.targets)

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        return Batch(self.sources.padded(rows), self.targets.padded(rows), rows)

    def batches(self, batch_tokens: int, seed: int, epoch: int, first: int = 0) -> Iterator[Batch]:
        """The batches of one epoch, as `plan` has them, from number `first` on."""
        pairs = self.resample(self, [seed, epoch]) if self.resample else self
        return map(pairs.batch, pairs.plan(batch_tokens, seed, epoch)[first:])

    def plan(self, batch_tokens: int, seed: int, epoch: int) -> list[NDArray[np.int64]]:
        """The rows of each batch of one epoch: every pair once, the same for the same arguments.

        Pairs of like length share a batch, and a batch holds at most `batch_tokens` source and at
        most `batch_tokens` target positions, padding included; a pair longer than that comes alone.
        Pairs of equal length are shuffled, and so is the order of the batches.
        """
        random = np.random.default_rng([seed, epoch])
        shuffled = random.permutation(len(self))
        sources, targets = self.sources.lengths, self.targets.lengths
        order = shuffled[np.lexsort((sources[shuffled], targets[shuffled]))]
        widths = np.maximum(sources, targets)[order]
        cuts = _cuts(widths, batch_tokens)
        batches = np.split(order, cuts)
        return [batches[i] for i in random.permutation(len(batches))]


def _cuts(widths: NDArray[np.int64], budget: int) -> list[int]:
    """Where to cut rows of these widths so that rows x widest row stays within the budget."""
    cuts, first, widest = [], 0, 0
    for index, width in enumerate(widths.tolist()):
        widest = max(widest, width)
        if index > first and widest * (index - first + 1) > budget:
            cuts.append(index)
            first, widest = index, width
    return cuts
