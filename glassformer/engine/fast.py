"""The engine in C++: the model's numbers in float32 or with eight-bit linear maps, on the processor, without torch.

Axes: B sources, N rows of the search, S source positions, T target positions, V vocabulary, M candidates, P positions,
D d_model, K head width.
"""

import os
import weakref
from collections.abc import Callable, Sequence
from ctypes import byref, c_void_p
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from glassformer.arguments import checked, refuse_unequal, refuse_wrong_type
from glassformer.batching import batches_by_length, pad
from glassformer.data.shortlist import Shortlist
from glassformer.engine.checking import refuse_wrong_ids, refuse_wrong_room, refuse_wrong_step, refuse_wrong_targets
from glassformer.engine.native import library as native
from glassformer.engine.packing import GATED, LINE, Floats, Memory, PackedWeights, Weights, whole_panels
from glassformer.engine.protocol import TargetScore
from glassformer.errors import InputError, UsageError
from glassformer.model.config import ModelConfig
from glassformer.model.quantization import Quantized
from glassformer.search import Hypothesis, SearchOptions, length_penalty
from glassformer.special import PAD
from glassformer.system import Home, processors

Ints = NDArray[np.int32]

ACTIVATIONS = ("relu", "gelu", "silu")
NO_TOKEN = -1  # behind the end of a translation
BATCH_TOKENS = 1024  # more bring no speed: tens of rows keep its products busy, and their keys and values the cache
SCORED_TOKENS = 4096  # positions of a batch to score
INSTRUCTIONS = "GLASSFORMER_INSTRUCTIONS"  # the environment's variable that names an instruction set


@dataclass(frozen=True)
class FastState:
    """Which source each row reads, and where in the batch's cache the keys and values of its past are.

    The cache only grows, so a state stays what it is; to reorder rows is to reorder these two tables.
    """

    batch: c_void_p
    sources_N: Ints
    slots_NT: Ints

    def select(self, rows_N: NDArray[np.int64]) -> "FastState":
        """The state of these rows: reordered, repeated or dropped."""
        return FastState(self.batch, self.sources_N[rows_N], self.slots_NT[rows_N])


class FastNext:
    """What may follow the rows of the latest step of a batch."""

    def __init__(self, engine: "FastEngine", batch: c_void_p, rows: int) -> None:
        self._engine, self._batch, self._rows = engine, batch, rows

    def best(self, count: int, suppressed: Sequence[int]) -> tuple[NDArray[np.int64], Floats]:
        """The likeliest tokens that are not suppressed, the best first, and their log-probabilities: (N, M) both."""
        forbidden_V = self._engine.flags(tuple(suppressed))
        count = min(count, self._engine.config.vocab_size - len(set(suppressed)))
        ids_NM = np.empty((self._rows, count), dtype=np.int32)
        log_probs_NM = np.empty((self._rows, count), dtype=np.float32)
        self._engine.call("best", self._batch, count, forbidden_V, ids_NM, log_probs_NM)
        return ids_NM.astype(np.int64), log_probs_NM

    def log_probs_of(self, tokens_N: Ints) -> Floats:
        """The log-probability of one token of each row."""
        refuse_wrong_step(tokens_N, self._rows)
        log_probs_N = np.empty(self._rows, dtype=np.float32)
        self._engine.call("log_probs", self._batch, tokens_N, log_probs_N)
        return log_probs_N

    def log_probs(self) -> Floats:
        """log_probs_NV of every token."""
        log_probs_NV = np.empty((self._rows, self._engine.config.vocab_size), dtype=np.float32)
        self._engine.call("log_probs", self._batch, None, log_probs_NV)
        return log_probs_NV


