"""Sinusoidal positions ("Attention Is All You Need", section 3.5) and rotary ones (Su et al. 2021, section 3.2.2)."""

import math
from collections.abc import Sequence

from glassformer.glass.numbers import show
from glassformer.glass.ops.op import Attributes, CellContext, CellRef, CellTerms, Formula, Op


def position(attributes: Attributes, place: int, column: int) -> float:
    """sin or cos of place / base^(2i/divisor), where i is the pair that the column belongs to."""
    angle, is_sine = position_angle(attributes, place, column)
    return math.sin(angle) if is_sine else math.cos(angle)


def position_angle(attributes: Attributes, place: int, column: int) -> tuple[float, bool]:
    """(angle, whether the column holds its sine)."""
    pair, is_sine = _pair_of(attributes, column)
    return (attributes["start"] + place) / attributes["base"] ** (2 * pair / _divisor(attributes)), is_sine


def _divisor(attributes: Attributes) -> int:
    """d of the exponent 2i/d: that of the model's configuration; the width in rotary positions and in old records."""
    divisor: int = attributes.get("divisor", attributes["width"])
    return divisor


def _pair_of(attributes: Attributes, column: int) -> tuple[int, bool]:
    """(the pair i that the column belongs to, whether the column holds the sine)."""
    half = attributes["width"] // 2
    return (column % half, column < half) if attributes["layout"] == "halves" else (column // 2, column % 2 == 0)


def _positions(context: CellContext, _: Sequence[float]) -> float:
    place, column = context.index
    return position(context.attributes, place, column)


def _positions_formula(terms: CellTerms) -> Formula:
    (place, column), attributes = terms.context.index, terms.context.attributes
    angle, is_sine = position_angle(attributes, place, column)
    pair, _ = _pair_of(attributes, column)
    wave = "sin" if is_sine else "cos"
    symbols = f"{wave}({attributes['start'] + place} / {attributes['base']:g}^({2 * pair}/{_divisor(attributes)}))"
    return symbols, f"{wave}({show(angle)})"


def _rotary_cells(context: CellContext) -> list[CellRef]:
    """The pair (a, b) of columns that the cell belongs to."""
    *row, column = context.index
    return [("x", (*row, column - column % 2)), ("x", (*row, column - column % 2 + 1))]


def _rotary(context: CellContext, values: Sequence[float]) -> float:
    """(a cos θ − b sin θ, b cos θ + a sin θ): the pair rotated by the angle of its position."""
    angle, is_first = _rotary_angle(context)
    a, b = values
    return a * math.cos(angle) - b * math.sin(angle) if is_first else b * math.cos(angle) + a * math.sin(angle)


def _rotary_angle(context: CellContext) -> tuple[float, bool]:
    """(angle, whether the cell is the first of its pair)."""
    place, column = context.index[-2:]
    attributes = {**context.attributes, "layout": "interleaved", "width": context.width("x")}
    return position_angle(attributes, place, column)


def _rotary_formula(terms: CellTerms) -> Formula:
    context = terms.context
    place, column = context.index[-2:]
    angle, is_first = _rotary_angle(context)
    a, b = (terms.symbol(role, *index) for role, index in _rotary_cells(context))
    x, y = terms.shown
    base, width = context.attributes["base"], context.width("x")
    theta = f"θ = {context.attributes['start'] + place} / {base:g}^({column - column % 2}/{width})"
    if is_first:
        return f"{a} cos θ − {b} sin θ, {theta}", f"{x}·cos {show(angle)} − {y}·sin {show(angle)}"
    return f"{b} cos θ + {a} sin θ, {theta}", f"{y}·cos {show(angle)} + {x}·sin {show(angle)}"


POSITIONS = {
    "positions": Op(
        cells=lambda _: [], value=_positions, formula=_positions_formula, derivable=True, term_by_term=True
    ),
    "rotary": Op(cells=_rotary_cells, value=_rotary, formula=_rotary_formula, derivable=True),
}
