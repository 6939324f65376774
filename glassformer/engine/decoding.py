"""A step of decoding in room of fixed shape: no tensor moves or changes its shape, so that a GPU replays its recording.

Axes: N rows of room, S room for source positions, L room for target positions, G key-value heads, K head width, V
vocabulary, C candidates, X layers.
"""

import weakref
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from glassformer.cuda_graphs import Function, recorded
from glassformer.engine.beam import Beam, Kind
from glassformer.engine.candidates import best, log_z
from glassformer.model import Transformer
from glassformer.model.cache import DecoderCache, KeysValues
from glassformer.search.protocol import Ints
from glassformer.special import EOS


class Room(NamedTuple):
    """For how many rows, source positions and target positions there is room."""

    rows: int
    source: int
    target: int


class KeysValuesInPlace(KeysValues):
    """Keys and values (N, G, L, K) that are written where they are; `place` says how many positions are."""

    place: Tensor

    @classmethod
    def at(cls, place: Tensor, both_N2GLK: Tensor) -> "KeysValuesInPlace":
        """Written into a tensor that has the keys and the values of each row."""
        made = cls(*both_N2GLK.unbind(1))
        made.place = place
        return made

    @property
    def length(self) -> Tensor:
        return self.place

    def append(self, new: KeysValues) -> "KeysValuesInPlace":
        for mine, one in zip(self, new, strict=True):
            mine.index_copy_(2, self.place[None], one)
        return self


@dataclass
class Lease:
    """Who holds it may write in the room that it is of."""

    sources_N: Ints  # which source each row reads
    place: int = 0  # target positions read


