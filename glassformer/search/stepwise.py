"""Greedy search and sampling: every row is one hypothesis, which gets one token in each step.

Axes: B sentences, N rows not done yet, R rows at the start (R = B * samples), L the largest limit, T tokens so
far, V vocabulary, M tokens to choose among.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from glassformer.search.constraints import Rules
from glassformer.search.hypothesis import Hypothesis
from glassformer.search.options import SearchOptions
from glassformer.search.protocol import Floats, Ints, S, Step, select
from glassformer.search.ranking import order, top


class Choose(Protocol):
    """Chooses each row's next token."""

    @property
    def count(self) -> int | None:
        """Of how many of the best it chooses; None: of all tokens."""
        ...

    def __call__(self, steered_NM: Floats, rows_N: Ints, length: int) -> Ints:
        """The place (0 to M - 1) that it chooses in each row, by the rows' numbers at the start and their length."""
        ...


class Greedy:
    """Chooses the likeliest token of each row; of equally likely ones the lowest id."""

    count = 1

    def __call__(self, steered_NM: Floats, rows_N: Ints, length: int) -> Ints:
        return np.zeros(len(steered_NM), dtype=np.int64)


class Sampler:
    """Samples the next token of each row; noise_RL[r, t] alone decides token t of row r."""

    def __init__(self, options: SearchOptions, seeds: Sequence[int], limits: Sequence[int]) -> None:
        self.options, self.count = options, options.top_k or None
        self.noise_RL = _noise(seeds, limits, options.n_best)

    def __call__(self, steered_NM: Floats, rows_N: Ints, length: int) -> Ints:
        """Sample one token for each row: the inverse of the cumulative distribution at its noise."""
        probs_NM, places_NM = sampling_distribution(steered_NM, self.options)
        mass_NM = probs_NM.cumsum(axis=1)
        # Noise is at most 1 - 2**-24, so the point stays below the total, where nothing is drawn.
        point_N1 = self.noise_RL[rows_N, length, None].astype(np.float64) * mass_NM[:, -1:]
        drawn_N1 = (mass_NM <= point_N1).sum(axis=1, keepdims=True)
        drawn_N: Ints = np.take_along_axis(places_NM, drawn_N1, axis=1)[:, 0]
        return drawn_N


def _noise(seeds: Sequence[int], limits: Sequence[int], samples: int) -> Floats:
    """noise_RL, uniform in [0, 1), multiples of 2^-24: `samples` rows for each sentence.

    A sentence's numbers depend on its seed and limit alone. Its first sample is the same, however
    many there are.
    """
    noise_RL = np.zeros((len(seeds) * samples, max(limits)), dtype=np.float32)
    for sentence, (seed, limit) in enumerate(zip(seeds, limits, strict=True)):
        generator = np.random.RandomState(seed & 0xFFFFFFFF)  # a Mersenne Twister, whose bits will stay what they are
        for row in range(sentence * samples, (sentence + 1) * samples):
            bits_L = generator.randint(0, 2**32, limit, dtype=np.uint32)
            noise_RL[row, :limit] = (bits_L & 0xFFFFFF).astype(np.float32) / np.float32(2**24)
    return noise_RL


def sampling_distribution(steered_NM: Floats, options: SearchOptions) -> tuple[NDArray[np.float64], Ints]:
    """The probabilities to sample by, and of which places they are. What is cut off has 0; they need not sum to 1.

    softmax(steered / temperature), then the `top_k` likeliest (Fan et al. 2018, sec. 5.4), then
    the smallest set of the likeliest that holds `top_p` of these (Holtzman et al. 2020, sec. 3.1):
    a token stays if the mass of the likelier ones is below `top_p`, so that at least one stays.
    """
    places_NM = _shortlist(steered_NM, options)
    scores_NM = np.take_along_axis(steered_NM, places_NM, axis=1).astype(np.float64)
    with np.errstate(over="ignore"):  # by the lowest temperatures all but the likeliest become minus infinity
        exponentials_NM = np.exp((scores_NM - scores_NM.max(axis=1, keepdims=True)) / options.temperature)
    probs_NM = exponentials_NM / exponentials_NM.sum(axis=1, keepdims=True)
    if options.top_p < 1:
        before_NM = probs_NM.cumsum(axis=1) - probs_NM
        probs_NM = np.where(before_NM >= options.top_p, 0, probs_NM)
    return probs_NM, places_NM


def _shortlist(steered_NM: Floats, options: SearchOptions) -> Ints:
    """The places to sample from; sorted, the likeliest first, only where top_k or top_p needs it."""
    if options.top_k:
        return top(steered_NM, options.top_k)
    if options.top_p < 1:
        return order(steered_NM)
    return np.broadcast_to(np.arange(steered_NM.shape[1]), steered_NM.shape)


def search_stepwise(
    step: Step[S], state: S, start: int, limit_N: Ints, rules: Rules, choose: Choose
) -> list[Hypothesis]:
    """One hypothesis for each of the N rows of `state`, in their order.

    Row n goes on until `rules.end` or until it has limit_N[n] tokens, and is then dropped.
    Raises InputError if the model gives NaN.
    """
    found: dict[int, Hypothesis] = {}
    rows_N = np.arange(len(limit_N))
    last_N = np.full_like(rows_N, start)
    tokens_NT, own_NT = np.empty((len(rows_N), 0), dtype=np.int64), np.empty((len(rows_N), 0), dtype=np.float32)
    while len(found) < len(limit_N):
        following, state = step(last_N, state)
        candidates = rules.candidates(following, tokens_NT, choose.count)
        places_N1 = choose(candidates.steered_NM, rows_N, tokens_NT.shape[1])[:, None]
        tokens_NT = np.concatenate([tokens_NT, np.take_along_axis(candidates.ids_NM, places_N1, axis=1)], axis=1)
        own_NT = np.concatenate([own_NT, np.take_along_axis(candidates.own_NM, places_N1, axis=1)], axis=1)
        last_N = tokens_NT[:, -1]
        done_N = (last_N == rules.end) | (limit_N[rows_N] <= tokens_NT.shape[1])
        if done_N.any():
            ended = rows_N[done_N].tolist()
            found |= zip(ended, _hypotheses(tokens_NT[done_N], own_NT[done_N], rules), strict=True)
            going_N = np.flatnonzero(~done_N)
            rows_N, last_N, rules = rows_N[going_N], last_N[going_N], rules.select(going_N)
            tokens_NT, own_NT = tokens_NT[going_N], own_NT[going_N]
            state = select(state, going_N, len(done_N))
    return [found[row] for row in range(len(limit_N))]


def _hypotheses(tokens_NT: Ints, log_probs_NT: NDArray[Any], rules: Rules) -> list[Hypothesis]:
    pairs = zip(tokens_NT.tolist(), log_probs_NT.tolist(), strict=True)
    return [Hypothesis.from_tokens(*pair, rules.end, rules.options.length_penalty) for pair in pairs]
