"""Deterministic sorting: of equal scores the lowest index comes first, on every device.

Axes: N rows, M scores of a row, V scores of a row that are a vocabulary, K the first of them.
"""

import torch
from torch import Tensor


def sum_dtype(device: torch.device) -> torch.dtype:
    """The dtype in which to add up log-probabilities: float64, or float32 on Apple's GPUs, which have no other."""
    return torch.float32 if device.type == "mps" else torch.float64


def order(scores_NM: Tensor) -> Tensor:
    """The indices (N, M) that sort each row from the highest score to the lowest, equal ones by index."""
    return scores_NM.argsort(dim=1, descending=True, stable=True)


def top(scores_NV: Tensor, count: int) -> Tensor:
    """The first `count` columns of `order` (all V if there are fewer), without sorting all of V.

    `torch.topk` leaves open which of equal scores it takes and in which order it gives them.
    Only rows with a tie across the cut need the full sort; ties of -inf are left as they fall.
    """
    count = min(count, scores_NV.shape[1])
    values_NK, ids_NK = scores_NV.topk(min(count + 1, scores_NV.shape[1]), dim=1)
    tied_N = (values_NK[:, count - 1] == values_NK[:, -1]) & values_NK[:, -1].isfinite()
    ids_NK = ids_NK[:, :count].sort(1).values
    ids_NK = ids_NK.gather(1, order(scores_NV.gather(1, ids_NK)))
    if values_NK.shape[1] > count and tied_N.any():
        ids_NK[tied_N] = order(scores_NV[tied_N])[:, :count]
    return ids_NK
