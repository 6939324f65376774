"""The engine for a GPU: a cache that is written in place, and a step that is recorded once and replayed.

A step of decoding is some hundred small kernels, which take less time than starting them one by one. Recorded as a
CUDA graph, one call starts them all; for that no tensor may move or change its shape. So sources, rows and targets get
room by steps, a few shapes in all, and rows that have ended are computed on until half of them have. Not measured on a
device yet; on the CPU the same steps run unrecorded.

Axes: N rows of room, M rows of the search, S room for source positions, L room for target positions, G key-value
heads, K head width, V vocabulary.
"""

import copy
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import RLock
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from glassformer.arguments import checked
from glassformer.engine.checking import refuse_wrong_ids
from glassformer.engine.eager import EagerEngine, EagerFollowing
from glassformer.model import Transformer
from glassformer.model.cache import DecoderCache, KeysValues
from glassformer.search.protocol import Ints
from glassformer.special import EOS, PAD

SOURCE_STEP, TARGET_STEP = 16, 32  # room for positions is a multiple of them
MOST_ROOMS = 32  # that are kept, each with its recording


class Room(NamedTuple):
    """For how many rows, source positions and target positions there is room."""

    rows: int
    source: int
    target: int


class KeysValuesInPlace(KeysValues):
    """Keys and values (N, G, L, K) that are written where they are; `place` says how many positions are."""

    place: Tensor

    @classmethod
    def zeros(cls, rows: int, room: int, like: KeysValues, place: Tensor) -> "KeysValuesInPlace":
        """Empty, but for `like`'s heads, width and type."""
        shape = rows, like.keys_BGSK.shape[1], room, like.keys_BGSK.shape[3]
        made = cls(*(tensor.new_zeros(shape) for tensor in like))
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


@dataclass
class Decoding:
    """The tensors of a step, all of fixed shape, and its recording."""

    model: Transformer
    room: Room
    cache: DecoderCache
    place: Tensor
    tokens_N1: Tensor
    logits_NV: Tensor
    log_z_N1: Tensor
    graph: "torch.cuda.CUDAGraph | None" = None
    lease: "weakref.ref[Lease] | None" = field(default=None, repr=False)

    @classmethod
    def make(cls, model: Transformer, room: Room, memory: DecoderCache) -> "Decoding":
        """Empty; `memory` is any cache of this model before its first token."""
        device = memory.source_mask_B11S.device
        place = torch.zeros((), dtype=torch.int64, device=device)
        layers = [KeysValuesInPlace.zeros(room.rows, room.target, one, place) for one in memory.memory]
        sources = [KeysValuesInPlace.zeros(room.rows, room.source, one, place) for one in memory.memory]
        mask_N11S = torch.zeros(room.rows, 1, 1, room.source, dtype=torch.bool, device=device)
        mask_N11S[..., 0] = True  # attention over nothing is not defined
        cache = DecoderCache(tuple(layers), tuple(KeysValues(*one) for one in sources), mask_N11S, room.target)
        tokens_N1 = torch.zeros(room.rows, 1, dtype=torch.int64, device=device)
        logits_NV = torch.zeros(room.rows, model.config.vocab_size, device=device)
        return cls(model, room, cache, place, tokens_N1, logits_NV, torch.zeros(room.rows, 1, device=device))

    @property
    def holder(self) -> Lease | None:
        """Who uses it; None as soon as no state does any more."""
        return self.lease() if self.lease else None

    def take(self, sources_N: Ints, place: int) -> Lease:
        """Begin anew, for one sequence of states."""
        lease = Lease(sources_N, place)
        self.lease = weakref.ref(lease)
        return lease

    def step(self, tokens_N: Ints, lease: Lease) -> None:
        """Read one more token of each row; logits and log Z are then where they always are."""
        self.tokens_N1.copy_(torch.from_numpy(tokens_N)[:, None], non_blocking=True)
        self.place.fill_(lease.place)
        if self.graph:
            self.graph.replay()
        elif self.place.is_cuda:
            self.graph = self._recorded()
            self.graph.replay()
        else:
            self._compute()
        lease.place += 1

    def _compute(self) -> None:
        hidden_N1D, _ = self.model.decode(self.tokens_N1, self.cache)
        self.logits_NV.copy_(self.model.logits(hidden_N1D[:, -1]))
        self.log_z_N1.copy_(self.logits_NV.logsumexp(-1, keepdim=True))

    def _recorded(self) -> torch.cuda.CUDAGraph:
        """The recording of a step; it runs first on another stream, as PyTorch's notes on CUDA graphs want it.

        To run it again changes nothing: it writes the same keys and values at the same place.
        """
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(2):
                self._compute()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):  # other threads may translate meanwhile
            self._compute()
        return graph

    def read_past(self, cache: DecoderCache, rows_M: Tensor, targets: int) -> None:
        """Copy `targets` target positions of some rows of another cache, or of the own, into the first rows."""
        count = len(rows_M)
        for mine, other in zip(self.cache.past, cache.past, strict=True):
            for ours, theirs in zip(mine, other, strict=True):
                ours[:count, :, :targets] = theirs[:, :, :targets].index_select(0, rows_M)

    def read_memory(self, cache: DecoderCache, rows_M: Tensor) -> None:
        """Copy what some rows of another cache, or of the own, read of their sources into the first rows."""
        count = len(rows_M)
        for mine, other in zip(self.cache.memory, cache.memory, strict=True):
            for ours, theirs in zip(mine, other, strict=True):
                ours[:count, :, : theirs.shape[2]] = theirs.index_select(0, rows_M)
        mask_M11S = cache.source_mask_B11S.index_select(0, rows_M)
        self.cache.source_mask_B11S[:count] = functional.pad(mask_M11S, (0, self.room.source - mask_M11S.shape[-1]))


