"""Attribution by gradients: gradient x input, and integrated gradients.

Axes: N points of the path, S source tokens, T target tokens read, D d_model.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from glassformer.glass.causes.asking import Question
from glassformer.glass.causes.attribution.inputs import Attribution, Inputs
from glassformer.glass.causes.running import run
from glassformer.model import Transformer

POINTS = (32, 64, 128, 256)  # of the path, one after the other until the sum is complete
COMPLETE = 0.01  # of the difference that is to be explained


def gradient_x_input(model: Transformer, question: Question) -> Attribution:
    """Σ_d dC/dx_d · x_d for each token, C being the contrast and x the token's embedding (Shrikumar et al. 2016)."""
    inputs = Inputs.of(model, question)
    source_NSD, target_NTD = _gradients(model, question, inputs, inputs.source_SD[None], inputs.target_TD[None])
    parts = (source_NSD[0] * inputs.source_SD, target_NTD[0] * inputs.target_TD)
    return Attribution("gradient x input", *(tuple(part.sum(-1).tolist()) for part in parts))


class Integrated(NamedTuple):
    """Integrated gradients; they should add up to `difference`, the contrast less that of the baseline.

    `gap` is by how much they do not, for the number of points that was used.
    """

    attribution: Attribution
    difference: float
    gap: float
    points: int


def integrated_gradients(model: Transformer, question: Question) -> Integrated:
    """The mean gradient along the straight way from the baseline to the input, times input less baseline.

    Sundararajan et al. 2017; all tokens of both sides move together. By Gauss-Legendre's points; more of them until the
    shares add up to the difference within a hundredth (their completeness axiom), or there are 256.
    """
    inputs = Inputs.of(model, question)
    far_SD, far_TD = inputs.source_SD - inputs.source_baseline_D, inputs.target_TD - inputs.target_baseline_D
    with torch.no_grad():
        ends = [inputs.edits(inputs.source_SD - far_SD, inputs.target_TD - far_TD), []]
        there, here = question.contrast(run(model, question.reading, ends).logits_BV).tolist()
    difference = here - there
    for points in POINTS:
        at_N, weight_N = (torch.as_tensor(x, dtype=far_SD.dtype) for x in _gauss_legendre(points))
        left_N11 = (1 - at_N)[:, None, None].to(far_SD.device)
        gradients = _gradients(
            model, question, inputs, inputs.source_SD - left_N11 * far_SD, inputs.target_TD - left_N11 * far_TD
        )
        means = [torch.einsum("n,nsd->sd", weight_N.to(one), one) for one in gradients]
        source, target = (means[0] * far_SD).sum(-1).tolist(), (means[1] * far_TD).sum(-1).tolist()
        gap = difference - sum(source) - sum(target)
        if abs(gap) <= COMPLETE * abs(difference):
            break
    return Integrated(Attribution("integrated gradients", tuple(source), tuple(target)), difference, gap, points)


def _gauss_legendre(points: int) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights of the integral over [0, 1]."""
    at, weight = np.polynomial.legendre.leggauss(points)
    return (at + 1) / 2, weight / 2


def _gradients(
    model: Transformer, question: Question, inputs: Inputs, source_NSD: Tensor, target_NTD: Tensor
) -> tuple[Tensor, Tensor]:
    """dC/dx of each point, a row of the batch each, for both sides."""
    with torch.enable_grad():
        source_NSD, target_NTD = (x.detach().requires_grad_() for x in (source_NSD, target_NTD))
        rows = [inputs.edits(*pair) for pair in zip(source_NSD, target_NTD, strict=True)]
        total = question.contrast(run(model, question.reading, rows).logits_BV).sum()
        source, target = torch.autograd.grad(total, (source_NSD, target_NTD))
    return source, target
