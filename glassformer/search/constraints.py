"""Constraints on the next token: functions from log-probabilities to log-probabilities.

Each takes log_probs_NV, those of every next token for each row, and returns them *steered*: lower where a token is
penalised, -inf where it is forbidden. None changes its input; one that has nothing to do returns it as it is.
tokens_NT are a row's tokens so far, without the start token.

Axes: N rows, B sentences, V vocabulary, T tokens so far, F suppressed tokens, P length of the longest prefix,
n size of an n-gram, W number of n-grams so far.
"""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from glassformer.search.options import SearchOptions

LAST_RESORT = -1e30  # the log-probability of a forced token that the model rules out (-inf): lowest, but allowed
NOT_FORCED = -1  # stands where a forced token could: any token may come


def penalise_repeats(log_probs_NV: Tensor, tokens_NT: Tensor, penalty: float) -> Tensor:
    """Lower the scores s of tokens that came before: s * penalty where s < 0, s / penalty where s > 0.

    Keskar et al. 2019, CTRL (https://arxiv.org/abs/1909.05858), sec. 4.1, which divides every
    score; dividing a negative one would reward the repetition, so that is multiplied instead.
    """
    if penalty == 1 or tokens_NT.shape[1] == 0:
        return log_probs_NV
    repeated_NT = log_probs_NV.gather(1, tokens_NT)
    lowered_NT = torch.where(repeated_NT < 0, repeated_NT * penalty, repeated_NT / penalty)
    return log_probs_NV.scatter(1, tokens_NT, lowered_NT)


def forbid_repeated_ngrams(log_probs_NV: Tensor, tokens_NT: Tensor, size: int) -> Tensor:
    """Forbid each token that would complete an n-gram of `size` for the second time.

    Paulus et al. 2018 (https://arxiv.org/abs/1705.04304), sec. 2.5, for any size; 0 is off.
    After 1 2 3 1 2 0 1 2 and with size 3, both 3 and 0 are forbidden.
    """
    length = tokens_NT.shape[1]
    if size == 0 or length < size:
        return log_probs_NV
    grams_NWn = tokens_NT.unfold(1, size, 1)
    context_N1n = tokens_NT[:, None, length - size + 1 :]
    repeated_NW = (grams_NWn[..., :-1] == context_N1n).all(-1)
    # The minimum with -inf forbids a token, the one with +inf leaves it alone.
    caps_NW = torch.where(repeated_NW, -math.inf, math.inf).to(log_probs_NV.dtype)
    return log_probs_NV.scatter_reduce(1, grams_NWn[..., -1], caps_NW, "amin")


def suppress(log_probs_NV: Tensor, suppressed_F: Tensor) -> Tensor:
    """Forbid the tokens `suppressed_F` (int64) in every row."""
    return log_probs_NV.index_fill(1, suppressed_F, -math.inf) if len(suppressed_F) else log_probs_NV


def allow_end_where_stuck(steered_NV: Tensor, log_probs_NV: Tensor, end: int) -> Tensor:
    """Allow `end`, with the model's log-probability, in rows where every token is forbidden."""
    stuck_N = steered_NV.amax(1) == -math.inf
    if not stuck_N.any():
        return steered_NV
    return force(steered_NV, log_probs_NV, torch.where(stuck_N, end, NOT_FORCED))


def force(steered_NV: Tensor, log_probs_NV: Tensor, forced_N: Tensor) -> Tensor:
    """Forbid all but token forced_N, which keeps the model's log-probability; NOT_FORCED leaves a row as it is."""
    column_N1 = forced_N.clamp(min=0)[:, None]
    value_N1 = log_probs_NV.gather(1, column_N1).clamp(min=LAST_RESORT)
    only_NV = torch.full_like(steered_NV, -math.inf).scatter(1, column_N1, value_N1)
    return torch.where(forced_N[:, None] == NOT_FORCED, steered_NV, only_NV)


@dataclass(frozen=True)
class Rules:
    """The constraints of B sentences.

    - `end`: the end token, which `min_length` forbids at first.
    - `suppressed_F`: tokens that are always forbidden.
    - `prefix_BP`: the tokens that each sentence must begin with, padded with NOT_FORCED.
    """

    options: SearchOptions
    end: int
    suppressed_F: Tensor
    prefix_BP: Tensor

    def select(self, sentences_B: Tensor) -> "Rules":
        """The rules of these sentences (int64), in this order."""
        return replace(self, prefix_BP=self.prefix_BP[sentences_B])

    def steer(self, log_probs_NV: Tensor, tokens_NT: Tensor) -> Tensor:
        """Apply all constraints. N is a multiple of B, with a sentence's rows next to each other.

        A prefix overrides the other constraints; a row in which every token is forbidden may end.
        """
        length, options = tokens_NT.shape[1], self.options
        steered_NV = penalise_repeats(log_probs_NV, tokens_NT, options.repetition_penalty)
        steered_NV = forbid_repeated_ngrams(steered_NV, tokens_NT, options.no_repeat_ngram)
        steered_NV = suppress(steered_NV, self._suppressed(length))
        steered_NV = allow_end_where_stuck(steered_NV, log_probs_NV, self.end)
        if length >= self.prefix_BP.shape[1]:
            return steered_NV
        rows_each = len(tokens_NT) // len(self.prefix_BP)
        forced_N = self.prefix_BP[:, length].repeat_interleave(rows_each)
        return force(steered_NV, log_probs_NV, forced_N)

    def _suppressed(self, length: int) -> Tensor:
        if length >= self.options.min_length:
            return self.suppressed_F
        return torch.cat([self.suppressed_F, self.suppressed_F.new_tensor([self.end])])
