"""Cells in rows and columns, in as many blocks as the window is too narrow for."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from glassformer.glass.views.terminal.text import DIM, Part, print_line


@dataclass(frozen=True)
class Row:
    """What stands before the cells, the cells, and what stands after: text of any script."""

    start: str
    cells: Sequence[Text]
    end: str = ""


def print_grid(console: Console, columns: Sequence[str], rows: Sequence[Row], end: str = "", start: str = "") -> None:
    """Print rows under their columns' names; `start` and `end` are the headings of what stands before and after them.

    All cells are as wide as the widest, so that they line up. Every block repeats what stands before and after.
    """
    left = max(len(start), *(len(row.start) for row in rows))
    right = max(cell_len(end), *(cell_len(row.end) for row in rows))
    cell = 1 + max(cell_len(text) for text in (*columns, *(one.plain for row in rows for one in row.cells)))
    room = console.width - left - 2 - min(right, console.width // 2)
    for block in _blocks(len(columns), max(1, room // cell)):
        if block.start:
            print_line(console)
        names = "".join(name.rjust(cell) for name in columns[block])
        print_line(console, (f"{start:>{left}}{names}  {end}", DIM))
        for row in rows:
            print_line(console, (row.start.rjust(left), DIM), *_padded(row.cells[block], cell), "  ", row.end)


def _blocks(count: int, most: int) -> list[slice]:
    """Blocks of at most `most`, about equally long."""
    blocks = -(-count // most)
    size = -(-count // blocks)
    return [slice(first, min(first + size, count)) for first in range(0, count, size)]


def _padded(cells: Sequence[Text], width: int) -> list[Part | Text]:
    return [part for one in cells for part in (" " * (width - one.cell_len), one)]
