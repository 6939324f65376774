"""Softmax and its logarithm, over the last axis."""

import math
from collections.abc import Sequence

import numpy as np

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


def _exponentials(x: Array) -> tuple[Array, Array]:
    """(max, Σ exp(x − max)) of every row; of a row of −inf alone the sum is 0."""
    largest = x.max(-1)
    with np.errstate(invalid="ignore"):
        total = np.nan_to_num(np.exp(x - largest[..., None])).sum(-1)
    return largest, total


def _logsumexp(x: Array) -> Array:
    """ln Σ exp(x) of every row, without overflow."""
    largest, total = _exponentials(x)
    return largest + np.log(total)


def _softmax(context: CellContext, values: Sequence[float]) -> float:
    """exp(x − max) / Σ exp(x − max); 0 in a row of −inf, where nothing may be attended to."""
    largest, total = _exponentials(np.array(values))
    return math.exp(values[context.index[-1]] - largest) / float(total) if total else 0.0


def _softmax_formula(terms: CellTerms) -> Formula:
    exponentials = " + ".join(f"e^{text}" for text in terms.shown)
    numbers = f"e^{terms.shown[terms.context.index[-1]]} / ({exponentials})"
    return f"exp({terms.symbol('x')}) / Σⱼ exp({_jth(terms)})", numbers


def _softmax_statistics(x: Array, _: Attributes) -> dict[str, Array]:
    largest, total = _exponentials(x)
    return {"max": largest, "sum": total}


def _log_softmax_cells(context: CellContext) -> list[CellRef]:
    """The row; only the cell itself where not the whole vocabulary is carried."""
    return row_of_x(context) if context.operands["x"].columns is None else [("x", context.index)]


def _own_and_total(context: CellContext, values: Sequence[float]) -> tuple[int, float]:
    """(which of the values is the cell's own, ln Σ exp of its row); the sum is recorded where not all are carried."""
    if context.operands["x"].columns is not None:
        return 0, context.statistics["logsumexp"]
    return context.index[-1], float(_logsumexp(np.array(values)))


def _log_softmax(context: CellContext, values: Sequence[float]) -> float:
    own, total = _own_and_total(context, values)
    return values[own] - total


def _log_softmax_formula(terms: CellTerms) -> Formula:
    own, total = _own_and_total(terms.context, terms.values)
    return f"{terms.symbol('x')} − ln Σⱼ exp({_jth(terms)})", f"{terms.shown[own]} − {bracketed(total)}"


def _jth(terms: CellTerms) -> str:
    return terms.symbol("x", *terms.context.index[:-1], "j")


SOFTMAX = {
    "softmax": Op(
        cells=row_of_x,
        value=_softmax,
        formula=_softmax_formula,
        equation="softmax({x})",
        statistics=_softmax_statistics,
        term_by_term=True,
    ),
    "log_softmax": Op(
        cells=_log_softmax_cells,
        value=_log_softmax,
        formula=_log_softmax_formula,
        statistics=lambda x, _: {"logsumexp": _logsumexp(x)},
    ),
}
