"""Cross-entropy with label smoothing, together with the output layer it is taken of.

Axes: R passes, N targets, C targets of a chunk, M = R * C rows, D d_model, V vocabulary.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from glassformer.special import PAD

CHUNK = 512  # targets whose logits exist at one time: small enough for a cache, large enough for the matrix products
# On other devices than the CPU. Few and large products suit a GPU: with chunks of 512 a step of `base` took 1.7 times
# as long on an H100, at 4,096 targets.
DEVICE_CHUNK = 8192


def output_loss(
    hidden_RND: Tensor,
    weight_VD: Tensor,
    bias_V: Tensor | None,
    targets_N: Tensor,
    smoothing: float,
    r_drop: float = 0.0,
) -> Tensor:
    """Sum over R passes and N targets of -sum_v q(v) log p(v), nats, float32, where p = softmax(hidden W^T + bias).

    q = (1 - smoothing) at the target plus smoothing / V at every one of the V classes, the target's
    included (Szegedy et al. 2016, section 7; torch's convention). Others: fairseq spreads over
    V - 1 classes, JoeyNMT over V - 2. Divide by the real target tokens of the whole update, so that
    accumulated batches equal one big one.

    Two passes over the same targets differ in their dropout; R-Drop adds
    r_drop (KL(p_1 || p_2) + KL(p_2 || p_1)) / 2 (Liang, Wu et al. 2021, formulas 2 and 3).

    The logits' gradient is p - q. Only p is a full matrix; q's part of every product is known without one:

        loss           = log sum_v exp z_v - (1 - smoothing) z_target - smoothing mean_v z_v
        d loss/dhidden = p W - (1 - smoothing) W[target] - smoothing mean_v W[v]

    and likewise for W. So some hundred targets at a time go forward and backward at once, and the (N, V) matrix never
    exists. Under autocast the products with W are in its dtype; softmax, sums, and p - q at the target, which gets
    small once it is learned, are in float32.
    """
    apply: Callable[..., Tensor] = _OutputLoss.apply  # torch gives it no types
    return apply(hidden_RND, weight_VD, bias_V, targets_N, smoothing, r_drop)


def whole_output_loss(
    hidden_RND: Tensor,
    weight_VD: Tensor,
    bias_V: Tensor | None,
    targets_N: Tensor,
    smoothing: float,
    r_drop: float = 0.0,
) -> Tensor:
    """`output_loss` without chunks, and over targets among which `<pad>` counts nothing.

    All logits exist at one time. It is for torch's compiler, which sees it whole, and for a GPU, which has the memory.
    """
    logits_RNV = functional.linear(hidden_RND, weight_VD, bias_V).float()
    loss = torch.zeros((), device=hidden_RND.device)
    for logits_NV in logits_RNV:
        loss = loss + functional.cross_entropy(
            logits_NV, targets_N, ignore_index=PAD, label_smoothing=smoothing, reduction="sum"
        )
    if r_drop:  # KL(p || o) + KL(o || p) = sum (p - o) (log p - log o)
        p_NV, o_NV = logits_RNV.log_softmax(-1)
        divergence_N = ((p_NV.exp() - o_NV.exp()) * (p_NV - o_NV)).sum(-1)
        loss = loss + r_drop / 2 * (divergence_N * (targets_N != PAD)).sum()
    return loss


class _OutputLoss(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        hidden_RND: Tensor,
        weight_VD: Tensor,
        bias_V: Tensor | None,
        targets_N: Tensor,
        smoothing: float,
        r_drop: float,
    ) -> Tensor:
        kind = hidden_RND.device.type
        dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else hidden_RND.dtype
        learning = any(ctx.needs_input_grad)
        sums = _Sums(hidden_RND, weight_VD, bias_V, r_drop)
        with torch.autocast(kind, enabled=False):
            w_VD, b_V = weight_VD.to(dtype), None if bias_V is None else bias_V.to(dtype)
            size = (CHUNK if kind == "cpu" else DEVICE_CHUNK) // len(hidden_RND)
            for first in range(0, len(targets_N), size):
                part = slice(first, first + size)
                sums.add(part, hidden_RND[:, part].to(dtype), w_VD, b_V, targets_N[part], learning)
            exact_b_V = None if bias_V is None else bias_V.float()
            sums.add_target_terms(hidden_RND.float(), weight_VD.float(), exact_b_V, targets_N, smoothing, learning)
        if learning:
            bias = None if sums.bias is None else sums.bias.to(weight_VD.dtype)
            ctx.save_for_backward(sums.hidden.to(hidden_RND.dtype), sums.weight.to(weight_VD.dtype), bias)
        return sums.loss

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        return *(None if sum_ is None else sum_ * grads[0] for sum_ in ctx.saved_tensors), None, None, None


class _Sums:
    """The loss and its three gradients, growing chunk by chunk."""

    def __init__(self, hidden_RND: Tensor, weight_VD: Tensor, bias_V: Tensor | None, r_drop: float) -> None:
        self.r_drop = r_drop
        self.loss = torch.zeros((), device=hidden_RND.device)
        self.hidden = torch.zeros(hidden_RND.shape, device=hidden_RND.device)
        self.weight = torch.zeros_like(weight_VD, dtype=torch.float32)
        self.bias = None if bias_V is None else torch.zeros_like(bias_V, dtype=torch.float32)
        self.p_target_RN = self.hidden.new_zeros(hidden_RND.shape[:2])

    def add(self, part: slice, h_RCD: Tensor, w_VD: Tensor, b_V: Tensor | None, y_C: Tensor, learning: bool) -> None:
        """Add log sum exp z of some targets to the loss, and p's terms to the gradients, except p at the targets."""
        h_MD = h_RCD.flatten(0, 1)
        z_RCV = functional.linear(h_MD, w_VD, b_V).unflatten(0, h_RCD.shape[:2]).float()
        p_RCV = z_RCV.softmax(-1)
        total_RC = z_RCV.amax(-1) - p_RCV.amax(-1).log()  # log sum exp z: the largest p is 1 / sum exp (z - max z)
        self.loss += total_RC.sum()
        divergence_RCV = self._add_divergence(z_RCV, p_RCV, total_RC) if self.r_drop else None
        if learning:
            y_RC1 = y_C.expand(len(p_RCV), -1)[..., None]
            self.p_target_RN[:, part] = p_RCV.gather(-1, y_RC1)[..., 0]
            slope_RCV = p_RCV.scatter_(-1, y_RC1, 0.0)
            if divergence_RCV is not None:
                slope_RCV += divergence_RCV
            slope_MV = slope_RCV.flatten(0, 1).to(h_RCD.dtype)
            self.hidden[:, part] = (slope_MV @ w_VD).view_as(h_RCD)
            self.weight += slope_MV.T @ h_MD
            if self.bias is not None:
                self.bias += slope_MV.sum(0, dtype=torch.float32)

    def _add_divergence(self, z_2CV: Tensor, p_2CV: Tensor, total_2C: Tensor) -> Tensor:
        """Add r_drop (KL(p || o) + KL(o || p)) / 2 of the two passes p and o to the loss, and return its gradient.

        In the logits of p that is r_drop / 2 * (p (log p/o - KL(p || o)) + p - o).
        """
        divergence_2CV = torch.empty_like(p_2CV)
        ratio_CV = (z_2CV[0] - z_2CV[1]).sub_((total_2C[0] - total_2C[1])[:, None])  # log p/o
        for p_CV, o_CV, slope_CV in zip(p_2CV, (p_2CV[1], p_2CV[0]), divergence_2CV, strict=True):
            kl_C1 = torch.mul(p_CV, ratio_CV, out=slope_CV).sum(-1, keepdim=True)
            self.loss += self.r_drop / 2 * kl_C1.sum()
            slope_CV.addcmul_(p_CV, 1 - kl_C1).sub_(o_CV)
            ratio_CV.neg_()
        return divergence_2CV.mul_(self.r_drop / 2)

    def add_target_terms(
        self, h_RND: Tensor, w_VD: Tensor, b_V: Tensor | None, y_N: Tensor, smoothing: float, learning: bool
    ) -> None:
        """Subtract the terms of q: sum_v q(v) z_v from the loss; q W, q^T hidden and q from the gradients."""
        target, every, passes = 1 - smoothing, smoothing / len(w_VD), len(h_RND)
        w_target_ND, w_every_D = w_VD[y_N], every * w_VD.sum(0)
        self.loss -= (h_RND * (target * w_target_ND + w_every_D)).sum()
        if b_V is not None:
            self.loss -= passes * (target * b_V[y_N] + every * b_V.sum()).sum()
        if learning:
            left_RN1 = (self.p_target_RN - target)[..., None]
            self.hidden += left_RN1 * w_target_ND - w_every_D
            self.weight.index_add_(0, y_N, (left_RN1 * h_RND).sum(0)).sub_(every * h_RND.sum((0, 1)))
            if self.bias is not None:
                self.bias.index_add_(0, y_N, left_RN1.sum((0, 2))).sub_(every * passes * len(y_N))
