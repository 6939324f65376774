"""How to search: one frozen, validated set of options."""

import math
from dataclasses import dataclass

from glassformer.arguments import checked, take_fields
from glassformer.errors import UsageError


@dataclass(frozen=True)
class SearchOptions:
    """How to search, and the constraints on what is found.

    `sample=False` is beam search with `beam` live hypotheses; `beam=1` is greedy search.
    `sample=True` draws `n_best` independent translations instead, and `beam` plays no part.

    Raises UsageError for a value out of range and for options that contradict each other.
    """

    beam: int = 4
    """Hypotheses that are kept of each sentence, step by step; 1 is greedy search. It plays no part in sampling.
    Range: at least 1 and at most 10,000. Unit: hypotheses. Source: section 6.1.
    """

    n_best: int = 1
    """Translations to return of each sentence, best first.
    Range: at least 1, and at most `beam` unless sampling; at most 10,000. Unit: hypotheses. Source: ours.
    """

    length_penalty: float = 0.6
    """Exponent alpha of ((5 + n) / 6)^alpha, which divides the log-probability of n tokens, `</s>` included: above 0 it
    favours longer translations.
    Range: at least -100 and at most 100. Unit: none. Source: section 6.1; Wu et al. 2016, formula 14.
    """

    sample: bool = False
    """Whether to draw translations from the model's distribution instead of searching for the best. Source: ours."""

    temperature: float = 1.0
    """T in softmax(log_probs / T), from which tokens are drawn: below 1 the likely ones are drawn oftener.
    Range: above 0, with `sample`. Unit: none. Source: Ackley et al. 1985.
    """

    top_k: int = 0
    """Draw among this many likeliest tokens; 0: among all.
    Range: at least 0, with `sample`. Unit: tokens. Source: Fan et al. 2018, section 5.4.
    """

    top_p: float = 1.0
    """Draw from the smallest set of likeliest tokens that holds this probability; 1: from all.
    Range: above 0 and at most 1, with `sample`. Unit: probability. Source: Holtzman et al. 2020, section 3.1.
    """

    seed: int = 1
    """Where sampling begins, if the caller of `search` names no seed for each sentence.
    Range: at least 0 and below `2**63`. Unit: none. Source: ours.
    """

    min_length: int = 0
    """Fewest tokens before `</s>`. Range: at least 0, and below `max_length`. Unit: tokens. Source: ours."""

    max_length: int | None = None
    """Most tokens, `</s>` included; null: floor(max_length_ratio * source tokens) + max_length_extra. It is never more
    than the model's own `max_length`. What is cut off there is reported.
    Range: at least 1, and above `min_length`. Unit: tokens. Source: ours; section 6.1 has source tokens + 50.
    """

    max_length_ratio: float = 2.0
    """Most tokens per token of the source, where `max_length` is null.
    Range: at least 0 and at most 1,000,000. Unit: target tokens per source token. Source: ours; section 6.1 has 1.
    """

    max_length_extra: int = 10
    """Tokens that are added to that. Range: at least 0. Unit: tokens. Source: ours; section 6.1 has 50."""

    no_repeat_ngram: int = 0
    """No n-gram of this many tokens occurs twice; 0: any may.
    Range: at least 0. Unit: tokens. Source: Paulus et al. 2018, section 2.5.
    """

    repetition_penalty: float = 1.0
    """Multiplies the log-probabilities, which are negative, of tokens that were said already: above 1 makes them less
    likely.
    Range: at least 0.000001 and at most 1,000,000. Unit: none. Source: after Keskar et al. 2019, section 4.1.
    """

    def __post_init__(self) -> None:
        take_fields(self)
        self._check_ranges()
        self._check_contradictions()

    def _check_ranges(self) -> None:
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if value is not None and value < least:
                raise UsageError(f"{name} is {value}: it must be at least {least}")
        for name in ("length_penalty", "max_length_ratio", "temperature", "repetition_penalty"):
            value = getattr(self, name)
            if not math.isfinite(value) or (name == "temperature" and value <= 0):
                kind = "a positive number" if name == "temperature" else "a number"
                raise UsageError(f"{name} is {value}: it must be {kind}")
        for name, most in _MOST.items():
            if abs(getattr(self, name)) > most:
                raise UsageError(f"{name} is {getattr(self, name)}: its size must be at most {most}")
        if not 0 < self.top_p <= 1:
            raise UsageError(f"top_p is {self.top_p}: it must be above 0 and at most 1")

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

    @checked
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
    "repetition_penalty": 0.000001,
}
WIDEST = 10_000  # hypotheses
_MOST = {
    "beam": WIDEST,
    "n_best": WIDEST,
    "length_penalty": 100,
    "max_length_ratio": 1_000_000,
    "repetition_penalty": 1_000_000,
}  # beyond, memory or arithmetic overflows
