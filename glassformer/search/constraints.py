"""Constraints on the next token: functions from log-probabilities to log-probabilities.

Each takes log_probs_NV, those of every next token for each row, and returns them *steered*: lower where a token is
penalised, -inf where it is forbidden. None changes its input; one that has nothing to do returns it as it is.
tokens_NT are a row's tokens so far, without the start token.

Axes: N rows, B sentences, V vocabulary, M candidates of a row, T tokens so far, P length of the longest prefix,
n size of an n-gram, W number of n-grams so far.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from glassformer.errors import UsageError
from glassformer.search.options import SearchOptions
from glassformer.search.protocol import Floats, Following, Ints, refuse_nan
from glassformer.search.ranking import top

LAST_RESORT = -1e30  # the log-probability of a forced token that the model rules out (-inf): lowest, but allowed
NOT_FORCED = -1  # stands where a forced token could: any token may come


def penalise_repeats(log_probs_NV: Floats, tokens_NT: Ints, penalty: float) -> Floats:
    """Lower the scores s of tokens that came before: s * penalty where s < 0, s / penalty where s > 0.

    Keskar et al. 2019, CTRL (https://arxiv.org/abs/1909.05858), sec. 4.1, which divides every
    score; dividing a negative one would reward the repetition, so that is multiplied instead.
    """
    if penalty == 1 or tokens_NT.shape[1] == 0:
        return log_probs_NV
    repeated_NT = np.take_along_axis(log_probs_NV, tokens_NT, axis=1)
    factor = np.float32(penalty)
    lowered_NT = np.where(repeated_NT < 0, repeated_NT * factor, repeated_NT / factor)
    steered_NV = log_probs_NV.copy()
    np.put_along_axis(steered_NV, tokens_NT, lowered_NT, axis=1)
    return steered_NV


def forbid_repeated_ngrams(log_probs_NV: Floats, tokens_NT: Ints, size: int) -> Floats:
    """Forbid each token that would complete an n-gram of `size` for the second time.

    Paulus et al. 2018 (https://arxiv.org/abs/1705.04304), sec. 2.5, for any size; 0 is off.
    After 1 2 3 1 2 0 1 2 and with size 3, both 3 and 0 are forbidden.
    """
    length = tokens_NT.shape[1]
    if size == 0 or length < size:
        return log_probs_NV
    grams_NWn = np.lib.stride_tricks.sliding_window_view(tokens_NT, size, axis=1)
    context_N1n = tokens_NT[:, None, length - size + 1 :]
    rows_R, places_R = np.nonzero((grams_NWn[..., :-1] == context_N1n).all(axis=-1))
    steered_NV = log_probs_NV.copy()
    steered_NV[rows_R, grams_NWn[rows_R, places_R, -1]] = -np.inf
    return steered_NV


def suppress(log_probs_NV: Floats, suppressed: Sequence[int]) -> Floats:
    """Forbid the tokens `suppressed` in every row."""
    if not suppressed:
        return log_probs_NV
    steered_NV = log_probs_NV.copy()
    steered_NV[:, list(suppressed)] = -np.inf
    return steered_NV


def allow_end_where_stuck(steered_NV: Floats, log_probs_NV: Floats, end: int) -> Floats:
    """Allow `end`, with the model's log-probability, in rows where every token is forbidden."""
    stuck_N = steered_NV.max(axis=1) == -np.inf
    if not stuck_N.any():
        return steered_NV
    return force(steered_NV, log_probs_NV, np.where(stuck_N, end, NOT_FORCED))


def force(steered_NV: Floats, log_probs_NV: Floats, forced_N: Ints) -> Floats:
    """Forbid all but token forced_N, which keeps the model's log-probability; NOT_FORCED leaves a row as it is."""
    rows_R = np.flatnonzero(forced_N != NOT_FORCED)
    only_NV = steered_NV.copy()
    only_NV[rows_R] = -np.inf
    only_NV[rows_R, forced_N[rows_R]] = log_probs_NV[rows_R, forced_N[rows_R]].clip(min=LAST_RESORT)
    return only_NV


class Candidates(NamedTuple):
    """What may come next in each row.

    - `ids_NM`: the tokens; the best first, or all of the vocabulary in its order.
    - `own_NM`: their log-probabilities by the model alone.
    - `steered_NM`: the same after the constraints.
    """

    ids_NM: Ints
    own_NM: Floats
    steered_NM: Floats


@dataclass(frozen=True)
class Rules:
    """The constraints of B sentences.

    - `end`: the end token, which `min_length` forbids at first.
    - `suppressed`: tokens that are always forbidden.
    - `prefix_BP`: the tokens that each sentence must begin with, padded with NOT_FORCED.
    """

    options: SearchOptions
    end: int
    suppressed: tuple[int, ...]
    prefix_BP: Ints

    def select(self, sentences_B: Ints) -> "Rules":
        """The rules of these sentences, in this order."""
        return replace(self, prefix_BP=self.prefix_BP[sentences_B])

    def candidates(self, following: Following, tokens_NT: Ints, count: int | None) -> Candidates:
        """The `count` best next tokens of each row, or all (None). Raises InputError if the model gives NaN.

        Rules that only forbid tokens leave the model's best ones to choose among; the others need all of them.
        """
        if count is not None and not self._need_all(tokens_NT.shape[1]):
            ids_NM, own_NM = following.best(count, self.suppressed_at(tokens_NT.shape[1]))
            if (own_NM[:, 0] > -np.inf).all():  # NaN is not, and is refused below
                return Candidates(ids_NM, own_NM, own_NM)
        own_NV = refuse_nan(following.log_probs())
        steered_NV = self.steer(own_NV, tokens_NT)
        if count is None:
            ids_NV = np.broadcast_to(np.arange(own_NV.shape[1]), own_NV.shape)
            return Candidates(ids_NV, own_NV, steered_NV)
        ids_NM = top(steered_NV, count)
        return Candidates(ids_NM, *(np.take_along_axis(one, ids_NM, axis=1) for one in (own_NV, steered_NV)))

    def _need_all(self, length: int) -> bool:
        """Whether a rule changes scores, forbids tokens row by row, or forces one that may be none of the best."""
        options = self.options
        if options.repetition_penalty != 1 or options.no_repeat_ngram > 0:
            return True
        return length < self.prefix_BP.shape[1] and bool((self.prefix_BP[:, length] != NOT_FORCED).any())

    def steer(self, log_probs_NV: Floats, tokens_NT: Ints) -> Floats:
        """Apply all constraints. N is a multiple of B, with a sentence's rows next to each other.

        A prefix overrides the other constraints; a row in which every token is forbidden may end.
        """
        length, options = tokens_NT.shape[1], self.options
        steered_NV = penalise_repeats(log_probs_NV, tokens_NT, options.repetition_penalty)
        steered_NV = forbid_repeated_ngrams(steered_NV, tokens_NT, options.no_repeat_ngram)
        steered_NV = suppress(steered_NV, self.suppressed_at(length))
        steered_NV = allow_end_where_stuck(steered_NV, log_probs_NV, self.end)
        if length >= self.prefix_BP.shape[1]:
            return steered_NV
        rows_each, size = len(tokens_NT) // len(self.prefix_BP), log_probs_NV.shape[1]
        forced_B = self.prefix_BP[:, length]
        if forced_B.max() >= size:
            raise UsageError(f"a prefix has the id {forced_B.max()}, but the vocabulary's last one is {size - 1:,}")
        return force(steered_NV, log_probs_NV, forced_B.repeat(rows_each))

    def suppressed_at(self, length: int) -> tuple[int, ...]:
        """The tokens that are forbidden after `length` tokens."""
        return self.suppressed if length >= self.options.min_length else (*self.suppressed, self.end)
