"""The engine for a GPU: a cache that is written in place, and a step that is recorded once and replayed.

A step of decoding is some hundred small kernels, which take less time than starting them one by one. Recorded as a
CUDA graph, one call starts them all; for that no tensor may move or change its shape. So sources, rows and targets get
room by steps, a few shapes in all, and rows that have ended are computed on until half of them have. The search for the
best tokens of a step is recorded too, and what search asks for comes back in one piece. On the CPU the same runs
unrecorded.

Axes: N rows of room, M rows of the search, S room for source positions, L room for target positions, G key-value
heads, K head width, V vocabulary, C candidates, J blocks of the vocabulary, W scores of a block, X scores.
"""

import copy
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import RLock
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from glassformer.arguments import checked
from glassformer.cuda_graphs import Function, recorded
from glassformer.engine.checking import refuse_wrong_ids
from glassformer.engine.eager import EagerEngine
from glassformer.model import Transformer
from glassformer.model.attention import HAS_TRITON
from glassformer.model.cache import DecoderCache, KeysValues
from glassformer.search.protocol import Floats, Ints
from glassformer.special import EOS, PAD

BLOCK = 128  # scores whose best is found first
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


class Decoding:
    """The tensors of a step, all of fixed shape, and its recordings."""

    def __init__(self, model: Transformer, room: Room, memory: DecoderCache) -> None:
        """Empty; `memory` is any cache of this model before its first token."""
        self.model, self.room = model, room
        device = memory.source_mask_B11S.device
        # What the host tells a step: the token of each row, the row whose past it has, and the place of all.
        self._told = torch.zeros(2 * room.rows + 1, dtype=torch.int64, device=device)
        self.tokens_N1, self.rows_N = self._told[: room.rows, None], self._told[room.rows : -1]
        place = self._told[-1]
        layers = [KeysValuesInPlace.zeros(room.rows, room.target, one, place) for one in memory.memory]
        sources = [KeysValuesInPlace.zeros(room.rows, room.source, one, place) for one in memory.memory]
        mask_N11S = torch.zeros(room.rows, 1, 1, room.source, dtype=torch.bool, device=device)
        mask_N11S[..., 0] = True  # attention over nothing is not defined
        self.cache = DecoderCache(tuple(layers), tuple(KeysValues(*one) for one in sources), mask_N11S, room.target)
        type_ = torch.bfloat16 if model.generator.weight.dtype == torch.bfloat16 else torch.float32
        self.logits_NV = torch.zeros(room.rows, model.config.vocab_size, device=device, dtype=type_)
        self.log_z_N1 = torch.zeros(room.rows, 1, device=device)
        self._step, self._reordered_step = recorded(self._compute, device), recorded(self._reorder_and_compute, device)
        self._best: dict[tuple[int, tuple[int, ...]], Function] = {}
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
        self._told.copy_(torch.from_numpy(np.concatenate([tokens_N, rows, [lease.place]])), non_blocking=True)
        (self._step if rows_N is None else self._reordered_step)()
        lease.place += 1

    def best(self, count: int, suppressed: tuple[int, ...]) -> Tensor:
        """(N, 2 C): ids and log-probabilities of the best, of equal ones the lowest id first."""
        if (count, suppressed) not in self._best:
            device = self.logits_NV.device
            forbidden = torch.tensor(suppressed, dtype=torch.int64, device=device)
            self._best[count, suppressed] = recorded(lambda: self._choose(count, forbidden), device)
        return self._best[count, suppressed]()[0]

    def _reorder_and_compute(self) -> tuple[Tensor, ...]:
        for layer in self.cache.past:
            for tensor in layer:
                tensor.copy_(tensor.index_select(0, self.rows_N))
        return self._compute()

    def _compute(self) -> tuple[Tensor, ...]:
        hidden_N1D, _ = self.model.decode(self.tokens_N1, self.cache)
        self.logits_NV.copy_(self.model.logits(hidden_N1D[:, -1]))
        self.log_z_N1.copy_(_log_z(self.logits_NV))
        return ()

    def _choose(self, count: int, forbidden: Tensor) -> tuple[Tensor, ...]:
        allowed_NV = self.logits_NV.index_fill(1, forbidden, -torch.inf)
        ids_NC = best_ids(allowed_NV, count)
        log_probs_NC = allowed_NV.gather(1, ids_NC).float() - self.log_z_N1
        return (torch.cat([ids_NC, log_probs_NC.double()], dim=1),)  # float64 holds both exactly

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


