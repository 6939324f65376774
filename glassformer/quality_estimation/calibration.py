"""What validation showed: how sure the model is of good translations, and which warnings it does not deserve.

The mean log-probability of a translation's tokens tells good from bad ones well without anything else (Fomicheva et
al. 2020, "Unsupervised Quality Estimation for Neural Machine Translation", eq. 1).
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, fsum
from typing import Any, NamedTuple

from glassformer.errors import InputError
from glassformer.quality_estimation.warnings import Kind

FEWEST = 30  # translations; of fewer there are no quantiles
STEPS = 100  # between the quantiles
WORST = 1 / 3  # of the validation translations are not called good, but for those as near to their reference
FALSE_ALARMS = 0.05  # share of good translations with a warning of one kind, above which the kind is not given
UNSURE_BELOW = 0.05  # confidence


class Judged(NamedTuple):
    """A validation translation: its mean log-probability, its warnings, and its sentence chrF."""

    mean_log_prob: float
    kinds: frozenset[Kind]
    chrf: float


@dataclass(frozen=True)
class Calibration:
    """`quantiles` of the mean log-probabilities of good validation translations; `silent` kinds are not given."""

    quantiles: tuple[float, ...]
    silent: frozenset[Kind]

    @classmethod
    def from_validation(cls, translations: Sequence[Judged]) -> "Calibration | None":
        """Calibrate on validation translations; None if there are too few."""
        if len(translations) < FEWEST:
            return None
        least = sorted(one.chrf for one in translations)[int(WORST * len(translations))]
        good = [one for one in translations if one.chrf >= least]
        counts = Counter(kind for one in good for kind in one.kinds)
        silent = frozenset(kind for kind, count in counts.items() if count > FALSE_ALARMS * len(good))
        values = [one.mean_log_prob for one in good]
        from statistics import quantiles  # takes 4 ms to load, which every translation would wait for

        inner = quantiles(values, n=STEPS, method="inclusive")
        return cls(tuple(round(value, 4) for value in (min(values), *inner, max(values))), silent)

    def confidence(self, mean_log_prob: float, warnings: int) -> float:
        """The share of the good validation translations that had no higher mean log-probability, 0 to 1.

        Each warning counts as tokens e times less likely. Interpolated between the quantiles; below them all it falls
        as the probability does.
        """
        value = mean_log_prob - warnings
        above = bisect_right(self.quantiles, value)
        if above == 0:
            rank = exp(value - self.quantiles[0])
        elif above > STEPS:
            rank = STEPS + 1.0
        else:
            low, high = self.quantiles[above - 1 : above + 1]
            rank = above + (value - low) / (high - low)
        return round(rank / (STEPS + 1), 6)

    def to_dict(self) -> dict[str, Any]:
        """As values for JSON."""
        return {"quantiles": list(self.quantiles), "silent": sorted(self.silent)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Calibration":
        """What `to_dict` gave; InputError for anything else."""
        try:
            found = tuple(map(float, values["quantiles"]))
            if len(found) != STEPS + 1 or list(found) != sorted(found):
                raise ValueError
            return cls(found, frozenset(map(Kind, values["silent"])))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError("the model's card.json holds no such calibration as it should; copy it again") from error


def mean_log_prob(token_log_probs: Sequence[float]) -> float:
    """Of the tokens, natural logarithm; 0 without any."""
    return fsum(token_log_probs) / max(1, len(token_log_probs))


def lowest_confidence(confidences: Iterable[float | None]) -> float | None:
    """The confidence of a text of several translations; None where none of them has one."""
    return min((one for one in confidences if one is not None), default=None)
