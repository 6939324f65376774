"""Matrix products: a cell is the sum of the products of two rows, or of a row and a column."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from glassformer.glass.ops.op import CellContext, CellRef, CellTerms, Formula, Op


def _dot(_: CellContext, values: Sequence[float]) -> float:
    """The sum of the products of neighbours, and of what is left over: a bias."""
    pairs = len(values) // 2 * 2
    return math.fsum([*(a * b for a, b in zip(values[:pairs:2], values[1:pairs:2], strict=True)), *values[pairs:]])


def _products(terms: CellTerms) -> str:
    pairs = [f"{a}·{b}" for a, b in zip(terms.shown[::2], terms.shown[1::2], strict=False)]
    return " + ".join(pairs + terms.shown[len(pairs) * 2 :])


def _linear_cells(context: CellContext) -> list[CellRef]:
    *row, column = context.index
    cells = [cell for k in range(context.width("x")) for cell in (("x", (*row, k)), ("weight", (column, k)))]
    return [*cells, ("bias", (column,))] if "bias" in context.operands else cells


def _linear_formula(terms: CellTerms) -> Formula:
    row, column = terms.context.index
    bias = f" + {terms.symbol('bias', column)}" if "bias" in terms.symbols else ""
    return f"Σₖ {terms.symbol('x', row, 'k')} · {terms.symbol('weight', column, 'k')}{bias}", _products(terms)


def _matmul(equation: str, b_index: Callable[[Any, int], tuple[Any, Any]]) -> Op:
    """A product of a and b. `b_index`: the row and column of b's k-th factor, from k and the cell's column."""

    def cells(context: CellContext) -> list[CellRef]:
        *head, row, column = context.index
        shared = _shared_head(context, head)
        pairs = ((("a", (*head, row, k)), ("b", (*shared, *b_index(k, column)))) for k in range(context.width("a")))
        return [cell for pair in pairs for cell in pair]

    def formula(terms: CellTerms) -> Formula:
        *head, row, column = terms.context.index
        b = terms.symbol("b", *_shared_head(terms.context, head), *b_index("k", column))
        return f"Σₖ {terms.symbol('a', *head, row, 'k')} · {b}", _products(terms)

    return Op(cells=cells, value=_dot, formula=formula, equation=equation, term_by_term=True)


def _shared_head(context: CellContext, head: list[int]) -> list[int]:
    """The head of b that this head of a reads: several share one where b has fewer (Ainslie et al. 2023)."""
    return [head[0] * context.operands["b"].shape[0] // context.operands["a"].shape[0]] if head else []


PRODUCTS = {
    "linear": Op(cells=_linear_cells, value=_dot, formula=_linear_formula),
    "matmul": _matmul("{a} · {b}", lambda k, column: (k, column)),
    "matmul_transposed": _matmul("{a} · {b}ᵀ", lambda k, column: (column, k)),
}
