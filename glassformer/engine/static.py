"""The engine for a GPU: a cache that is written in place, and a step that is recorded once and replayed.

A step of decoding is some hundred small kernels, which take less time than starting them one by one. Recorded as a
CUDA graph, one call starts them all; for that no tensor may move or change its shape. So sources, rows and targets get
room by steps, a few shapes in all, and rows that have ended are computed on until half of them have. Greedy search and
the beam are recorded too (`beam.py`); for other searches the best tokens of a step come back in one piece. On the CPU
the same runs unrecorded.

Axes: N rows of room, M rows of the search, B sentences, S room for source positions, V vocabulary, C candidates, X
numbers of a row.
"""

import copy
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from threading import RLock

import numpy as np
import torch

from glassformer.arguments import checked
from glassformer.device import Arriving
from glassformer.engine.beam import Kind
from glassformer.engine.checking import refuse_wrong_ids
from glassformer.engine.decoding import Decoding, Lease, Room
from glassformer.engine.eager import EagerEngine
from glassformer.model import Transformer
from glassformer.model.cache import DecoderCache
from glassformer.search import Hypothesis, SearchOptions
from glassformer.search.beam import hypotheses
from glassformer.search.constraints import Rules
from glassformer.search.protocol import Floats, Ints
from glassformer.special import EOS, PAD

SOURCE_STEP, TARGET_STEP = 16, 32  # room for positions is a multiple of them
MOST_ROOMS = 32  # that are kept, each with its recording


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


@dataclass(frozen=True)
class StaticBeam:
    """A beam that a decoding grows, and which sentence each of its places has."""

    decoding: Decoding
    lease: Lease
    kind: Kind
    sentences: Sequence[int]

    @property
    def places(self) -> int:
        """Sentences that there is room for."""
        return self.decoding.room.rows // self.kind.width

    @property
    def is_odd(self) -> bool:
        """Whether a path had nothing that may follow it, or NaN; the device is waited for."""
        return bool(self.decoding.beam(self.kind).odd_1)

    def grow(self, suppressed: tuple[int, ...]) -> Arriving:
        """Take a step; whether the sentence of each place is done, and `is_odd`."""
        return Arriving(self.decoding.grow(self.kind, suppressed, self.lease))

    def hypotheses(self, places: Collection[int], rules: Rules) -> dict[int, list[Hypothesis]]:
        """What was found for the sentences at these places; the device is waited for."""
        if not places:
            return {}
        beam, chosen = self.decoding.beam(self.kind), np.array(list(places))
        found = hypotheses(beam.finished.numpy().select(chosen), beam.live.numpy().select(chosen), rules)
        return dict(zip((self.sentences[place] for place in places), found, strict=True))


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
        decoding, lease = self._begun(sources, 1)
        return StaticState(decoding, lease, np.arange(len(sources)))

    def _begun(self, sources: Sequence[Sequence[int]], rows_each: int) -> tuple[Decoding, Lease]:
        """A decoding that has read the sources, each in so many rows next to each other."""
        refuse_wrong_ids(sources, self.model.config)
        longest = _rounded(max(map(len, sources)), SOURCE_STEP, self.max_length)
        source_BS = self._matrix([[*ids, *[PAD] * (longest - len(ids))] for ids in sources])
        cache = self._translating.start(self._translating.encode(source_BS))
        room = Room(_power(len(sources)) * rows_each, longest, min(TARGET_STEP, self.max_length))
        rows_M = np.arange(len(sources)).repeat(rows_each)
        decoding, lease = self._take(room, cache, rows_M, 0)
        decoding.read_memory(cache, torch.from_numpy(rows_M).to(self.device))
        return decoding, lease

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

    @checked
    @torch.inference_mode()
    def search(
        self, sources: Sequence[Sequence[int]], limits: Sequence[int], end: int, suppressed: Sequence[int],
        options: SearchOptions,
    ) -> list[list[Hypothesis]] | None:  # fmt: skip
        """What `glassformer.search.search` finds, greedily or with a beam, by steps that the device takes by itself.

        Whether a step was the last one is read while the next is taken. None where a rule needs more than the best
        tokens, and where a path has none.
        """
        if options.sample or options.repetition_penalty != 1 or options.no_repeat_ngram:
            return None
        self.model.config.check_length(max(limits))
        rules = Rules(options, end, tuple(suppressed), np.empty((len(limits), 0), dtype=np.int64))
        found: dict[int, list[Hypothesis]] = {}
        beam = self._begun_beam(sources, limits, rules)
        going, arriving = range(len(limits)), None
        for length in range(max(limits)):
            target = beam.decoding.room.target
            if length == target or 2 * len(going) <= beam.places:
                found |= beam.hypotheses(set(range(len(beam.sentences))).difference(going), rules)
                beam = self._moved_beam(beam, going, target if length < target else min(2 * target, self.max_length))
                going, arriving = range(len(going)), None
            before, arriving = arriving, beam.grow(rules.suppressed_at(length))
            if before:
                *done, odd = before.numbers
                going = [place for place in going if not done[place]]
                if odd or not going:
                    break
        if beam.is_odd:
            return None
        found |= beam.hypotheses(range(len(beam.sentences)), rules)
        return [found[sentence] for sentence in range(len(limits))]

    def _begun_beam(self, sources: Sequence[Sequence[int]], limits: Sequence[int], rules: Rules) -> StaticBeam:
        kind = Kind(rules.options.beam, rules.options.n_best, rules.end)
        decoding, lease = self._begun(sources, kind.width)
        decoding.beam(kind).begin(limits, rules.options.length_penalty)
        rows = decoding.room.rows
        decoding.tell(np.full(rows, self.start_id), np.arange(rows), 0)
        return StaticBeam(decoding, lease, kind, range(len(limits)))

    def _moved_beam(self, old: StaticBeam, places: Sequence[int], target: int) -> StaticBeam:
        """These sentences of a beam in another decoding, with room for `target` target positions."""
        sentences = [old.sentences[place] for place in places]
        room = Room(_power(len(places)) * old.kind.width, old.decoding.room.source, target)
        sources_N, place = np.array(sentences).repeat(old.kind.width), old.lease.place
        decoding, lease = self._take(room, old.decoding.cache, sources_N, place)
        decoding.go_on(old.decoding, old.kind, torch.tensor(places, device=self.device), place)
        old.decoding.leave()
        return StaticBeam(decoding, lease, old.kind, sentences)

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
