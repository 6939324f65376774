"""Subword regularisation: the text is split into other pieces in every epoch (Kudo 2018, Provilkov et al. 2020)."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import add

import numpy as np

from glassformer.data.batches import TokenizedPairs
from glassformer.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class SubwordDropout:
    """Pairs of ids, split anew by `Tokenizer.sample_all` on both sides; a target's symbol stays before its source."""

    source: Tokenizer
    target: Tokenizer
    rate: float
    max_length: int

    def __call__(self, pairs: TokenizedPairs, seed: Sequence[int]) -> TokenizedPairs:
        """`pairs`, each sampled; the same for the same seed. A pair that would get longer than `max_length` stays."""
        first, second = np.random.SeedSequence(list(seed)).generate_state(2).tolist()
        sources, targets = pairs.sources.to_lists(), pairs.targets.to_lists()
        symbols, texts = zip(*map(self.source.split_target, sources), strict=True)
        sampled = zip(
            map(add, symbols, self.source.sample_all(self.source.decode_all(texts), self.rate, first)),
            self.target.sample_all(self.target.decode_all(targets), self.rate, second),
            strict=True,
        )
        return TokenizedPairs.from_lists(
            new if max(map(len, new)) < self.max_length else old
            for old, new in zip(zip(sources, targets, strict=True), sampled, strict=True)
        )
