"""What decoding remembers: a value that goes in and comes out, never a hidden member.

Axes: B sentences, G key-value heads, S positions held, K head width, P paths of a sentence, T tokens of a path, N rows
chosen.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from glassformer.model.positions import Place

ROOM = 32  # positions of the smallest shelf that is not full


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

    def gather(self, rows_N: Tensor, positions_NT: Tensor) -> "KeysValues":
        """Of each of the given rows T positions, in that order."""
        return KeysValues(*(tensor.transpose(1, 2)[rows_N[:, None], positions_NT].transpose(1, 2) for tensor in self))


class Shelf:
    """Tensors with room for more positions than the `used` first ones."""

    def __init__(self, tensors: KeysValues, used: int) -> None:
        self.tensors, self.used = tensors, used

    @classmethod
    def holding(cls, kv: KeysValues, room: int) -> "Shelf":
        """A copy of keys and values, with room for so many positions."""
        batch, heads, _, width = kv.keys_BGSK.shape
        shelf = cls(KeysValues(*(tensor.new_empty(batch, heads, room, width) for tensor in kv)), 0)
        shelf.put(kv)
        return shelf

    def put(self, new: KeysValues) -> "ShelvedKeysValues":
        """Write behind what is there; all of it."""
        end = self.used + new.keys_BGSK.shape[2]
        for mine, one in zip(self.tensors, new, strict=True):
            mine[:, :, self.used : end] = one
        self.used = end
        return ShelvedKeysValues.on(self)


class ShelvedKeysValues(KeysValues):
    """Keys and values on a shelf, where others are put behind them without moving them; for inference.

    A value all the same: where others were put behind it before, it is copied to a shelf of its own.
    """

    shelf: Shelf

    @classmethod
    def on(cls, shelf: Shelf) -> "ShelvedKeysValues":
        """All that a shelf holds."""
        made = cls(*(tensor[:, :, : shelf.used] for tensor in shelf.tensors))
        made.shelf = shelf
        return made

    def append(self, new: KeysValues) -> "ShelvedKeysValues":
        """These positions and, after them, the new ones."""
        shelf, length = self.shelf, self.keys_BGSK.shape[2]
        end = length + new.keys_BGSK.shape[2]
        if shelf.used != length or end > shelf.tensors.keys_BGSK.shape[2]:
            shelf = Shelf.holding(self, max(ROOM, 2 * end))
        return shelf.put(new)


def shelved(kv: KeysValues) -> ShelvedKeysValues:
    """The same keys and values, on a shelf that they fill."""
    return ShelvedKeysValues.on(Shelf(kv, kv.keys_BGSK.shape[2]))


@dataclass(frozen=True)
class DecoderCache:
    """The decoder's state between two steps.

    `past`: self-attention's keys and values, a layer each, grown by every step (empty at the start).
    `memory`: cross-attention's, computed once for each source.
    `source_mask_B11S`: which source positions are words.
    `room`: for how many positions `past` has room, where it is written in place; 0: it grows.
    `paths_BPT`: where a sentence is continued in several ways, which positions of `past` are the T tokens of each of
    its P paths. So paths share what they have in common, and a beam moves none of it: it changes this table. None: one
    path, of all positions.
    """

    past: tuple[KeysValues, ...]
    memory: tuple[KeysValues, ...]
    source_mask_B11S: Tensor
    room: int = 0
    paths_BPT: Tensor | None = None

    @property
    def length(self) -> Place:
        """Target positions decoded so far."""
        if self.paths_BPT is not None:
            return self.paths_BPT.shape[2]
        return self.past[0].length if self.past else 0

    def with_paths(self) -> "DecoderCache":
        """The cache of a decoder before its first token, ready for paths."""
        empty = tuple(shelved(KeysValues(*(tensor[:, :, :0] for tensor in layer))) for layer in self.memory)
        mask_B11S = self.source_mask_B11S
        return replace(self, past=empty, paths_BPT=mask_B11S.new_empty((len(mask_B11S), 1, 0), dtype=torch.int64))

    def longer_paths(self) -> tuple[Tensor, Tensor]:
        """paths_BPT with the place of each path's next token, and what each then sees, (B, 1, P, S).

        The next tokens of a sentence's paths stand side by side behind its past.
        """
        assert self.paths_BPT is not None
        (batch, paths, _), held = self.paths_BPT.shape, self.past[0].keys_BGSK.shape[2]
        next_P1 = torch.arange(held, held + paths, device=self.paths_BPT.device)[:, None]
        paths_BPT = torch.cat([self.paths_BPT, next_P1.expand(batch, -1, -1)], dim=2)
        seen_BPS = torch.zeros(batch, paths, held + paths, dtype=torch.bool, device=paths_BPT.device)
        return paths_BPT, seen_BPS.scatter_(2, paths_BPT, True)[:, None]

    def select(self, rows_N: Tensor) -> "DecoderCache":
        """The cache of the given rows (on the processor), of all paths one after the other.

        Paths of a sentence that stand together share its past as before, if there are as many of each sentence; else
        each gets a past of its own.
        """
        assert self.paths_BPT is not None
        sentences_N = rows_N // self.paths_BPT.shape[1]
        sentences_B, counts_B = sentences_N.unique_consecutive(return_counts=True)
        paths_NT = self.paths_BPT.flatten(0, 1)[rows_N.to(self.paths_BPT.device)]
        each = len(rows_N) // max(1, len(sentences_B))
        if (counts_B == each).all():
            return replace(self._of_sentences(sentences_B), paths_BPT=paths_NT.unflatten(0, (-1, max(1, each))))
        past = tuple(shelved(layer.gather(sentences_N.to(paths_NT.device), paths_NT)) for layer in self.past)
        paths_NT = torch.arange(paths_NT.shape[1], device=paths_NT.device).expand_as(paths_NT)
        return replace(replace(self, past=())._of_sentences(sentences_N), past=past, paths_BPT=paths_NT[:, None])

    def _of_sentences(self, rows_N: Tensor) -> "DecoderCache":
        """The cache of these sentences, with whatever paths all of them have."""
        mask_B11S = self.source_mask_B11S
        if rows_N.equal(torch.arange(len(mask_B11S))):
            return self
        rows_N = rows_N.to(mask_B11S.device)
        past = tuple(shelved(layer.select(rows_N)) for layer in self.past)
        memory = tuple(layer.select(rows_N) for layer in self.memory)
        return replace(self, past=past, memory=memory, source_mask_B11S=mask_B11S.index_select(0, rows_N))
