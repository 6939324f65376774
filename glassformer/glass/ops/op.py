"""What an operation is: which cells make a cell, by which formula, and how that is written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from glassformer.glass.numbers import show

Index = tuple[int, ...]
CellRef = tuple[str, Index]  # the role of an operand, and the index of a cell of it
Array = NDArray[np.float64]
Attributes = Mapping[str, Any]
Formula = tuple[str, str]  # with symbols, and with numbers


class Operand(Protocol):
    """What a rule reads of an operand: its shape, the columns it carries (None: all), and single values."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def columns(self) -> tuple[int, ...] | None: ...

    def at(self, index: Index) -> float: ...


@dataclass(frozen=True)
class CellContext:
    """One cell of a tensor: its index, the tensor's operands by role and attributes, its row's statistics."""

    index: Index
    operands: Mapping[str, Operand]
    attributes: Attributes
    statistics: Mapping[str, float] = field(default_factory=dict)

    def width(self, role: str) -> int:
        """The length of an operand's last axis."""
        return self.operands[role].shape[-1]


@dataclass(frozen=True)
class CellTerms:
    """What the formula of one cell is written from: its context, the operands' symbols, the operand cells' values."""

    context: CellContext
    symbols: Mapping[str, str]
    values: Sequence[float]
    shown: list[str] = field(init=False)  # the values as text

    def __post_init__(self) -> None:
        object.__setattr__(self, "shown", [bracketed(value) for value in self.values])

    def symbol(self, role: str, *index: object) -> str:
        """An operand's cell in symbols, `X[2,k]`; without an index, the cell at the same place."""
        return cell_symbol(self.symbols[role], index or self.context.index)


@dataclass(frozen=True, kw_only=True)
class Op:
    """An operation: everything that glassformer knows of it.

    cells:         the operand cells that make a cell
    value:         the cell's value from the values of those cells, in the same order
    formula:       the cell's formula with symbols, and with numbers; plain text
    equation:      how a whole tensor is written from its operands' names: "softmax({x})"
    statistics:    what a record keeps of each row, from the operand x in float64: enough to check a row by itself
    derivable:     a compact record leaves the numbers out: they are cheap to compute from the operands
    term_by_term:  a worked solution shows a cell of it term by term
    """

    cells: Callable[[CellContext], list[CellRef]]
    value: Callable[[CellContext, Sequence[float]], float]
    formula: Callable[[CellTerms], Formula]
    equation: str | None = None
    statistics: Callable[[Array, Attributes], dict[str, Array]] | None = None
    derivable: bool = False
    term_by_term: bool = False


def row_of_x(context: CellContext) -> list[CellRef]:
    """The cells of x in the same row."""
    return [("x", (*context.index[:-1], column)) for column in range(context.width("x"))]


def cell_symbol(label: str, index: Sequence[object]) -> str:
    """Q[0,2,k]; a symbol that is a formula itself stands in brackets: (X+PE)[1,0]."""
    symbol = f"({label})" if any(sign in label for sign in "+·/ ") else label
    return f"{symbol}[{','.join(map(str, index))}]"


def bracketed(value: float) -> str:
    """A number as text; a negative one in brackets, so that no two signs meet."""
    return f"({show(value)})" if value < 0 else show(value)
