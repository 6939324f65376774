"""A trace on the terminal; `render` prints it. Readable without colour, and as a file."""

from dataclasses import dataclass

from rich.console import Console

from glassformer.errors import UsageError
from glassformer.glass.record import Trace
from glassformer.glass.views.terminal.attention import Attention, print_entropies, print_heat_map, print_missing
from glassformer.glass.views.terminal.beam import print_beam
from glassformer.glass.views.terminal.decoding import print_steps, print_tokens, print_translation
from glassformer.glass.views.terminal.numbers import print_cell, print_tensor


@dataclass(frozen=True)
class TerminalOptions:
    """What to show. `layer` and `head`: of the attention; None averages. `attention`: cross, encoder or decoder.

    `steps`: the decode loop too. `cell`, `tensor`: only this number, explained, or only this matrix.
    """

    layer: int | None = None
    head: int | None = None
    attention: str = "cross"
    steps: bool = False
    cell: str | None = None
    tensor: str | None = None


def render(trace: Trace, console: Console, options: TerminalOptions) -> None:
    """Print a trace, as much as it holds.

    Raises UsageError for a layer, head, attention, tensor or cell that is not there, before it prints.
    """
    if options.cell is not None:
        print_cell(console, trace, options.cell)
    elif options.tensor is not None:
        print_tensor(console, trace, options.tensor, options.head)
    else:
        _print_all(console, trace, options)


def _print_all(console: Console, trace: Trace, options: TerminalOptions) -> None:
    attention = Attention.from_trace(trace, options.attention)
    if attention:
        attention.choose(options.layer, options.head)  # refuses what is not there
    elif options.layer is not None or options.head is not None:
        raise UsageError(f"this trace has no attention named '{options.attention}' to choose a layer or head of")
    print_tokens(console, "Source", trace.axes["source"])
    print_translation(console, trace)
    if attention:
        print_heat_map(console, trace, attention, options.layer, options.head)
        print_entropies(console, attention)
    else:
        print_missing(console, trace, options.attention)
    if options.steps:
        cross = attention if attention and attention.kind == "cross" else None
        print_steps(console, trace, cross, options.layer, options.head)
    print_beam(console, trace)
