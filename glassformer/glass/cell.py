"""One number explained: its formula, the formula with the numbers in it, and the cells that made it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from glassformer.errors import UsageError, nearest
from glassformer.glass.numbers import show
from glassformer.glass.ops import (
    LEAVES,
    OPS,
    Index,
    Site,
    logsumexp,
    position_angle,
    position_pair,
    rotary_angle,
    shared_head,
)

if TYPE_CHECKING:
    from glassformer.glass.record import TracedTensor


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

    A leaf (a weight, an input) has no operands, and its formula says what it is.
    """

    tensor: str
    index: Index
    value: float
    formula: str
    substituted: str
    operands: tuple[OperandCell, ...] = ()

    def __str__(self) -> str:
        return f"{self.formula}\n= {self.substituted}\n= {show(self.value)}"


def explain_cell(tensor: "TracedTensor", operands: Mapping[str, "TracedTensor"], index: Index) -> Cell:
    """The explanation of a cell from the stored values of its operands.

    Raises UsageError if there is no such cell, InputError if an operand is not carried by the trace.
    """
    value = tensor.at(index)
    if tensor.op in LEAVES:
        kind = "a learned weight" if tensor.op == "parameter" else "given"
        return Cell(tensor.name, index, value, f"{cell_symbol(tensor.label, index)}: {kind}", show(value))
    site = Site(index, operands, tensor.attributes, tensor.row_statistics(index))
    cells = [
        OperandCell(role, operands[role].name, place, operands[role].at(place))
        for role, place in OPS[tensor.op].cells(site)
    ]
    sides = Sides(site, {role: one.label for role, one in operands.items()}, [cell.value for cell in cells])
    symbols, numbers = FORMULAS[tensor.op](sides)
    return Cell(tensor.name, index, value, f"{cell_symbol(tensor.label, index)} = {symbols}", numbers, tuple(cells))


def parse_place(text: str) -> tuple[str, Index]:
    """The tensor and the index that `NAME[0,2,3]` names; UsageError where it is not written so."""
    found = re.fullmatch(r"([^\[\]]+)\[([0-9]{1,9}(?:,[0-9]{1,9})*)\]", re.sub(r"\s", "", text))
    if not found:
        raise UsageError(f"'{text}' names no cell; write NAME[i,j], such as decoder.0.cross_attention.scores[0,2,3]")
    return found[1], tuple(map(int, found[2].split(",")))


def place_of(tensor: "TracedTensor", named: Mapping[str, int]) -> Index:
    """The index that `head=0, row=2, column=3`, or the axes' own names, stand for.

    Raises UsageError for a name that is no axis of the tensor, and for an axis that is left out.
    """
    names = _index_names(tensor)
    for name in named:
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


def _index_names(tensor: "TracedTensor") -> list[list[str]]:
    """For each axis the names it goes by; its own comes last."""
    general = ("head", "row", "column")[3 - len(tensor.shape) :] if len(tensor.shape) > 1 else ("row",)
    own = [axis if tensor.axes.count(axis) == 1 else other for axis, other in zip(tensor.axes, general, strict=True)]
    return [list(dict.fromkeys(pair)) for pair in zip(general, own, strict=True)]