class FastEngine:
    """Runs a model in the library of `engine/native/`. Raises InputError where that cannot be; see `reason_against`.

    `weights` are the tensors of a model; integers for all its matrices mean eight-bit linear maps. `threads` is by
    default the number of processors that are free to this process; results do not depend on it. With a `shortlist` the
    best next tokens are among those that it allows; a rule that needs all tokens has all.
    """

    def __init__(
        self, config: ModelConfig, weights: Weights, threads: int | None = None, instructions: str | None = None,
        shortlist: Shortlist | None = None,
    ) -> None:  # fmt: skip
        if reason := reason_against(config):
            raise InputError(f"the fast engine cannot run: {reason}")
        self.config, self.shortlist = config, shortlist
        self._weights = PackedWeights(config, weights)  # which the library reads as long as it is open
        self.int8 = self._weights.int8
        self._flags: tuple[tuple[int, ...], NDArray[np.uint8]] = (), np.zeros(config.vocab_size, dtype=np.uint8)
        self._model = c_void_p()
        wanted = instructions or os.environ.get(INSTRUCTIONS) or ""
        self._home, self._threads = Home(), threads or free_processors()
        self.call(
            "open", byref(_native_config(config)), byref(self._weights.struct), wanted.encode(), self._threads,
            byref(self._model),
        )  # fmt: skip
        _end_with(self, _close, self._home, self._model)
        self.instructions = wanted or native.instruction_sets()[0]

    @property
    def batch_tokens(self) -> int:
        """How many source positions suit a batch, times the rows of each source (the beam's width)."""
        return BATCH_TOKENS

    @property
    def start_id(self) -> int:
        """The token that the decoder reads before its first one."""
        return self.config.decoder_start_id

    @property
    def max_length(self) -> int:
        """The most tokens of a source or of a translation, `</s>` included."""
        return self.config.max_length

    @checked
    def encode(self, sources: Sequence[Sequence[int]]) -> FastState:
        """Read the sources; cross-attention's keys and values are computed once, here."""
        for source in sources:
            self.config.check_length(len(source))
        refuse_wrong_ids(sources, self.config)
        ids = np.array([token for source in sources for token in source], dtype=np.int32)
        lengths = np.array([len(source) for source in sources], dtype=np.int32)
        batch = _Batch()
        self.call("encode", self._model, ids, lengths, len(sources), byref(batch))
        batch.keep(self)
        if self.shortlist and sources:
            self._shorten(batch, [self.shortlist.of(source) for source in sources])
        rows_N = np.arange(len(sources), dtype=np.int32)
        return FastState(batch, rows_N, np.empty((len(sources), 0), dtype=np.int32))

    def _shorten(self, batch: "_Batch", lists: Sequence[Ints]) -> None:
        """Give each source its list, and the library the outputs of all of them."""
        ids, lengths = np.concatenate(lists), np.array([len(one) for one in lists], dtype=np.int32)
        listed_V, places_V = (np.zeros(self.config.vocab_size, dtype=kind) for kind in (np.bool_, np.int32))
        listed_V.put(ids, True, mode="clip")  # a token outside the vocabulary is refused below
        listed = np.flatnonzero(listed_V)
        places_V[listed] = np.arange(len(listed))
        matrix, batch.outputs = self._weights.generator_of(listed)
        self.call("shorten", batch, byref(matrix), ids, places_V.take(ids, mode="clip"), lengths)

    def step(
        self, tokens_N: NDArray[np.int64], state: FastState, attended_NS: Floats | None = None
    ) -> tuple[FastNext, FastState]:
        """Read one more token of each row: what may follow, and the state after it.

        `attended_NS` gets how much each row attends to each place of its source, the mean of all layers and heads.
        """
        refuse_wrong_type(state, FastState, "state")
        rows, length = state.slots_NT.shape
        refuse_wrong_step(tokens_N, rows)
        if attended_NS is not None:
            refuse_wrong_room(attended_NS, rows)
        self.config.check_length(length + 1)
        tokens, slots_NT = np.ascontiguousarray(tokens_N, dtype=np.int32), np.ascontiguousarray(state.slots_NT)
        sources_N, own_N = np.ascontiguousarray(state.sources_N), np.empty(rows, dtype=np.int32)
        across = 0 if attended_NS is None else attended_NS.shape[1]
        self.call(
            "step", state.batch, rows, tokens, sources_N, slots_NT, length, own_N, attended_NS, across
        )  # fmt: skip
        after = FastState(state.batch, state.sources_N, np.concatenate([slots_NT, own_N[:, None]], axis=1))
        return FastNext(self, state.batch, rows), after

    def search(
        self, sources: Sequence[Sequence[int]], limits: Sequence[int], end: int, suppressed: Sequence[int],
        options: SearchOptions,
    ) -> list[list[Hypothesis]] | None:  # fmt: skip
        """What `glassformer.search.search` finds, by the library itself: greedily or with a beam.

        None where a rule needs more than the best tokens, or all tokens of a row are forbidden.
        """
        refuse_unequal(len(sources), "sources", limits=limits)
        if options.sample or options.repetition_penalty != 1 or options.no_repeat_ngram:
            return None
        shape, alpha = (len(limits), options.n_best, max(limits)), options.length_penalty
        tokens_BKT, log_probs_BKT = np.full(shape, NO_TOKEN, dtype=np.int32), np.empty(shape, dtype=np.float32)
        penalties = np.array([length_penalty(float(length), alpha) for length in range(max(limits) + 2)])
        limits_B, suppressed_V = np.array(limits, dtype=np.int32), self.flags(tuple(suppressed))
        task = native.Task(
            self.start_id, end, options.min_length, options.beam, options.n_best, max(limits), alpha > 0,
            *(array.ctypes.data for array in (limits_B, suppressed_V, penalties, tokens_BKT, log_probs_BKT)),
        )  # fmt: skip
        try:
            self.call("search", self.encode(sources).batch, byref(task))
        except _StuckError:
            return None
        lengths_BK = (tokens_BKT != NO_TOKEN).sum(axis=2).tolist()
        rows = zip(tokens_BKT.tolist(), log_probs_BKT.tolist(), lengths_BK, strict=True)
        return [
            [
                Hypothesis.from_tokens(tokens[:length], log_probs[:length], end, alpha)
                for tokens, log_probs, length in zip(*paths, strict=True)
                if length
            ]
            for paths in rows
        ]

    @checked
    def score(
        self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], align: bool = False
    ) -> list[TargetScore]:
        """Force each target as the translation of its source, both ids with `</s>`; as `EagerEngine.score`.

        A token of each target in each step; those of like length in one batch.
        """
        refuse_wrong_targets(sources, targets, self.config)
        results: dict[int, TargetScore] = {}
        for batch in batches_by_length([len(target) for target in targets], SCORED_TOKENS):
            scores = self._score_batch([sources[row] for row in batch], [targets[row] for row in batch], align)
            results |= zip(batch, scores, strict=True)
        return [results[row] for row in range(len(targets))]

    def _score_batch(
        self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], align: bool
    ) -> list[TargetScore]:
        """`targets` come sorted, the shortest first, so that those not done yet are always the last ones."""
        said_BT = np.array(pad(targets, PAD), dtype=np.int32)
        lengths_B, state = np.array([len(target) for target in targets]), self.encode(sources)
        log_probs_BT = np.empty(said_BT.shape, dtype=np.float32)
        attended_BTS = np.empty((*said_BT.shape, max(map(len, sources))), dtype=np.float32) if align else None
        read_B, done = np.full(len(targets), self.start_id), 0
        for place in range(said_BT.shape[1]):
            ended = int((lengths_B <= place).sum())
            if ended > done:
                state, done = state.select(np.arange(ended - done, len(targets) - done)), ended
            attended_NS = np.empty_like(attended_BTS[done:, place]) if attended_BTS is not None else None
            following, state = self.step(read_B[done:], state, attended_NS)
            log_probs_BT[done:, place] = following.log_probs_of(np.ascontiguousarray(said_BT[done:, place]))
            if attended_BTS is not None:
                attended_BTS[done:, place] = attended_NS
            read_B = said_BT[:, place].astype(np.int64)
        return [
            TargetScore(
                log_probs_BT[row, : len(target)].tolist(),
                attended_BTS[row, : len(target), : len(source)].copy() if attended_BTS is not None else None,
            )
            for row, (source, target) in enumerate(zip(sources, targets, strict=True))
        ]

    def flags(self, tokens: tuple[int, ...]) -> NDArray[np.uint8]:
        """A one for each of these tokens of the vocabulary; a search asks for the same ones in each step."""
        known, flags_V = self._flags
        if known != tokens:
            flags_V = np.zeros(self.config.vocab_size, dtype=np.uint8)
            flags_V[list(tokens)] = 1
            self._flags = tokens, flags_V
        return flags_V

    def call(self, name: str, *arguments: Any) -> None:
        """Call a function of the library; InputError for what it refuses, UsageError in a forked process."""
        if reason := self._home.reason_against(self._threads):
            raise UsageError(reason)
        _call(name, *arguments)

    def __reduce__(self) -> NoReturn:
        """UsageError: its numbers are the library's."""
        raise UsageError("the fast engine cannot be pickled or copied: load the model where it is to translate")


