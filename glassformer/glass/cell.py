"""One number of a trace: its value by the rule of its operation, its formula, and the cells that made it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from glassformer.arguments import refuse_wrong_type
from glassformer.errors import UsageError, nearest
from glassformer.glass.numbers import show
from glassformer.glass.ops import LEAVES, OPS
from glassformer.glass.ops.op import CellContext, CellTerms, Index, cell_symbol
from glassformer.glass.tensor import TracedTensor

Operands = Mapping[str, TracedTensor]  # by role


@dataclass(frozen=True)
class OperandCell:
    """A cell that another was made from: its role there, its tensor, its place and its value."""

    role: str
    tensor: str
    index: Index
    value: float


@dataclass(frozen=True)
class Cell:
    """A number of the trace. `formula` has the symbols, `substituted` the numbers; both are plain text.

    A leaf (a parameter, an input) has no operands, and its formula says what it is.
    """

    tensor: str
    index: Index
    value: float
    formula: str
    substituted: str
    operands: tuple[OperandCell, ...] = ()

    def __str__(self) -> str:
        return f"{self.formula}\n= {self.substituted}\n= {show(self.value)}"

    def __repr__(self) -> str:
        place = ", ".join(map(str, self.index))
        made = f"made of {len(self.operands):,} numbers" if self.operands else "a leaf"
        return f"<Cell {self.tensor}[{place}] = {show(self.value)}, {made}; print it for its formula>"


def recompute(tensor: TracedTensor, operands: Operands, index: Index) -> float:
    """A cell's value by the rule of its operation, in float64."""
    context, op = _context(tensor, operands, index), OPS[tensor.op]
    return op.value(context, [operands[role].at(place) for role, place in op.cells(context)])


def explain_cell(tensor: TracedTensor, operands: Operands, index: Index) -> Cell:
    """The explanation of a cell from the stored values of its operands.

    Raises UsageError if there is no such cell, InputError if an operand is not carried by the trace.
    """
    own, labels = _symbols(tensor, operands)
    value, symbol = tensor.at(index), cell_symbol(own, index)
    if tensor.op in LEAVES:
        kind = "a learned parameter" if tensor.op == "parameter" else "given"
        return Cell(tensor.name, index, value, f"{symbol}: {kind}", show(value))
    context, op = _context(tensor, operands, index), OPS[tensor.op]
    cells = [
        OperandCell(role, operands[role].name, place, operands[role].at(place)) for role, place in op.cells(context)
    ]
    symbols, numbers = op.formula(CellTerms(context, labels, [cell.value for cell in cells]))
    return Cell(tensor.name, index, value, f"{symbol} = {symbols}", numbers, tuple(cells))


def _symbols(tensor: TracedTensor, operands: Operands) -> tuple[str, dict[str, str]]:
    """The symbol of a tensor, and those of its operands by role.

    Where two of them that are made at different places have the same letter, their places are told with it:
    "R^(dec1.ff)" and "R^(dec1.cross)". (The page: `web/src/labels.ts`.)
    """
    together = [tensor, *operands.values()]

    def symbol(one: TracedTensor) -> str:
        place = _place(one.name)
        is_alone = all(other.label != one.label or _place(other.name) == place for other in together)
        return one.label if is_alone or not place else f"{one.label}^({place})"

    return symbol(tensor), {role: symbol(one) for role, one in operands.items()}


def _place(name: str) -> str:
    """Where in the model a tensor is made, in short: "dec1.cross", "enc0.ff"; "" outside of the layers."""
    found = re.match(r"(enc|dec)oder\.(\d+)\.(self|cross|feed)", name)
    return f"{found[1]}{found[2]}.{'ff' if found[3] == 'feed' else found[3]}" if found else ""


def _context(tensor: TracedTensor, operands: Operands, index: Index) -> CellContext:
    return CellContext(index, operands, tensor.attributes, tensor.row_statistics(index))


def parse_cell(text: str) -> tuple[str, Index]:
    """The tensor and the index that `NAME[0,2,3]` names; UsageError where it is not written so."""
    found = re.fullmatch(r"([^\[\]]+)\[([0-9]{1,9}(?:,[0-9]{1,9})*)\]", re.sub(r"\s", "", text))
    if not found:
        raise UsageError(f"'{text}' names no cell; write NAME[i,j], such as decoder.0.cross_attention.scores[0,2,3]")
    return found[1], tuple(map(int, found[2].split(",")))


def index_of(tensor: TracedTensor, named: Mapping[str, int]) -> Index:
    """The index that `head=0, row=2, column=3`, or the axes' own names, stand for.

    Raises UsageError for a name that is no axis of the tensor, and for an axis that is left out.
    """
    names = _index_names(tensor)
    for name, place in named.items():
        refuse_wrong_type(place, int, name)
        if not any(name in known for known in names):
            known_names = [one for known in names for one in known]
            raise UsageError(f"{tensor.name} has no axis '{name}'; {nearest(name, known_names)}")
    index = []
    for known in names:
        given = [named[name] for name in known if name in named]
        if len(given) != 1:
            raise UsageError(f"{tensor.name}: give one place along '{known[-1]}' ({' or '.join(known)})")
        index.append(given[0])
    return tuple(index)


def _index_names(tensor: TracedTensor) -> list[list[str]]:
    """For each axis the names it goes by; its own comes last."""
    general = ("head", "row", "column")[3 - len(tensor.shape) :] if len(tensor.shape) > 1 else ("row",)
    own = [axis if tensor.axes.count(axis) == 1 else other for axis, other in zip(tensor.axes, general, strict=True)]
    return [list(dict.fromkeys(pair)) for pair in zip(general, own, strict=True)]
