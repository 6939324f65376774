"""Operations whose cell is made from the cells at the same place of their operands."""

import math
from collections.abc import Callable

from glassformer.glass.numbers import show
from glassformer.glass.ops.op import CellContext, CellRef, CellTerms, Formula, Op


def _same_place(*roles: str) -> Callable[[CellContext], list[CellRef]]:
    return lambda context: [(role, context.index) for role in roles]


def _pointwise(equation: str, value: Callable[..., float], *roles: str) -> Op:
    """An operation of one or two numbers; `equation` is written with symbols or numbers for the roles."""

    def formula(terms: CellTerms) -> Formula:
        symbols = {role: terms.symbol(role) for role in roles}
        return equation.format(**symbols), equation.format(**dict(zip(roles, terms.shown, strict=True)))

    return Op(
        cells=_same_place(*roles),
        value=lambda _, values: value(*values),
        formula=formula,
        equation=equation,
        derivable=True,
    )


def _scale_formula(terms: CellTerms) -> Formula:
    attributes = terms.context.attributes
    return f"{terms.symbol('x')} · {attributes['text']}", f"{terms.shown[0]} · {show(attributes['factor'])}"


ACTIVATIONS = {
    "relu": _pointwise("max(0, {x})", lambda x: max(x, 0.0), "x"),
    # Hendrycks & Gimpel 2016: x times the normal distribution function of x.
    "gelu": _pointwise("{x} · Φ({x})", lambda x: x / 2 * (1 + math.erf(x / math.sqrt(2))), "x"),
    "silu": _pointwise("{x} / (1 + e^(−{x}))", lambda x: x / (1 + math.exp(min(-x, 700.0))), "x"),
}
ELEMENTWISE = {
    "add": _pointwise("{a} + {b}", lambda a, b: a + b, "a", "b"),
    "multiply": _pointwise("{a} · {b}", lambda a, b: a * b, "a", "b"),
    "scale": Op(
        cells=_same_place("x"),
        value=lambda context, values: values[0] * float(context.attributes["factor"]),
        formula=_scale_formula,
        equation="{x} · {text}",
        derivable=True,
    ),
    **ACTIVATIONS,
}
