"""Cross-entropy with label smoothing, together with the output layer it is taken of."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

CHUNK = 1024  # targets whose logits exist at one time: small enough for a cache, large enough for the matrix products


def output_loss(
    hidden_ND: Tensor, weight_VD: Tensor, bias_V: Tensor | None, targets_N: Tensor, smoothing: float
) -> Tensor:
    """Sum over the N targets of -sum_v q(v) log p(v), in nats, float32, where p = softmax(hidden W^T + bias).

    q = (1 - smoothing) at the target plus smoothing / V at every one of the V classes, the target's
    included (Szegedy et al. 2016, section 7; torch's convention). Others: fairseq spreads over
    V - 1 classes, JoeyNMT over V - 2. Divide by the real target tokens of the whole update, so that
    accumulated batches equal one big one.

    The logits' gradient is p - q. Only p is a full matrix; q's part of every product is known without one:

        loss           = log sum_v exp z_v - (1 - smoothing) z_target - smoothing mean_v z_v
        d loss/dhidden = p W - (1 - smoothing) W[target] - smoothing mean_v W[v]

    and likewise for W. So 1,024 targets at a time go forward and at once backward: the (N, V) matrix never exists.
    Under autocast the products with W are in its type, and all that belongs to q in float32.
    """
    return _OutputLoss.apply(hidden_ND, weight_VD, bias_V, targets_N, smoothing)


class _OutputLoss(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden_ND: Tensor, weight_VD: Tensor, bias_V: Tensor | None, targets_N: Tensor, smoothing: float
    ) -> Tensor:
        kind = hidden_ND.device.type
        dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else hidden_ND.dtype
        learning = any(ctx.needs_input_grad)
        sums = _Sums(hidden_ND, weight_VD, bias_V)
        with torch.autocast(kind, enabled=False):
            w_VD, b_V = weight_VD.to(dtype), None if bias_V is None else bias_V.to(dtype)
            for h_CD, y_C, into_CD in zip(*(t.split(CHUNK) for t in (hidden_ND, targets_N, sums.hidden)), strict=True):
                sums.add(h_CD.to(dtype), w_VD, b_V, y_C, into_CD, learning)
            sums.take_q(hidden_ND.float(), weight_VD, bias_V, targets_N, smoothing, learning)
        if learning:
            ctx.save_for_backward(sums.hidden.to(hidden_ND.dtype), sums.weight, sums.bias)
        return sums.loss

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        return *(None if sum_ is None else sum_ * grads[0] for sum_ in ctx.saved_tensors), None, None


class _Sums:
    """The loss and its three gradients, growing chunk by chunk."""

    def __init__(self, hidden_ND: Tensor, weight_VD: Tensor, bias_V: Tensor | None) -> None:
        self.loss = torch.zeros((), device=hidden_ND.device)
        self.hidden = torch.empty(hidden_ND.shape, device=hidden_ND.device)
        self.weight = torch.zeros_like(weight_VD)
        self.bias = None if bias_V is None else torch.zeros_like(bias_V)

    def add(self, h_CD: Tensor, w_VD: Tensor, b_V: Tensor | None, y_C: Tensor, into_CD: Tensor, learning: bool) -> None:
        """log sum exp z of a chunk, and p's part of the gradients."""
        z_CV = functional.linear(h_CD, w_VD, b_V)
        p_CV = z_CV.softmax(-1)
        # The largest p is 1 / sum exp (z - max z).
        self.loss += (z_CV.amax(-1).float() - p_CV.amax(-1).float().log()).sum()
        if learning:
            into_CD.copy_(p_CV @ w_VD)
            self.weight += p_CV.T @ h_CD
            if self.bias is not None:
                self.bias += p_CV.sum(0, dtype=torch.float32)

    def take_q(
        self, h_ND: Tensor, w_VD: Tensor, b_V: Tensor | None, y_N: Tensor, smoothing: float, learning: bool
    ) -> None:
        """Less q's part: of the loss sum_v q(v) z_v, of the gradients q W, q^T hidden, and q."""
        target, every = 1 - smoothing, smoothing / len(w_VD)
        q_w_ND = target * w_VD[y_N] + every * w_VD.sum(0)
        self.loss -= (h_ND * q_w_ND).sum()
        if b_V is not None:
            self.loss -= (target * b_V[y_N] + every * b_V.sum()).sum()
        if learning:
            self.hidden -= q_w_ND
            self.weight.index_add_(0, y_N, h_ND, alpha=-target).sub_(every * h_ND.sum(0))
            if self.bias is not None:
                self.bias.sub_(every * len(y_N)).index_add_(0, y_N, h_ND.new_full((len(y_N),), -target))
