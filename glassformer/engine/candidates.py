"""What search asks of the scores of a whole vocabulary: log Z, and the best tokens.

Axes: N rows, V vocabulary, C candidates, J blocks of the vocabulary, W scores of a block, X scores.
"""

import torch
from torch import Tensor
from torch.nn import functional

from glassformer.model.attention import HAS_TRITON

BLOCK = 128  # scores whose best is found first
CACHED = 8  # rows whose exponentials stay in a processor's cache


def log_z(scores_NV: Tensor) -> Tensor:
    """log of the sum of exp(score) over each row, float32 (N, 1)."""
    if scores_NV.is_cuda and HAS_TRITON:
        from glassformer.engine.log_sum_exp import log_sum_exp  # needs Triton

        return log_sum_exp(scores_NV)
    rows = max(1, len(scores_NV)) if scores_NV.is_cuda else CACHED
    return torch.cat([some_NV.float().logsumexp(-1, keepdim=True) for some_NV in scores_NV.split(rows)])


def best(scores_NV: Tensor, count: int, forbidden: Tensor) -> tuple[Tensor, Tensor]:
    """(N, C): ids and scores (float32) of the `count` best, of equal ones the lowest id first; NaN is best.

    Scores are bfloat16 or float32; those of `forbidden` ids count as -inf.
    """
    vocabulary = scores_NV.shape[1]
    padded_NV = functional.pad(scores_NV, (0, -vocabulary % BLOCK), value=-torch.inf)  # a copy even if none is missing
    padded_NV.index_fill_(1, forbidden, -torch.inf)
    if count == 1 and padded_NV.is_cuda:  # torch promises the first of equal ones; a processor takes longer for it
        ids_NC = padded_NV.argmax(1, keepdim=True)
    else:
        ids_NC = _best_ids(padded_NV.unflatten(1, (-1, BLOCK)), min(count, vocabulary))
    return ids_NC, padded_NV.gather(1, ids_NC).float()


def _best_ids(blocks_NJW: Tensor, count: int) -> Tensor:
    """Any that is among the best C is in one of the C blocks whose best are best, as each block before its own has a
    score that comes before it. So the only pass over all scores is for the best of each block."""
    places_J, places_W = (torch.arange(size, device=blocks_NJW.device) for size in blocks_NJW.shape[1:])
    chosen_NC1 = _first(blocks_NJW.amax(-1), places_J, min(count, len(places_J)))[..., None]
    ids_NX = (chosen_NC1 * BLOCK + places_W).flatten(1)
    scores_NX = blocks_NJW.gather(1, chosen_NC1.expand(-1, -1, BLOCK)).flatten(1)
    return ids_NX.gather(1, _first(scores_NX, ids_NX, count))


def _first(scores_NX: Tensor, ids_NX: Tensor, count: int) -> Tensor:
    """Where the best scores are, of equal ones that of the lowest id first.

    topk leaves open which of equal scores it takes, so it gets keys that are all different: a score's bits, which as
    integers have the same order once the negative ones are turned round, and below them the id.
    """
    exact_NX = scores_NX.float() + 0.0  # no -0, whose bits are not those of 0
    bits_NX = exact_NX.view(torch.int32).long()
    highest = 2**31 - 1  # all bits but the sign
    ordered_NX = torch.where(bits_NX < 0, bits_NX ^ highest, bits_NX).masked_fill(exact_NX.isnan(), highest)
    return (ordered_NX * 2**32 - ids_NX).topk(count, dim=1).indices
