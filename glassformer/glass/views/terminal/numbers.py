"""One tensor as numbers, and one number explained."""

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.text import Text

from glassformer.errors import UsageError
from glassformer.glass.cell import parse_cell
from glassformer.glass.numbers import show
from glassformer.glass.record import Trace
from glassformer.glass.tensor import TracedTensor
from glassformer.glass.views.terminal.grid import Row, print_grid
from glassformer.glass.views.terminal.text import DIM, STRONG, flow, heading, print_line, visible

MANY = 100  # rows and columns that are printed; beyond them we say that there are more


def print_cell(console: Console, trace: Trace, cell: str) -> None:
    """The cell `NAME[i,j]`: its formula, the formula with its numbers, its value, the cells that made it."""
    explained = trace.cell_at(*parse_cell(cell))
    print_line(console, (_named(explained.tensor, explained.index), STRONG))
    for axis, place in zip(trace.tensor(explained.tensor).axes, explained.index, strict=True):
        print_line(console, (f"  {axis} {place}  ", DIM), _token(trace, axis, place))
    print_line(console, visible(explained.formula))
    flow(console, explained.substituted.split(" "), 2, "= ")
    print_line(console, "= ", (show(explained.value), STRONG))
    if explained.operands:
        heading(console, "made from", f"{len(explained.operands)} numbers")
    for one in explained.operands:
        print_line(console, f"{show(one.value):>11}  ", (f"{one.role:<6}  ", DIM), _named(one.tensor, one.index))


def _named(name: str, index: tuple[int, ...]) -> str:
    """As `--cell` takes it."""
    return f"{name}[{','.join(map(str, index))}]"


def _token(trace: Trace, axis: str, place: int) -> str:
    tokens = trace.axes.get(axis, {}).get("tokens", [])
    return visible(tokens[place]["text"]) if place < len(tokens) else ""


def print_tensor(console: Console, trace: Trace, name: str, head: int | None) -> None:
    """A tensor's numbers, a row for each token; of one head or of each."""
    tensor, values = trace.tensor(name), trace.values(name)
    if values.ndim == 3 and head is not None and not 0 <= head < len(values):
        raise UsageError(f"head is {head}: {name} has the heads 0 to {len(values) - 1}")
    operands = ", ".join(f"{role} = {operand}" for role, operand in tensor.operands.items())
    print_line(console, (name, STRONG), f"  {visible(tensor.label)}")
    print_line(console, (f"{tensor.op}({operands})" if operands else tensor.op, DIM))
    print_line(
        console, (" × ".join(f"{axis} {size}" for axis, size in zip(tensor.axes, tensor.shape, strict=True)), DIM)
    )
    if values.ndim < 3:
        _print_matrix(console, trace, tensor, values.reshape(-1, 1) if values.ndim == 1 else values)
        return
    for number in range(len(values)) if head is None else [head]:
        heading(console, f"{tensor.axes[0]} {number}")
        _print_matrix(console, trace, tensor, values[number])


def _print_matrix(console: Console, trace: Trace, tensor: TracedTensor, matrix: NDArray[np.generic]) -> None:
    rows, columns = tensor.axes[-2:] if len(tensor.axes) > 1 else (*tensor.axes, "")
    numbers = tensor.columns or range(matrix.shape[1])
    printed = [
        Row(str(place), [Text(show(float(value))) for value in row[:MANY]], _token(trace, rows, place))
        for place, row in enumerate(matrix[:MANY].tolist())
    ]
    print_grid(console, [str(number) for number in numbers[:MANY]] if columns else [""], printed, start=rows)
    for axis, size in ((rows, matrix.shape[0]), (columns, matrix.shape[1])):
        if size > MANY:
            print_line(console, f"and {size - MANY:,} more along {axis}, not printed")
    tokens = trace.axes.get(columns, {}).get("tokens", [])
    if len(tokens) == matrix.shape[1]:
        keys = (f"{place} {visible(token['text'])}" for place, token in enumerate(tokens[:MANY]))
        flow(console, keys, 9, "columns  ", "  ")