class _StuckError(Exception):
    """All tokens are forbidden in some row of a search."""


def _end_with(owner: object, end: Callable[..., None], *arguments: Any) -> None:
    """Call `end` when the owner goes; not when the process ends, for a thread may be computing with it until then."""
    weakref.finalize(owner, end, *arguments).atexit = False


def _close(home: Home, model: c_void_p) -> None:
    """End a model and its threads, which are not there in a forked process."""
    library = native.load()
    if library and home.is_here():
        library.glassformer_close(model)


class _Batch(c_void_p):
    """A batch of the library, freed with the last state that names it."""

    outputs: Memory  # of its shortlists

    def keep(self, engine: FastEngine) -> None:
        library = native.load()
        assert library
        self.engine = engine  # which must outlive it
        _end_with(self, library.glassformer_free, c_void_p(self.value))


def reason_against(config: ModelConfig) -> str | None:
    """Why the fast engine cannot run a model here, in words; None where it can."""
    if native.load() is None:
        return (
            "its library was not built (it needs a C++ compiler when glassformer is installed), or from other sources: "
            "install glassformer again, or run python -m glassformer.engine.native.build"
        )
    if config.embedding_norm:
        return "it has no norm of the embeddings (embedding_norm)"
    if max(config.d_model, config.d_ff) > 60_000:
        return "d_model or d_ff is above 60,000, which sums of eight-bit products do not hold"
    return None


