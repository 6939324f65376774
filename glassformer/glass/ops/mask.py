"""The mask: what may not be attended to becomes −∞, and why it may not."""

import math

from glassformer.glass.numbers import show
from glassformer.glass.ops.op import CellContext, CellRef, CellTerms, Formula, Op

VISIBLE, PADDING, FUTURE = 0, 1, 2  # why a mask hides a cell; 3 is both
REASONS = ("visible", "padding", "future", "padding and future")


def _cells(context: CellContext) -> list[CellRef]:
    """The score, and the mask that all heads share."""
    return [("x", context.index), ("mask", context.index[-2:])]


def _formula(terms: CellTerms) -> Formula:
    score, reason = terms.values
    return f"{terms.symbol('x')} if it may be seen, else −∞", f"{show(score)}, {REASONS[int(reason)]}"


MASK = {
    "mask": Op(
        cells=_cells,
        value=lambda _, values: values[0] if values[1] == VISIBLE else -math.inf,
        formula=_formula,
        equation="{x}, masked",
        derivable=True,
    )
}
