"""A mean over sentences, and how far another draw of sentences might have moved it.

Axes: R resamples, N sentences.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000
SEED = 1


@dataclass(frozen=True)
class Estimate:
    """A mean over `count` sentences with its 95 % interval; no interval (None) of fewer than two sentences."""

    mean: float
    low: float | None
    high: float | None
    count: int


def estimate(values: Sequence[float]) -> Estimate:
    """The mean and its interval, by the bootstrap's percentiles (Efron & Tibshirani 1993, section 13.3).

    The same values give the same interval: the resamples are drawn from a fixed seed.
    """
    count = len(values)
    if count < 2:
        return Estimate(values[0] if count else float("nan"), None, None, count)
    x = np.asarray(values, np.float64)
    drawn_RN = np.random.default_rng(SEED).integers(0, count, (RESAMPLES, count))
    low, high = np.percentile(x[drawn_RN].mean(1), (2.5, 97.5))
    return Estimate(float(x.mean()), float(low), float(high), count)
