"""What decoding remembers: a value that goes in and comes out, never a hidden member.

Axes: B batch, G key-value heads, S positions held, K head width, N rows chosen.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from glassformer.model.positions import Place


class KeysValues(NamedTuple):
    """Keys and values of one attention: (B, G, S, K) each; G key-value heads."""

    keys_BGSK: Tensor
    values_BGSK: Tensor

    @property
    def length(self) -> Place:
        """S, the number of positions held."""
        return self.keys_BGSK.shape[2]

    def append(self, new: "KeysValues") -> "KeysValues":
        """These positions and, after them, the new ones."""
        return KeysValues(*(torch.cat(pair, dim=2) for pair in zip(self, new, strict=True)))

    def select(self, rows_N: Tensor) -> "KeysValues":
        """The given rows of the batch, in that order; a row may come more than once, or not at all."""
        return KeysValues(*(tensor.index_select(0, rows_N) for tensor in self))


@dataclass(frozen=True)
class DecoderCache:
    """The decoder's state between two steps.

    `past`: self-attention's keys and values, a layer each, grown by every step (empty at the start).
    `memory`: cross-attention's, computed once for each source.
    `source_mask_B11S`: which source positions are words.
    `room`: for how many positions `past` has room, where it is written in place; 0: it grows.
    """

    past: tuple[KeysValues, ...]
    memory: tuple[KeysValues, ...]
    source_mask_B11S: Tensor
    room: int = 0

    @property
    def length(self) -> Place:
        """Target positions decoded so far."""
        return self.past[0].length if self.past else 0

    def select(self, rows_N: Tensor, same_sources: bool = False) -> "DecoderCache":
        """The cache of the given rows. `same_sources`: row n's source stays what it was.

        Then a beam that only reorders its hypotheses need not copy what belongs to the source.
        """
        past = tuple(layer.select(rows_N) for layer in self.past)
        if same_sources:
            return DecoderCache(past, self.memory, self.source_mask_B11S)
        memory = tuple(layer.select(rows_N) for layer in self.memory)
        return DecoderCache(past, memory, self.source_mask_B11S.index_select(0, rows_N))
