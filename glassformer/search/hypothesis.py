"""One translation as search found it, and its score. No arrays but a `length_penalty` of many lengths."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Length = TypeVar("Length", float, NDArray[np.float64])


def length_penalty(length: Length, alpha: float) -> Length:
    """lp = ((5 + length) / 6) ** alpha; `length` counts `</s>`.

    Wu et al. 2016 (https://arxiv.org/abs/1609.08144), eq. 14. A score is log_prob / lp: alpha
    above 0 favours longer translations, below 0 shorter ones; a single token always has lp 1.
    """
    penalty: Length = ((5 + length) / 6) ** alpha
    return penalty


@dataclass(frozen=True)
class Hypothesis:
    """A translation as token ids, and its log-probability by the model alone, without constraints.

    - `tokens`: without the start token; the last one is the end token if `finished`.
    - `log_prob`: the sum of `token_log_probs`, natural logarithms.
    - `score`: log_prob / length_penalty.
    - `token_log_probs`: log p of each token given those before it, by the model alone.
    - `finished`: False where the limit cut it off.
    """

    tokens: tuple[int, ...]
    log_prob: float
    score: float
    token_log_probs: tuple[float, ...]
    finished: bool

    @classmethod
    def from_tokens(
        cls, tokens: Sequence[int], token_log_probs: Sequence[float], end: int, alpha: float
    ) -> "Hypothesis":
        """From one token or more and their log-probabilities; `alpha` is the length penalty's."""
        log_prob = math.fsum(token_log_probs)
        return cls(
            tokens=tuple(tokens),
            log_prob=log_prob,
            score=log_prob / length_penalty(float(len(tokens)), alpha),
            token_log_probs=tuple(token_log_probs),
            finished=tokens[-1] == end,
        )
