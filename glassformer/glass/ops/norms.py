"""Norms over the last axis: LayerNorm (Ba et al. 2016) and RMSNorm (Zhang & Sennrich 2019).

LayerNorm   (x − mean) / √(variance + ε) · γ + β      the variance is the population's
RMSNorm      x / √(mean of x² + ε) · γ                 LayerNorm without the mean and without β
"""

import math
from collections.abc import Sequence

import numpy as np

from glassformer.glass.numbers import show
from glassformer.glass.ops.op import (
    Array,
    Attributes,
    CellContext,
    CellRef,
    CellTerms,
    Formula,
    Op,
    bracketed,
    row_of_x,
)


def _moments(x: Array, centred: bool) -> tuple[Array, Array]:
    """(mean, mean of (x − mean)²) of every row; where not centred, the mean counts as 0."""
    mean = x.mean(-1) if centred else np.zeros(x.shape[:-1])
    return mean, ((x - mean[..., None]) ** 2).mean(-1)


def _cells(context: CellContext) -> list[CellRef]:
    trained = [(role, context.index[-1:]) for role in ("gain", "bias") if role in context.operands]
    return row_of_x(context) + trained


def _row_moments(context: CellContext, values: Sequence[float], centred: bool) -> tuple[float, float]:
    mean, square = _moments(np.array(values[: context.width("x")]), centred)
    return float(mean), float(square)


def _norm(centred: bool) -> Op:
    def value(context: CellContext, values: Sequence[float]) -> float:
        mean, square = _row_moments(context, values, centred)
        trained = iter(values[context.width("x") :])
        gain = next(trained) if "gain" in context.operands else 1.0
        root = math.sqrt(square + context.attributes["eps"])
        return (values[context.index[-1]] - mean) / root * gain + next(trained, 0.0)

    def formula(terms: CellTerms) -> Formula:
        column, x, eps = terms.context.index[-1], terms.symbol("x"), show(terms.context.attributes["eps"])
        mean, square = _row_moments(terms.context, terms.values, centred)
        shown, trained = terms.shown[column], terms.shown[terms.context.width("x") :]
        symbols = f"({x} − mean) / √(variance + ε)" if centred else f"{x} / √(mean of squares + ε)"
        numbers = f"({shown} − {bracketed(mean)})" if centred else shown
        numbers += f" / √({show(square)} + {eps})"
        for role, sign in (("gain", "·"), ("bias", "+")):
            symbols += f" {sign} {terms.symbol(role, column)}" if role in terms.symbols else ""
        return symbols, numbers + "".join(f" {sign} {text}" for sign, text in zip("·+", trained, strict=False))

    def statistics(x: Array, attributes: Attributes) -> dict[str, Array]:
        mean, square = _moments(x, centred)
        deviation = np.sqrt(square + attributes["eps"])
        return {"mean": mean, "deviation": deviation} if centred else {"deviation": deviation}

    return Op(
        cells=_cells,
        value=value,
        formula=formula,
        equation="norm({x})",
        statistics=statistics,
        term_by_term=centred,
    )


NORMS = {"layernorm": _norm(centred=True), "rmsnorm": _norm(centred=False)}
