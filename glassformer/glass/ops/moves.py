"""Operations that compute nothing: a cell is a cell of a table or of x, at another place."""

from collections.abc import Callable

from glassformer.glass.numbers import show
from glassformer.glass.ops.op import CellContext, CellRef, CellTerms, Formula, Index, Op


def _lookup_cells(context: CellContext) -> list[CellRef]:
    row, column = context.index
    return [("ids", (row,)), ("table", (int(context.operands["ids"].at((row,))), column))]


def _lookup_formula(terms: CellTerms) -> Formula:
    row, column = int(terms.values[0]), terms.context.index[1]
    kind = "place" if terms.symbols["ids"] == "places" else "token"
    return terms.symbol("table", row, column) + f", the row of {kind} {row}", show(terms.values[1])


def _heads(equation: str, source: Callable[[CellContext], Index]) -> Op:
    """Columns to heads or back; `source` is the place in x that a cell comes from."""

    def formula(terms: CellTerms) -> Formula:
        return terms.symbol("x", *source(terms.context)), show(terms.values[0])

    return Op(
        cells=lambda context: [("x", source(context))],
        value=lambda _, values: values[0],
        formula=formula,
        equation=equation,
        derivable=True,
    )


def _split(context: CellContext) -> Index:
    head, row, column = context.index
    return row, head * (context.width("x") // context.attributes["heads"]) + column


def _merge(context: CellContext) -> Index:
    row, column = context.index
    return column // context.width("x"), row, column % context.width("x")


MOVES = {
    "lookup": Op(
        cells=_lookup_cells, value=lambda _, values: values[1], formula=_lookup_formula, equation="{table}[{ids}]"
    ),
    "split_heads": _heads("{x}, cut", _split),
    "merge_heads": _heads("{x}, side by side", _merge),
}
