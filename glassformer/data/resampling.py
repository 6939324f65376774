"""Training text made anew in every epoch: modified, and split into other pieces (subword regularisation)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

import numpy as np

from glassformer.data.augmentation import augmented
from glassformer.data.batches import TokenizedPairs
from glassformer.data.modifiers import Sides
from glassformer.text.tokenizer import Ids, Tokenizer


@dataclass(frozen=True)
class Resampling:
    """Pairs of ids, read back to text, modified, and split again, on both sides.

    `dropout` splits each text at random (`Tokenizer.sample_all`); 0: as always. `modifiers`: the probability of each
    (`augmented`).
    """

    source: Tokenizer
    target: Tokenizer
    dropout: float
    max_length: int
    modifiers: Mapping[str, float] = field(default_factory=dict)

    def __call__(self, pairs: TokenizedPairs, seed: Sequence[int]) -> TokenizedPairs:
        """`pairs`, each made anew; the same for the same seed. A pair that would get longer than `max_length` stays."""
        *seeds, modifying = np.random.SeedSequence(list(seed)).generate_state(3).tolist()
        ids = list(zip(pairs.sources.to_lists(), pairs.targets.to_lists(), strict=True))
        texts = self._texts(ids)
        new = augmented(texts, self.modifiers, self._symbols, Random(modifying)) if self.modifiers else texts
        rows = [row for row, text in enumerate(new) if self.dropout or text != texts[row]]
        sides = zip(*(new[row] for row in rows), strict=True)
        split = zip(*map(self._split, (self.source, self.target), sides, seeds), strict=True)
        for row, sampled in zip(rows, split, strict=False):
            if all(sampled) and max(map(len, sampled)) < self.max_length:
                ids[row] = sampled
        return TokenizedPairs.from_lists(ids)

    def _texts(self, ids: Sequence[tuple[list[int], list[int]]]) -> list[Sides]:
        sources, targets = zip(*ids, strict=True)
        return list(map(Sides, self.source.decode_all(sources), self.target.decode_all(targets)))

    def _split(self, tokenizer: Tokenizer, texts: Sequence[str], seed: int) -> Ids:
        return tokenizer.sample_all(texts, self.dropout, seed) if self.dropout else tokenizer.encode_all(texts)

    @property
    def _symbols(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.source.user_symbols + self.target.user_symbols))
