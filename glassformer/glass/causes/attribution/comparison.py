"""Whether an attribution and the interventions name the same source words."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from glassformer.glass.causes.sweep import EffectMap

ON_THE_WAY = 0.5  # of the largest effect: from here on a word is said to decide


NOTHING = 1e-3  # an effect below it is rounding


def felt(stream: EffectMap) -> list[float]:
    """For each source token the largest effect, in size, of changing it at any depth of the encoder's stream."""
    return [max((abs(row[place] or 0.0) for row in stream.total), default=0.0) for place in range(len(stream.total[0]))]


def deciding(effects: Sequence[float]) -> list[int]:
    """The places whose effect is at least half of the largest one, the largest first."""
    most = max(effects)
    order = sorted(range(len(effects)), key=lambda place: -effects[place])
    return [place for place in order if most > NOTHING and effects[place] >= ON_THE_WAY * most]


def rank_correlation(one: Sequence[float], two: Sequence[float]) -> float | None:
    """Spearman's: the correlation of the ranks, ties sharing their mean rank; None where all of a side are equal."""
    a, b = _ranks(one), _ranks(two)
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def _ranks(values: Sequence[float]) -> NDArray[np.float64]:
    x = np.asarray(values, np.float64)
    below, same = (x[:, None] > x).sum(1), (x[:, None] == x).sum(1)
    ranks: NDArray[np.float64] = below + (same - 1) / 2
    return ranks
