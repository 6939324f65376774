"""A corpus that is read and tokenized while training goes on, and never kept."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from glassformer.data.batches import POOL, Batch, Planning, Pool, Resample, TokenizedPairs, batches_of
from glassformer.data.check.checker import Checker
from glassformer.data.check.report import CheckReport, Problem, listed
from glassformer.data.config import DataConfig
from glassformer.data.store import CHUNK
from glassformer.data.texts import Texts
from glassformer.errors import InputError
from glassformer.text.pair_text import PairText
from glassformer.text.pairs import Pair
from glassformer.text.tokenizer import Tokenizers, encode_pairs


@dataclass(frozen=True)
class StreamedPairs:
    """Pairs in the order of their files, shuffled within pools of POOL pairs.

    A pair is checked only for its own faults and for being in `validation`: duplicates, conflicts and unusual lengths
    would take a reading of all pairs. `weights[i]` is how often each pair of
    text i comes in an epoch; of 0.5 a random half comes.
    """

    texts: Sequence[PairText]
    weights: Sequence[float]
    tokenizers: Tokenizers
    validation: Sequence[Pair]
    max_length: int
    drop: Collection[Problem]
    resample: Resample | None = None
    widths: tuple[int, ...] = ()
    _reports: list[CheckReport] = field(default_factory=list, init=False, compare=False)  # the latest epoch's alone

    @classmethod
    def from_texts(cls, texts: Texts, data: DataConfig, tokenizers: Tokenizers, max_length: int) -> "StreamedPairs":
        """The stream that `data` describes, each text once an epoch."""
        drop = set(map(Problem, data.drop))
        return cls(texts.parts, (1.0,) * len(texts.parts), tokenizers, texts.valid, max_length, drop)

    def batches(self, batch_tokens: int, seed: int, epoch: int, first: int = 0) -> Iterator[Batch]:
        """The batches of one epoch from number `first` on, which takes reading the text before them again.

        Raises InputError if nothing is left.
        """
        planning = Planning(batch_tokens, (seed, epoch), self.resample, self.widths)
        return batches_of(self.pools(seed, epoch), planning, first)

    def report(self) -> str:
        """What has been read and dropped of the latest epoch so far."""
        return "".join(map(_described, self._reports))

    def pools(self, seed: int, epoch: int) -> Iterator[Pool]:
        """The pairs of an epoch in the order of their files, POOL at a time."""
        checker = Checker(None, self.validation, "tokens", self.max_length, self.drop, judged=self.drop)
        self._reports[:] = [checker.report]
        kept = self._kept(checker, np.random.default_rng([seed, epoch]))
        first = 0
        while pool := list(islice(kept, POOL)):
            yield TokenizedPairs.from_lists(pool), np.arange(first, first + len(pool))
            first += len(pool)
        if not first:
            raise InputError(f"no usable pair in the stream ({_described(checker.report)}); give more pairs")

    def _kept(self, checker: Checker, random: np.random.Generator) -> Iterator[tuple[list[int], list[int]]]:
        for text, weight in zip(self.texts, self.weights, strict=True):
            pairs = iter(text)
            while chunk := list(islice(pairs, CHUNK)):
                times = (weight + random.random(len(chunk))).astype(int).tolist()
                ids = zip(*encode_pairs(chunk, self.tokenizers), strict=True)
                for pair, (source, target), count in zip(chunk, ids, times, strict=True):
                    if checker.keeps(0, pair, len(source) + 1, len(target) + 1):
                        yield from [(source, target)] * count


def _described(report: CheckReport) -> str:
    return f"{report.pairs:,} pairs read; dropped: {listed(report.dropped)}"
