"""The lecture in the terminal: stop by stop with its matrices, and its printed numbers checked."""

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from rich.text import Text

from glassformer.glass.lecture.checks import Check, check, passes
from glassformer.glass.numbers import fixed
from glassformer.glass.record import Trace
from glassformer.glass.tensor import TracedTensor
from glassformer.glass.views.terminal.decoding import runners_up
from glassformer.glass.views.terminal.matrices import matrix_blocks

LINES = (("motivation", "why"), ("concept", "concept"), ("helps", "helps"), ("takeaway", "takeaway"))
INDENT, GAP = 2, 4  # blanks before, and between what stands side by side


def render(trace: Trace, console: Console) -> None:
    """Every stop: its four lines, its formula, what shows it, and where the lecture errs."""
    errata = {one["name"]: one for one in trace.checks if one["erratum"] is not None}
    console.print(Text(trace.meta["title"], "bold"))
    console.print(Text(_conventions(trace), "dim"))
    for number, stop in enumerate(trace.tour, 1):
        console.print()
        console.rule(Text(f"{number}  {stop['title']}", "bold"), align="left", style="dim")
        console.print(_four_lines(stop))
        console.print()
        console.print(Text("\n".join(stop["formula"].split(",  ")), "bold"))
        if stop["view"] == "tokens":
            _print_tokens(trace, console)
        elif stop["view"] == "timeline":
            _print_steps(trace, console)
        else:
            _print_matrices(trace, [trace.tensor(name) for name in stop["tensors"]], console)
        here = [name for name, one in errata.items() if one["tensor"] in stop["tensors"]]
        _print_errata([errata.pop(name) for name in here], console)


def _print_errata(checks: Sequence[Check], console: Console) -> None:
    """What the lecture prints otherwise, under the tensor's first stop."""
    grid = _grid()
    for one in checks:
        _, style, text = _verdict(one)
        grid.add_row(Text("erratum" if passes(one) else "differs", style), Text(f"{one['name']}: {text}"))
    if checks:
        console.print()
        console.print(grid)


def _conventions(trace: Trace) -> str:
    it = trace.conventions
    return (
        f"Tokens are {it['tokens_as']}, positions start at 0, scores are multiplied by {it['score_scale']:g}, "
        f"the variance is the {it['variance']}'s with ε = {it['norm_eps']:g} {it['eps_place']}."
    )


def _four_lines(stop: dict[str, str]) -> Table:
    grid = _grid()
    for field, label in LINES:
        grid.add_row(Text(label, "dim"), Text(stop[field]))
    return grid


def _grid() -> Table:
    return Table.grid(padding=(0, GAP // 2, 0, 0))


def _print_tokens(trace: Trace, console: Console) -> None:
    grid = _grid()
    for token in trace.axes["source"]["tokens"]:
        grid.add_row(" " * INDENT, Text(str(token["id"])), Text(token["text"]))
    console.print()
    console.print(grid)


def _print_matrices(trace: Trace, tensors: Sequence[TracedTensor], console: Console) -> None:
    blocks = chain.from_iterable(matrix_blocks(trace, one, console.width - INDENT) for one in tensors)
    for line in _flow(blocks, console.width - INDENT):
        grid = Table.grid(padding=(0, GAP, 0, 0))
        grid.add_row(*line)
        console.print()
        console.print(grid)


def _flow(blocks: Iterator[Text], width: int) -> Iterator[list[Text]]:
    """The blocks in lines, as many side by side as there is room for."""
    line: list[Text] = []
    used = 0
    for block in blocks:
        size = max(part.cell_len for part in block.split("\n")) + GAP
        if line and used + size > width + GAP:
            yield line
            line, used = [], 0
        line.append(block)
        used += size
    if line:
        yield line


def _print_steps(trace: Trace, console: Console) -> None:
    """The decode loop: a line for each step."""
    assert trace.decode is not None
    grid = _grid()
    grid.add_row("", *(Text(head, "dim") for head in ("step", "reads", "says", "p", "might have said")))
    for step in trace.decode["steps"]:
        chosen = step["chosen"]
        grid.add_row(
            " " * INDENT,
            str(step["step"]),
            Text(step["read"]["text"]),
            Text(chosen["text"], "bold"),
            fixed(chosen["probability"], 4),
            Text("  ".join(f"{one['text']} {fixed(one['probability'], 4)}" for one in runners_up(step)), "dim"),
        )
    console.print()
    console.print(grid)
    end = "" if trace.decode["finished"] else " … (cut off)"
    console.print(Text(f"\n→ {trace.decode['text']}{end}", "bold"))


def render_checks(trace: Trace, console: Console) -> bool:
    """One line for each printed matrix; whether nothing differs but known mistakes."""
    width = max(len(one["name"]) for one in trace.checks)
    for one in trace.checks:
        verdict, style, text = _verdict(one)
        line = Text(f"{one['name']:<{width}}  ").append(f"{verdict:<8}", style).append(text)
        console.print(line, soft_wrap=True)
    failed = sum(not passes(one) for one in trace.checks)
    errata = sum(passes(one) and one["erratum"] is not None for one in trace.checks)
    console.print(f"\n{len(trace.checks) - failed - errata} equal, {errata} errata, {failed} different", style="bold")
    return check(trace)


def _verdict(check: Check) -> tuple[str, str, str]:
    if not passes(check):
        expected = "printed" if check["right"] is None else "right"
        return "DIFFERS", "bold red", _difference(check, expected, "computed")
    if check["erratum"] is None:
        numbers = np.asarray(check["printed"]).size
        return "equal", "green", f"{numbers} numbers to {check['decimals']} decimals"
    if check["right"] is None:
        return "erratum", "yellow", str(check["erratum"])
    return "erratum", "yellow", f"{_difference(check, 'printed', 'right')}: {check['erratum']}"


def _difference(check: Check, one: str, other: str) -> str:
    """The first place where `one` and the `other` differ, and in how many numbers they do."""
    a, b, decimals = _matrix(check, one), _matrix(check, other), check["decimals"]
    if a.shape != b.shape:
        return f"{one} {_shape(a)}, {other} {_shape(b)}"
    different = np.argwhere(~np.isclose(a, b, rtol=0, atol=0.5 * 10.0**-decimals)).tolist()
    if not different:
        return f"{one} and {other} part beyond {decimals} decimals"
    first = tuple(different[0])
    numbers = f"{one} {fixed(a[first], decimals)}, {other} {fixed(b[first], decimals)}"
    return f"{numbers} at {different[0]} ({len(different)} of {a.size})"


def _matrix(check: Check, which: str) -> NDArray[np.float64]:
    return np.asarray(check[which], np.float64)


def _shape(matrix: NDArray[np.float64]) -> str:
    return " × ".join(map(str, matrix.shape))