def free_processors() -> int:
    """How many threads to take: the processors that this process may use, or fewer where OMP_NUM_THREADS says so."""
    there = processors()
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(there, int(wanted))) if wanted.isdecimal() else there


def linear(
    weight: Floats | Quantized, bias: Floats | None, x_NI: Floats, threads: int = 1, instructions: str = ""
) -> Floats:
    """x W^T + b as the library computes it, for tests that compare instruction sets."""
    outputs = len(weight.scales if isinstance(weight, Quantized) else weight)
    memory = Memory()
    matrix = memory.matrix([weight], [np.zeros(outputs, dtype=np.float32) if bias is None else bias])
    y_NO = np.empty((len(x_NI), whole_panels(outputs)), dtype=np.float32)
    x = np.append(np.float32(x_NI), np.zeros(LINE, dtype=np.float32))  # room behind the last row
    _call("linear", instructions.encode(), threads, byref(matrix), x, len(x_NI), y_NO)
    return y_NO[:, :outputs]


def _call(name: str, *arguments: Any) -> None:
    library = native.load()
    assert library
    message: bytes | None = getattr(library, f"glassformer_{name}")(*arguments)
    if message == b"NaN":
        raise InputError("the model gave NaN instead of log-probabilities: check its weights")
    if message == b"stuck":
        raise _StuckError
    if message == b"out of memory":
        raise MemoryError
    if message:
        raise UsageError(f"fast engine: {message.decode()}")


def _native_config(config: ModelConfig) -> native.Config:
    return native.Config(
        vocabulary=config.vocab_size,
        source_vocabulary=config.source_vocab_size or config.vocab_size,
        d_model=config.d_model,
        heads=config.num_heads,
        kv_heads=config.kv_heads,
        d_ff=config.d_ff,
        max_length=config.max_length,
        activation=ACTIVATIONS.index(GATED.get(config.activation, config.activation)),
        gated=config.gated,
        rms_norm=config.norm == "rmsnorm",
        pre_norm=config.norm_position == "pre",
        norm_eps=config.norm_eps,
        embedding_factor=config.embedding_factor,
    )