@dataclass(frozen=True)
class Sides:
    """What a formula is written from: the place, the operands' symbols, the operand cells' values."""

    site: Site
    symbols: Mapping[str, str]
    values: Sequence[float]
    shown: list[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shown", [_bracketed(v) for v in self.values])

    def cell(self, role: str, *place: object) -> str:
        """X[2,3]"""
        return cell_symbol(self.symbols[role], place or self.site.index)


def _bracketed(value: float) -> str:
    """A negative number stands in brackets, so that no two signs meet."""
    return f"({show(value)})" if value < 0 else show(value)


def cell_symbol(label: str, place: Sequence[object]) -> str:
    """Q[0,2,k]; a symbol that is a formula itself stands in brackets: (X+PE)[1,0]."""
    symbol = f"({label})" if any(sign in label for sign in "+·/ ") else label
    return f"{symbol}[{','.join(map(str, place))}]"


Formula = Callable[[Sides], tuple[str, str]]


def _lookup(s: Sides) -> tuple[str, str]:
    row, column = int(s.values[0]), s.site.index[1]
    kind = "place" if s.symbols["ids"] == "places" else "token"
    return s.cell("table", row, column) + f", the row of {kind} {row}", show(s.values[1])


def _positions(s: Sides) -> tuple[str, str]:
    place, column = s.site.index
    attributes = s.site.attributes
    angle, _ = position_angle(attributes, place, column)
    pair, is_sine = position_pair(attributes, column)
    wave = "sin" if is_sine else "cos"
    symbols = f"{wave}({attributes['start'] + place} / {attributes['base']:g}^({2 * pair}/{attributes['width']}))"
    return symbols, f"{wave}({show(angle)})"


def _two(sign: str) -> Formula:
    return lambda s: (f"{s.cell('a')} {sign} {s.cell('b')}", f"{s.shown[0]} {sign} {s.shown[1]}")


def _scale(s: Sides) -> tuple[str, str]:
    text = s.site.attributes["text"]
    return f"{s.cell('x')} · {text}", f"{s.shown[0]} · {show(s.site.attributes['factor'])}"


def _products(s: Sides) -> str:
    pairs = [f"{a}·{b}" for a, b in zip(s.shown[::2], s.shown[1::2], strict=False)]
    return " + ".join(pairs + s.shown[len(pairs) * 2 :])


def _linear(s: Sides) -> tuple[str, str]:
    row, column = s.site.index
    bias = f" + {s.cell('bias', column)}" if "bias" in s.symbols else ""
    return f"Σₖ {s.cell('x', row, 'k')} · {s.cell('weight', column, 'k')}{bias}", _products(s)


def _matmul(s: Sides) -> tuple[str, str]:
    *head, row, column = s.site.index
    shared = shared_head(s.site, head)
    return f"Σₖ {s.cell('a', *head, row, 'k')} · {s.cell('b', *shared, 'k', column)}", _products(s)


def _matmul_transposed(s: Sides) -> tuple[str, str]:
    *head, row, column = s.site.index
    shared = shared_head(s.site, head)
    return f"Σₖ {s.cell('a', *head, row, 'k')} · {s.cell('b', *shared, column, 'k')}", _products(s)


def _moved(s: Sides) -> tuple[str, str]:
    ((role, place),) = OPS["split_heads" if "heads" in s.site.attributes else "merge_heads"].cells(s.site)
    return s.cell(role, *place), show(s.values[0])


def _mask(s: Sides) -> tuple[str, str]:
    reason = ("visible", "padding", "in the future", "padding and in the future")[int(s.values[1])]
    return f"{s.cell('x')} if it may be seen, else −∞", f"{show(s.values[0])}, {reason}"


def _row(s: Sides) -> str:
    return s.cell("x", *s.site.index[:-1], "j")


def _softmax(s: Sides) -> tuple[str, str]:
    exponentials = " + ".join(f"e^{text}" for text in s.shown)
    return f"exp({s.cell('x')}) / Σⱼ exp({_row(s)})", f"e^{s.shown[s.site.index[-1]]} / ({exponentials})"


def _log_softmax(s: Sides) -> tuple[str, str]:
    carried = s.site.operands["x"].columns is None
    total = logsumexp(s.values) if carried else s.site.statistics["logsumexp"]
    return (
        f"{s.cell('x')} − ln Σⱼ exp({_row(s)})",
        f"{s.shown[s.site.index[-1] if carried else 0]} − {_bracketed(total)}",
    )


def _layernorm(s: Sides) -> tuple[str, str]:
    return _norm(s, layer=True)


def _rmsnorm(s: Sides) -> tuple[str, str]:
    return _norm(s, layer=False)


def _norm(s: Sides, layer: bool) -> tuple[str, str]:
    width, column = s.site.width("x"), s.site.index[-1]
    row, rest = s.values[:width], s.shown[width:]
    mean = sum(row) / width if layer else 0.0
    square = sum((x - mean) ** 2 for x in row) / width
    gain = f" · {s.cell('gain', column)}" if "gain" in s.symbols else ""
    bias = f" + {s.cell('bias', column)}" if "bias" in s.symbols else ""
    top = f"({s.cell('x')} − mean)" if layer else s.cell("x")
    root = "√(variance + ε)" if layer else "√(mean of squares + ε)"
    top_shown = f"({s.shown[column]} − {_bracketed(mean)})" if layer else s.shown[column]
    numbers = f"{top_shown} / √({show(square)} + {show(s.site.attributes['eps'])})"
    return f"{top} / {root}{gain}{bias}", numbers + "".join(
        f" {sign} {text}" for sign, text in zip("·+", rest, strict=False)
    )


def _function(text: str) -> Formula:
    return lambda s: (text.format(x=s.cell("x")), text.format(x=s.shown[0]))


def _rotary(s: Sides) -> tuple[str, str]:
    place, column = s.site.index[-2:]
    angle, is_even = rotary_angle(s.site, place, column)
    (_, first), (_, second) = OPS["rotary"].cells(s.site)
    a, b = s.cell("x", *first), s.cell("x", *second)
    x, y = s.shown
    base, width = s.site.attributes["base"], s.site.width("x")
    theta = f"θ = {s.site.attributes['start'] + place} / {base:g}^({column - column % 2}/{width})"
    if is_even:
        return f"{a} cos θ − {b} sin θ, {theta}", f"{x}·cos {show(angle)} − {y}·sin {show(angle)}"
    return f"{b} cos θ + {a} sin θ, {theta}", f"{y}·cos {show(angle)} + {x}·sin {show(angle)}"


FORMULAS: dict[str, Formula] = {
    "lookup": _lookup,
    "positions": _positions,
    "add": _two("+"),
    "scale": _scale,
    "linear": _linear,
    "split_heads": _moved,
    "merge_heads": _moved,
    "matmul": _matmul,
    "matmul_transposed": _matmul_transposed,
    "mask": _mask,
    "softmax": _softmax,
    "layernorm": _layernorm,
    "rmsnorm": _rmsnorm,
    "relu": _function("max(0, {x})"),
    "gelu": _function("{x} · Φ({x})"),
    "silu": _function("{x} / (1 + e^(−{x}))"),
    "multiply": _two("·"),
    "log_softmax": _log_softmax,
    "rotary": _rotary,
}