class Decoding:
    """The tensors of a step, all of fixed shape, and its recordings."""

    def __init__(self, model: Transformer, room: Room, memory: DecoderCache) -> None:
        """Empty; `memory` is any cache of this model before its first token."""
        self.model, self.room = model, room
        device = memory.source_mask_B11S.device
        # What the host tells a step: the token of each row, the row whose past it has, and the place of all.
        self._told = torch.zeros(2 * room.rows + 1, dtype=torch.int64, device=device)
        self.tokens_N1, self.rows_N = self._told[: room.rows, None], self._told[room.rows : -1]
        self.place = place = self._told[-1]
        # The past of a row, of all layers, lies side by side: a beam gives it to another row in one piece.
        self._past_NX2GLK = _zeros(room.rows, room.target, memory)
        layers = [KeysValuesInPlace.at(place, layer_N2GLK) for layer_N2GLK in self._past_NX2GLK.unbind(1)]
        sources = [KeysValues(*layer.unbind(1)) for layer in _zeros(room.rows, room.source, memory).unbind(1)]
        mask_N11S = torch.zeros(room.rows, 1, 1, room.source, dtype=torch.bool, device=device)
        mask_N11S[..., 0] = True  # attention over nothing is not defined
        self.cache = DecoderCache(tuple(layers), tuple(sources), mask_N11S, room.target)
        type_ = torch.bfloat16 if model.generator.weight.dtype == torch.bfloat16 else torch.float32
        self.logits_NV = torch.zeros(room.rows, model.config.vocab_size, device=device, dtype=type_)
        self.log_z_N1 = torch.zeros(room.rows, 1, device=device)
        self._step, self._reordered_step = recorded(self._compute, device), recorded(self._reorder_and_compute, device)
        self._best: dict[tuple[int, tuple[int, ...]], Function] = {}
        self._beams: dict[Kind, Beam] = {}
        self._grow: dict[tuple[Kind, tuple[int, ...]], Function] = {}
        self._lease: weakref.ref[Lease] | None = None

    @property
    def holder(self) -> Lease | None:
        """Who uses it; None as soon as no state does any more."""
        return self._lease() if self._lease else None

    def take(self, sources_N: Ints, place: int) -> Lease:
        """Begin anew, for one sequence of states."""
        lease = Lease(sources_N, place)
        self._lease = weakref.ref(lease)
        return lease

    def leave(self) -> None:
        """Nobody uses it any more."""
        self._lease = None

    def step(self, tokens_N: Ints, rows_N: Ints | None, lease: Lease) -> None:
        """Read one more token of each row; logits and log Z are then where they always are.

        With `rows_N` each row first gets the past of the row that is named.
        """
        rows = np.arange(self.room.rows) if rows_N is None else rows_N
        self.tell(tokens_N, rows, lease.place)
        (self._step if rows_N is None else self._reordered_step)()
        lease.place += 1

    def tell(self, tokens_N: Ints, rows_N: Ints, place: int) -> None:
        """Say what the next step reads, at which place, and the row whose past each row gets before."""
        self._told.copy_(torch.from_numpy(np.concatenate([tokens_N, rows_N, [place]])), non_blocking=True)

    def beam(self, kind: Kind) -> Beam:
        """The beam of this kind whose rows are those of the room."""
        if kind not in self._beams:
            sentences, longest = self.room.rows // kind.width, self.model.config.max_length
            self._beams[kind] = Beam(kind, sentences, self.room.target, longest, self.logits_NV.device)
        return self._beams[kind]

    def grow(self, kind: Kind, suppressed: tuple[int, ...], lease: Lease) -> Tensor:
        """A step of the beam, which tells the next one what to read: (B + 1), which sentences are done, and `odd_1`."""
        if (kind, suppressed) not in self._grow:
            beam, forbidden = self.beam(kind), self._ids(suppressed)
            self._grow[kind, suppressed] = recorded(lambda: self._grow_beam(beam, forbidden), self.logits_NV.device)
        lease.place += 1
        return self._grow[kind, suppressed]()[0]

    def best(self, count: int, suppressed: tuple[int, ...]) -> Tensor:
        """(N, 2 C): ids and log-probabilities of the best, of equal ones the lowest id first."""
        if (count, suppressed) not in self._best:
            forbidden = self._ids(suppressed)
            self._best[count, suppressed] = recorded(lambda: self._choose(count, forbidden), self.logits_NV.device)
        return self._best[count, suppressed]()[0]

    def _ids(self, tokens: tuple[int, ...]) -> Tensor:
        return torch.tensor(tokens, dtype=torch.int64, device=self.logits_NV.device)

    def _reorder_and_compute(self) -> tuple[Tensor, ...]:
        self._past_NX2GLK.copy_(self._past_NX2GLK.index_select(0, self.rows_N))
        return self._compute()

    def _compute(self) -> tuple[Tensor, ...]:
        hidden_N1D, _ = self.model.decode(self.tokens_N1, self.cache)
        self.logits_NV.copy_(self.model.logits(hidden_N1D[:, -1]))
        self.log_z_N1.copy_(log_z(self.logits_NV))
        return ()

    def _grow_beam(self, beam: Beam, forbidden: Tensor) -> tuple[Tensor, ...]:
        if beam.kind.width > 1:
            self._reorder_and_compute()
        else:  # a sentence has no other row
            self._compute()
        tokens_N, rows_N = beam.grow(*self._candidates(beam.kind.continuations, forbidden), self.place)
        self.tokens_N1.copy_(tokens_N[:, None])
        self.rows_N.copy_(rows_N)
        self.place += 1
        return (torch.cat([beam.done_B, beam.odd_1]),)

    def _choose(self, count: int, forbidden: Tensor) -> tuple[Tensor, ...]:
        ids_NC, log_probs_NC = self._candidates(count, forbidden)
        return (torch.cat([ids_NC, log_probs_NC.double()], dim=1),)  # float64 holds both exactly

    def _candidates(self, count: int, forbidden: Tensor) -> tuple[Tensor, Tensor]:
        ids_NC, scores_NC = best(self.logits_NV, count, forbidden)
        return ids_NC, scores_NC - self.log_z_N1

    def go_on(self, other: "Decoding", kind: Kind, places_X: Tensor, place: int) -> None:
        """Read these sentences of a beam of another decoding, which has come to `place`, into the same kind of beam."""
        self.beam(kind).go_on(other.beam(kind), places_X)
        parents_N, tokens_N1 = (
            tensor.unflatten(0, (-1, kind.width))[places_X].flatten(0, 1) for tensor in (other.rows_N, other.tokens_N1)
        )
        self.read_past(other.cache, parents_N, place)
        self.read_memory(other.cache, parents_N)
        self.tell(np.full(self.room.rows, EOS), np.arange(self.room.rows), place)
        self.tokens_N1[: len(tokens_N1)] = tokens_N1

    def read_past(self, cache: DecoderCache, rows_M: Tensor, targets: int) -> None:
        """Copy `targets` target positions of some rows of another cache into the first rows."""
        count = len(rows_M)
        for mine, other in zip(self.cache.past, cache.past, strict=True):
            for ours, theirs in zip(mine, other, strict=True):
                ours[:count, :, :targets] = theirs[:, :, :targets].index_select(0, rows_M)

    def read_memory(self, cache: DecoderCache, rows_M: Tensor) -> None:
        """Copy what some rows of another cache read of their sources into the first rows."""
        count = len(rows_M)
        for mine, other in zip(self.cache.memory, cache.memory, strict=True):
            for ours, theirs in zip(mine, other, strict=True):
                ours[:count, :, : theirs.shape[2]] = theirs.index_select(0, rows_M)
        mask_M11S = cache.source_mask_B11S.index_select(0, rows_M)
        self.cache.source_mask_B11S[:count] = functional.pad(mask_M11S, (0, self.room.source - mask_M11S.shape[-1]))


def _zeros(rows: int, room: int, like: DecoderCache) -> Tensor:
    """(N, X, 2, G, L, K): keys and values of X layers, with the heads, width and type of another cache's."""
    keys_BGSK = like.memory[0].keys_BGSK
    return keys_BGSK.new_zeros(rows, len(like.memory), 2, keys_BGSK.shape[1], room, keys_BGSK.shape[3])
