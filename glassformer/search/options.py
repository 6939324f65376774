"""How to search: one frozen, validated set of options."""

import math
from dataclasses import dataclass

from glassformer.errors import UsageError


@dataclass(frozen=True)
class SearchOptions:
    """How to search, and the constraints on what is found.

    `sample=False` is beam search with `beam` live hypotheses; `beam=1` is greedy search.
    `sample=True` draws `n_best` independent translations instead, and `beam` plays no part.

    - `n_best`: how many hypotheses to return for each sentence, at most `beam` unless sampling.
    - `length_penalty`: alpha of Wu et al. 2016 (https://arxiv.org/abs/1609.08144), eq. 14.
    - `temperature`: sample from softmax(log_probs / temperature).
    - `top_k`: sample among the k likeliest tokens only (Fan et al. 2018,
      https://arxiv.org/abs/1805.04833, sec. 5.4); 0 is all of them.
    - `top_p`: sample from the smallest set of likeliest tokens that holds the probability p
      (Holtzman et al. 2020, https://arxiv.org/abs/1904.09751, sec. 3.1); 1 is all of them.
    - `seed`: of the sampler.
    - `min_length`: the least number of tokens before `</s>`.
    - `max_length`: the largest number of tokens, `</s>` included. Without it the limit follows from the source:
      floor(max_length_ratio * source tokens) + max_length_extra.
    - `no_repeat_ngram`: no n-gram of this size occurs twice; 0 allows all.
    - `repetition_penalty`: makes tokens that came before less likely (Keskar et al. 2019,
      https://arxiv.org/abs/1909.05858, sec. 4.1); 1 is off.

    Raises UsageError for a value out of range and for options that contradict each other.
    """

    beam: int = 4
    n_best: int = 1
    length_penalty: float = 0.6
    sample: bool = False
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 1
    min_length: int = 0
    max_length: int | None = None
    max_length_ratio: float = 2.0
    max_length_extra: int = 10
    no_repeat_ngram: int = 0
    repetition_penalty: float = 1.0

    def __post_init__(self) -> None:
        self._check_ranges()
        self._check_contradictions()

    def _check_ranges(self) -> None:
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if value is not None and value < least:
                raise UsageError(f"{name} is {value}: it must be at least {least}")
        for name in ("length_penalty", "max_length_ratio", "temperature", "repetition_penalty"):
            value = getattr(self, name)
            if not math.isfinite(value) or (name in _POSITIVE and value <= 0):
                kind = "a positive number" if name in _POSITIVE else "a number"
                raise UsageError(f"{name} is {value}: it must be {kind}")
        for name, most in _MOST.items():
            if abs(getattr(self, name)) > most:
                raise UsageError(f"{name} is {getattr(self, name)}: its size must be at most {most}")
        if not 0 < self.top_p <= 1:
            raise UsageError(f"top_p is {self.top_p}: it must be above 0 and at most 1")
        if self.seed >= 2**63:
            raise UsageError(f"seed is {self.seed}: it must be below 2**63")

    def _check_contradictions(self) -> None:
        if not self.sample and self.n_best > self.beam:
            raise UsageError(f"n_best is {self.n_best} but beam is {self.beam}: widen the beam or sample")
        if not self.sample and (self.temperature, self.top_k, self.top_p) != (1, 0, 1):
            raise UsageError("temperature, top_k and top_p shape sampling only: set sample too")
        if self.max_length is not None and self.min_length >= self.max_length:
            raise UsageError(
                f"min_length is {self.min_length} but max_length is {self.max_length}, "
                "which counts </s> too: max_length must be the larger"
            )

    def limit(self, source_length: int, most: int) -> int:
        """The most tokens, `</s>` included, that a source of `source_length` tokens may give.

        `max_length`, or else floor(max_length_ratio * source_length) + max_length_extra, or more
        where `min_length` asks for more; never above `most`, which is what the model can hold.
        Raises UsageError if `min_length` and `</s>` do not fit into `most`.
        """
        if self.min_length >= most:
            raise UsageError(f"min_length is {self.min_length} but the model holds {most} tokens with </s>")
        relative = math.floor(self.max_length_ratio * source_length) + self.max_length_extra
        wanted = relative if self.max_length is None else self.max_length
        return min(most, max(wanted, self.min_length + 1))


_LEAST = {
    "beam": 1,
    "n_best": 1,
    "top_k": 0,
    "seed": 0,
    "min_length": 0,
    "max_length": 1,
    "max_length_ratio": 0,
    "max_length_extra": 0,
    "no_repeat_ngram": 0,
}
_MOST = {"length_penalty": 100, "max_length_ratio": 1_000_000}  # beyond, the arithmetic overflows
_POSITIVE = ("temperature", "repetition_penalty")
