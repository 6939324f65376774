"""Training text made anew in every epoch: modified, and split into other pieces (subword regularisation)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

import numpy as np

from glassformer.data.augmentation import augmented
from glassformer.data.batches import TokenizedPairs
from glassformer.data.modifiers import Sides
from glassformer.text.directions import rows_of_each
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
        symbols, sources = zip(*map(self.source.split_target, pairs.sources.to_lists()), strict=True)
        firsts, targets = zip(*map(self.target.split_target, pairs.targets.to_lists()), strict=True)
        ids = list(zip(sources, targets, strict=True))
        texts = self._texts(ids)
        new = self._modified(texts, symbols, Random(modifying)) if self.modifiers else texts
        rows = [row for row, text in enumerate(new) if self.dropout or text != texts[row]]
        sides = zip(*(new[row] for row in rows), strict=True)
        split = zip(*map(self._split, (self.source, self.target), sides, seeds), strict=True)
        for row, sampled in zip(rows, split, strict=False):
            if (
                all(sampled)
                and max(len(symbols[row]) + len(sampled[0]), len(firsts[row]) + len(sampled[1])) < self.max_length
            ):
                ids[row] = sampled
        return TokenizedPairs.from_lists(
            (symbol + source, first + target)
            for symbol, first, (source, target) in zip(symbols, firsts, ids, strict=True)
        )

    def _modified(self, texts: list[Sides], symbols: Sequence[list[int]], random: Random) -> list[Sides]:
        """The texts after the modifiers; only those of one target, as their symbols say, are joined."""
        new = list(texts)
        for rows in rows_of_each("".join(map(self.source.piece, symbol)) for symbol in symbols).values():
            modified = augmented([texts[row] for row in rows], self.modifiers, self._symbols, random)
            for row, text in zip(rows, modified, strict=True):
                new[row] = text
        return new

    def _texts(self, ids: Sequence[tuple[list[int], list[int]]]) -> list[Sides]:
        sources, targets = zip(*ids, strict=True)
        return list(map(Sides, self.source.decode_all(sources), self.target.decode_all(targets)))

    def _split(self, tokenizer: Tokenizer, texts: Sequence[str], seed: int) -> Ids:
        return tokenizer.sample_all(texts, self.dropout, seed) if self.dropout else tokenizer.encode_all(texts)

    @property
    def _symbols(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.source.user_symbols + self.target.user_symbols))