@dataclass(frozen=True)
class StaticState:
    """Which rows of a decoding are those of the search. It may be used once: what is written is written in place."""

    engine: "StaticEngine"
    decoding: Decoding
    lease: Lease
    rows_M: Ints

    def select(self, rows_M: Ints) -> "StaticState":
        """The state of these rows. Where none comes twice and most are left, nothing is moved."""
        chosen_M = self.rows_M[rows_M]
        if len(np.unique(chosen_M)) == len(chosen_M) and 2 * len(chosen_M) > self.decoding.room.rows:
            return StaticState(self.engine, self.decoding, self.lease, chosen_M)
        return self.engine.moved(self, chosen_M, self.decoding.room.target)


class StaticEngine(EagerEngine):
    """Translates in room of fixed shapes, token by token what `EagerEngine` translates; it scores as that one does."""

    def __init__(self, model: Transformer, bfloat16: bool = False) -> None:
        """`bfloat16`: translate by a copy of the parameters in that type."""
        super().__init__(model, bfloat16)
        self._translating = copy.deepcopy(model).bfloat16() if bfloat16 else model
        self._free: dict[Room, list[Decoding]] = {}
        self._lock = RLock()

    @checked
    @torch.inference_mode()
    def encode(self, sources: Sequence[Sequence[int]]) -> StaticState:  # type: ignore[override]
        """Read the sources; cross-attention's keys and values are computed once, here."""
        refuse_wrong_ids(sources, self.model.config)
        longest = _rounded(max(map(len, sources)), SOURCE_STEP, self.max_length)
        source_BS = self._matrix([[*ids, *[PAD] * (longest - len(ids))] for ids in sources])
        cache = self._translating.start(self._translating.encode(source_BS))
        room = Room(_power(len(sources)), longest, min(TARGET_STEP, self.max_length))
        rows_M = np.arange(len(sources))
        decoding, lease = self._take(room, cache, rows_M, 0)
        decoding.read_memory(cache, torch.arange(len(sources), device=self.device))
        return StaticState(self, decoding, lease, rows_M)

    @torch.inference_mode()
    def step(  # type: ignore[override]
        self, tokens_M: Ints, state: StaticState
    ) -> tuple[EagerFollowing, StaticState]:
        """Read one more token of each row: what may follow, and the state after it."""
        if state.decoding.holder is not state.lease:
            raise RuntimeError("a state that was left is used again: its room may be another's now")
        room = state.decoding.room
        self.model.config.check_length(state.lease.place + 1)
        if state.lease.place == room.target:
            state = self.moved(state, state.rows_M, min(2 * room.target, self.max_length))
        decoding = state.decoding
        tokens_N = np.full(decoding.room.rows, EOS, dtype=np.int64)
        tokens_N[state.rows_M] = tokens_M
        decoding.step(tokens_N, state.lease)
        rows_M = torch.from_numpy(state.rows_M).to(self.device, non_blocking=True)
        return EagerFollowing(decoding.logits_NV[rows_M], decoding.log_z_N1[rows_M]), state

    @torch.inference_mode()
    def moved(self, state: StaticState, rows_M: Ints, target: int) -> StaticState:
        """The state of these rows of its decoding, in room for `target` target positions: its own where that fits."""
        old, lease = state.decoding, state.lease
        room, sources_M = Room(_power(len(rows_M)), old.room.source, target), lease.sources_N[rows_M]
        chosen_M = torch.from_numpy(rows_M).to(self.device, non_blocking=True)
        stays = room == old.room
        if stays:
            decoding, new = old, old.take(sources_M, lease.place)
        else:
            decoding, new = self._take(room, old.cache, sources_M, lease.place)
            old.lease = None
        decoding.read_past(old.cache, chosen_M, lease.place)
        if not (stays and np.array_equal(sources_M, lease.sources_N[: len(sources_M)])):
            decoding.read_memory(old.cache, chosen_M)
        return StaticState(self, decoding, new, np.arange(len(rows_M)))

    def _take(self, room: Room, like: DecoderCache, sources_N: Ints, place: int) -> tuple[Decoding, Lease]:
        """A decoding that nobody uses, of the room asked for."""
        with self._lock:
            known = self._free.setdefault(room, [])
            decoding = next((one for one in known if one.holder is None), None)
            if decoding is None:
                decoding = Decoding.make(self._translating, room, like)
                known.append(decoding)
                self._forget_some()
            return decoding, decoding.take(sources_N, place)

    def _forget_some(self) -> None:
        """Let go what nobody uses where there is too much, the oldest rooms first."""
        too_many = sum(map(len, self._free.values())) - MOST_ROOMS
        for room in list(self._free)[: max(0, too_many)]:
            self._free[room] = [one for one in self._free[room] if one.holder is not None]
            if not self._free[room]:
                del self._free[room]


def _rounded(length: int, step: int, most: int) -> int:
    return max(length, min(most, -(-length // step) * step))


def _power(rows: int) -> int:
    """The next power of two."""
    return 1 << (rows - 1).bit_length()
