"""Deterministic sorting: of equal scores the lowest index comes first.

Axes: N rows, M scores of a row, V scores of a row that are a vocabulary, K the first of them.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def order(scores_NM: NDArray[Any]) -> Ints:
    """The indices (N, M) that sort each row from the highest score to the lowest, equal ones by index."""
    return np.argsort(-scores_NM, axis=1, kind="stable")


def top(scores_NV: NDArray[Any], count: int) -> Ints:
    """The first `count` columns of `order` (all V if there are fewer), without sorting all of V.

    A partition leaves open which of equal scores it takes and in which order it gives them.
    Only rows with a tie across the cut need the full sort; ties of -inf are left as they fall.
    """
    if count >= scores_NV.shape[1]:
        return order(scores_NV)
    ids_NK = np.argpartition(-scores_NV, count, axis=1)[:, : count + 1]
    values_NK = np.take_along_axis(scores_NV, ids_NK, axis=1)
    tied_N = (values_NK[:, :count].min(axis=1) == values_NK[:, count]) & np.isfinite(values_NK[:, count])
    ids_NK = np.sort(ids_NK[:, :count], axis=1)
    ids_NK = np.take_along_axis(ids_NK, order(np.take_along_axis(scores_NV, ids_NK, axis=1)), axis=1)
    if tied_N.any():
        ids_NK[tied_N] = order(scores_NV[tied_N])[:, :count]
    return ids_NK