@dataclass(frozen=True)
class StaticFollowing:
    """What may follow the rows of a step, as long as no other step is made."""

    decoding: Decoding
    rows_M: Ints

    @torch.inference_mode()
    def best(self, count: int, suppressed: Sequence[int]) -> tuple[Ints, Floats]:
        """The likeliest tokens that are not suppressed, of equal ones the lowest id first; NaN is passed on."""
        found_NX = self.decoding.best(count, tuple(suppressed)).cpu().numpy()[self.rows_M]
        ids_MC, log_probs_MC = np.split(found_NX, 2, axis=1)
        return ids_MC.astype(np.int64), log_probs_MC.astype(np.float32)

    @torch.inference_mode()
    def log_probs(self) -> Floats:
        """log_probs_MV of every token."""
        rows_M = torch.from_numpy(self.rows_M).to(self.decoding.logits_NV.device)
        log_probs_MV: Floats = (self.decoding.logits_NV[rows_M].float() - self.decoding.log_z_N1[rows_M]).cpu().numpy()
        return log_probs_MV


@dataclass(frozen=True)
class StaticState:
    """Which rows of a decoding the search goes on with; a row may come more than once until the next step gives each
    its own. It may be used once: what is written is written in place."""

    decoding: Decoding
    lease: Lease
    rows_M: Ints
    place: int = 0  # target positions read

    def select(self, rows_M: Ints) -> "StaticState":
        """The state of these rows."""
        return replace(self, rows_M=self.rows_M[rows_M])


def _log_z(logits_NV: Tensor) -> Tensor:
    """log of the sum of exp(logit) over each row, float32 (N, 1)."""
    if logits_NV.is_cuda and HAS_TRITON:
        from glassformer.engine.log_sum_exp import log_sum_exp  # needs Triton

        return log_sum_exp(logits_NV)
    return logits_NV.float().logsumexp(-1, keepdim=True)


def best_ids(scores_NV: Tensor, count: int) -> Tensor:
    """(N, C): the ids of the `count` best scores, bfloat16 or float32, of equal ones the lowest first; NaN is best.

    Any that is among the best C is in one of the C blocks whose best are best, as each block before its own has a
    score that comes before it. So the only pass over all scores is for the best of each block.
    """
    vocabulary = scores_NV.shape[1]
    blocks_NJW = functional.pad(scores_NV, (0, -vocabulary % BLOCK), value=-torch.inf).unflatten(1, (-1, BLOCK))
    count, places_J = min(count, vocabulary), torch.arange(blocks_NJW.shape[1], device=scores_NV.device)
    chosen_NC1 = _first(blocks_NJW.amax(-1), places_J, min(count, len(places_J)))[..., None]
    ids_NX = (chosen_NC1 * BLOCK + torch.arange(BLOCK, device=scores_NV.device)).flatten(1)
    scores_NX = blocks_NJW.gather(1, chosen_NC1.expand(-1, -1, BLOCK)).flatten(1)
    return ids_NX.gather(1, _first(scores_NX, ids_NX, count))


def _first(scores_NX: Tensor, ids_NX: Tensor, count: int) -> Tensor:
    """Where the best scores are, of equal ones that of the lowest id first.

    topk leaves open which of equal scores it takes, so it gets keys that are all different: a score's bits, which as
    integers have the same order once the negative ones are turned round, and below them the id.
    """
    exact_NX = scores_NX.float() + 0.0  # no -0, whose bits are not those of 0
    bits_NX = exact_NX.view(torch.int32).long()
    highest = 2**31 - 1  # all bits but the sign
    ordered_NX = torch.where(bits_NX < 0, bits_NX ^ highest, bits_NX).masked_fill(exact_NX.isnan(), highest)
    return (ordered_NX * 2**32 - ids_NX).topk(count, dim=1).indices


