"""What a search must not say, or must: functions from log-probabilities to log-probabilities.

Each takes log_probs_NV, the scores of every next token for each of N rows, and returns them
steered: -inf is forbidden. None changes its input; one that has nothing to do returns it as it is.
Where a row's tokens so far matter they are tokens_NT, without the start token.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from glassformer.search.options import SearchOptions

FORBIDDEN = float("-inf")
LAST_RESORT = -1e30  # of what must be said although the model rules it out: worst, but allowed
FREE = -1  # in place of a forced token: nothing is forced


def penalise_repeats(log_probs_NV: Tensor, tokens_NT: Tensor, penalty: float) -> Tensor:
    """Scores of tokens already said: s * penalty where s < 0, s / penalty where s > 0.

    Keskar et al. 2019, CTRL (https://arxiv.org/abs/1909.05858), sec. 4.1, which divides every
    score; dividing a negative one would reward the repetition, so that is multiplied instead.
    """
    if penalty == 1 or tokens_NT.shape[1] == 0:
        return log_probs_NV
    said_NT = log_probs_NV.gather(1, tokens_NT)
    return log_probs_NV.scatter(1, tokens_NT, torch.where(said_NT < 0, said_NT * penalty, said_NT / penalty))


def forbid_repeated_ngrams(log_probs_NV: Tensor, tokens_NT: Tensor, size: int) -> Tensor:
    """Forbids each token that would complete an n-gram of `size` for the second time.

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
    caps_NW = torch.where(repeated_NW, FORBIDDEN, -FORBIDDEN).to(log_probs_NV.dtype)
    return log_probs_NV.scatter_reduce(1, grams_NWn[..., -1], caps_NW, "amin")


def forbid(log_probs_NV: Tensor, ids_F: Tensor) -> Tensor:
    """Forbids the tokens `ids_F` (int64) in every row."""
    return log_probs_NV.index_fill(1, ids_F, FORBIDDEN) if len(ids_F) else log_probs_NV


def never_stuck(steered_NV: Tensor, log_probs_NV: Tensor, end: int) -> Tensor:
    """Allows `end` in rows where everything is forbidden, with its own log-probability."""
    stuck_N = steered_NV.amax(1) == FORBIDDEN
    if not stuck_N.any():
        return steered_NV
    return force(steered_NV, log_probs_NV, torch.where(stuck_N, end, FREE))


def force(steered_NV: Tensor, log_probs_NV: Tensor, forced_N: Tensor) -> Tensor:
    """Allows nothing but token forced_N, with its own log-probability; FREE leaves a row alone."""
    column_N1 = forced_N.clamp(min=0)[:, None]
    value_N1 = log_probs_NV.gather(1, column_N1).clamp(min=LAST_RESORT)
    only_NV = torch.full_like(steered_NV, FORBIDDEN).scatter(1, column_N1, value_N1)
    return torch.where(forced_N[:, None] == FREE, steered_NV, only_NV)


@dataclass(frozen=True)
class Rules:
    """The constraints of B sentences: `end`, `forbidden_F` ids, `prefix_BP` filled up with FREE."""

    options: SearchOptions
    end: int
    forbidden_F: Tensor
    prefix_BP: Tensor

    def select(self, sentences_B: Tensor) -> "Rules":
        """The rules of these sentences (int64), in this order."""
        return replace(self, prefix_BP=self.prefix_BP[sentences_B])

    def steer(self, log_probs_NV: Tensor, tokens_NT: Tensor) -> Tensor:
        """The log-probabilities to choose by; N is a multiple of B, a sentence's rows together.

        A forced prefix overrides everything else; a row that is left with nothing may end.
        """
        length, options = tokens_NT.shape[1], self.options
        steered_NV = penalise_repeats(log_probs_NV, tokens_NT, options.repetition_penalty)
        steered_NV = forbid_repeated_ngrams(steered_NV, tokens_NT, options.no_repeat_ngram)
        steered_NV = forbid(steered_NV, self._unwanted(length))
        steered_NV = never_stuck(steered_NV, log_probs_NV, self.end)
        if length >= self.prefix_BP.shape[1]:
            return steered_NV
        rows_each = len(tokens_NT) // len(self.prefix_BP)
        forced_N = self.prefix_BP[:, length].repeat_interleave(rows_each)
        return force(steered_NV, log_probs_NV, forced_N)

    def _unwanted(self, length: int) -> Tensor:
        if length >= self.options.min_length:
            return self.forbidden_F
        return torch.cat([self.forbidden_F, self.forbidden_F.new_tensor([self.end])])