class StaticEngine(EagerEngine):
    """Translates in room of fixed shapes, token by token what `EagerEngine` translates; it scores as that one does."""

    def __init__(self, model: Transformer, bfloat16: bool = False) -> None:
        """`bfloat16`: translate by a copy of the parameters in that type."""
        super().__init__(model)  # which makes no copy of its own
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
        return StaticState(decoding, lease, rows_M)

    @torch.inference_mode()
    def step(  # type: ignore[override]
        self, tokens_M: Ints, state: StaticState
    ) -> tuple[StaticFollowing, StaticState]:
        """Read one more token of each row: what may follow, and the state after it."""
        if state.decoding.holder is not state.lease or state.place != state.lease.place:
            raise RuntimeError("a state that was left is used again: its room may be another's now")
        self.model.config.check_length(state.lease.place + 1)
        state, order_N = self._arranged(state)
        decoding = state.decoding
        tokens_N = np.full(decoding.room.rows, EOS, dtype=np.int64)
        tokens_N[state.rows_M] = tokens_M
        decoding.step(tokens_N, order_N, state.lease)
        return StaticFollowing(decoding, state.rows_M), replace(state, place=state.lease.place)

    def _arranged(self, state: StaticState) -> tuple[StaticState, Ints | None]:
        """The state with a row of its own for each row of the search and room for one more token; and, where rows are
        to get the past of others, of which."""
        room, chosen_M, sources_N = state.decoding.room, state.rows_M, state.lease.sources_N
        if state.lease.place == room.target:
            return self._moved(state, min(2 * room.target, self.max_length)), None
        if 2 * len(chosen_M) <= room.rows:
            return self._moved(state, room.target), None
        if len(np.unique(chosen_M)) == len(chosen_M):
            return state, None
        rows_M = _rows_of(sources_N[chosen_M], sources_N)
        if rows_M is None:
            return self._moved(state, room.target), None
        order_N = np.arange(room.rows)
        order_N[rows_M] = chosen_M
        return replace(state, rows_M=rows_M), order_N

    def _moved(self, state: StaticState, target: int) -> StaticState:
        """The state in another decoding, with room for its rows and for `target` target positions."""
        old, lease = state.decoding, state.lease
        room, sources_M = Room(_power(len(state.rows_M)), old.room.source, target), lease.sources_N[state.rows_M]
        decoding, new = self._take(room, old.cache, sources_M, lease.place)
        chosen_M = torch.from_numpy(state.rows_M).to(self.device, non_blocking=True)
        decoding.read_past(old.cache, chosen_M, lease.place)
        decoding.read_memory(old.cache, chosen_M)
        old.leave()
        return StaticState(decoding, new, np.arange(len(state.rows_M)), new.place)

    def _take(self, room: Room, like: DecoderCache, sources_N: Ints, place: int) -> tuple[Decoding, Lease]:
        """A decoding that nobody uses, of the room asked for."""
        with self._lock:
            known = self._free.setdefault(room, [])
            decoding = next((one for one in known if one.holder is None), None)
            if decoding is None:
                decoding = Decoding(self._translating, room, like)
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


def _rows_of(sources_M: Ints, sources_N: Ints) -> Ints | None:
    """A row of its own for each of `sources_M`, of those that read the same source; None where these are too few."""
    searching_M, there_N = np.argsort(sources_M, kind="stable"), np.argsort(sources_N, kind="stable")
    wanted_M, found_N = sources_M[searching_M], sources_N[there_N]
    turns_M = np.arange(len(wanted_M)) - np.searchsorted(wanted_M, wanted_M)
    places_M = np.searchsorted(found_N, wanted_M) + turns_M
    if places_M.max() >= len(found_N) or (found_N[places_M] != wanted_M).any():
        return None
    rows_M = np.empty_like(searching_M)
    rows_M[searching_M] = there_N[places_M]
    return rows_M


def _power(rows: int) -> int:
    """The next power of two."""
    return 1 << (rows - 1).bit_length()
