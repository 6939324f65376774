"""The closed list of operations, and for each one the rule: which cells make this cell, and how.

Everything that follows a number back to where it comes from (a drill-down, a worked solution, a
check) reads these rules. The page has the same ones in `web/src/ops.ts`; `tests/glass/vectors.json`
holds the two together.

A cell is named by the role of an operand and an index into it. Rows are tokens; a leading axis, where
there is one, is the head.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Index = tuple[int, ...]
Cell = tuple[str, Index]  # the role of an operand, and where in it
LEAVES = ("input", "parameter")


class Shaped(Protocol):
    """What a rule needs to know of a tensor: its shape, of ids their values, and which columns it carries."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def columns(self) -> tuple[int, ...] | None: ...

    def at(self, index: Index) -> float: ...


@dataclass(frozen=True)
class Site:
    """Where a rule is applied: the cell's index, the operands by role, the attributes, the row's statistics."""

    index: Index
    operands: Mapping[str, Shaped]
    attributes: Mapping[str, Any]
    statistics: Mapping[str, float] = field(default_factory=dict)

    def width(self, role: str) -> int:
        """The length of an operand's last axis."""
        return self.operands[role].shape[-1]


@dataclass(frozen=True)
class Op:
    """`cells` lists a cell's operands in the order in which `value` takes their values."""

    cells: Callable[[Site], list[Cell]]
    value: Callable[[Site, Sequence[float]], float]


# Which cells make a cell


def _none(_: Site) -> list[Cell]:
    return []


def _same_place(*roles: str) -> Callable[[Site], list[Cell]]:
    return lambda site: [(role, site.index) for role in roles]


def _row(site: Site) -> list[Cell]:
    return [("x", (*site.index[:-1], column)) for column in range(site.width("x"))]


def _whole_row(site: Site) -> list[Cell]:
    """The row; only the cell itself where not all of a vocabulary is carried, but what its row sums to."""
    return _row(site) if site.operands["x"].columns is None else [("x", site.index)]


def _row_and_gain(site: Site) -> list[Cell]:
    return _row(site) + [(role, site.index[-1:]) for role in ("gain", "bias") if role in site.operands]


def _lookup(site: Site) -> list[Cell]:
    row, column = site.index
    return [("ids", (row,)), ("table", (int(site.operands["ids"].at((row,))), column))]


def _linear(site: Site) -> list[Cell]:
    *row, column = site.index
    cells = [cell for k in range(site.width("x")) for cell in (("x", (*row, k)), ("weight", (column, k)))]
    return [*cells, ("bias", (column,))] if "bias" in site.operands else cells


def _matmul(site: Site) -> list[Cell]:
    *head, row, column = site.index
    shared = shared_head(site, head)
    return [cell for k in range(site.width("a")) for cell in (("a", (*head, row, k)), ("b", (*shared, k, column)))]


def _matmul_transposed(site: Site) -> list[Cell]:
    *head, row, column = site.index
    shared = shared_head(site, head)
    return [cell for k in range(site.width("a")) for cell in (("a", (*head, row, k)), ("b", (*shared, column, k)))]


def shared_head(site: Site, head: list[int]) -> list[int]:
    """The head of b that this head of a reads: several share one where b has fewer (Ainslie et al. 2023)."""
    return [head[0] * site.operands["b"].shape[0] // site.operands["a"].shape[0]] if head else []


def _split_heads(site: Site) -> list[Cell]:
    head, row, column = site.index
    return [("x", (row, head * (site.width("x") // site.attributes["heads"]) + column))]


def _merge_heads(site: Site) -> list[Cell]:
    row, column = site.index
    return [("x", (column // site.width("x"), row, column % site.width("x")))]


def _masked(site: Site) -> list[Cell]:
    return [("x", site.index), ("mask", site.index[-2:])]


def _pair(site: Site) -> list[Cell]:
    *row, column = site.index
    return [("x", (*row, column - column % 2)), ("x", (*row, column - column % 2 + 1))]


# How they make it


def _only(_: Site, values: Sequence[float]) -> float:
    return values[0]


def _dot(_: Site, values: Sequence[float]) -> float:
    """The sum of the products of neighbours, and of what is left over: a bias."""
    pairs = len(values) // 2 * 2
    return math.fsum([*(a * b for a, b in zip(values[:pairs:2], values[1:pairs:2], strict=True)), *values[pairs:]])


def _softmax(site: Site, row: Sequence[float]) -> float:
    largest = max(row)
    if largest == -math.inf:  # nothing may be attended to
        return 0.0
    return math.exp(row[site.index[-1]] - largest) / math.fsum(math.exp(x - largest) for x in row)


def logsumexp(row: Sequence[float]) -> float:
    """ln sum exp(x), without overflow."""
    largest = max(row)
    return largest + math.log(math.fsum(math.exp(x - largest) for x in row))


def _log_softmax(site: Site, row: Sequence[float]) -> float:
    if site.operands["x"].columns is not None:
        return row[0] - site.statistics["logsumexp"]
    return row[site.index[-1]] - logsumexp(row)


def _layernorm(site: Site, values: Sequence[float]) -> float:
    row, (gain, bias) = _split_gain(site, values)
    mean = math.fsum(row) / len(row)
    variance = math.fsum((x - mean) ** 2 for x in row) / len(row)
    return (row[site.index[-1]] - mean) / math.sqrt(variance + site.attributes["eps"]) * gain + bias


def _rmsnorm(site: Site, values: Sequence[float]) -> float:
    row, (gain, _) = _split_gain(site, values)
    mean_square = math.fsum(x * x for x in row) / len(row)
    return row[site.index[-1]] / math.sqrt(mean_square + site.attributes["eps"]) * gain


def _split_gain(site: Site, values: Sequence[float]) -> tuple[Sequence[float], tuple[float, float]]:
    width = site.width("x")
    rest = iter(values[width:])
    gain = next(rest) if "gain" in site.operands else 1.0
    return values[:width], (gain, next(rest, 0.0))


def _positions(site: Site, _: Sequence[float]) -> float:
    place, column = site.index
    return position(site.attributes, place, column)


def position(attributes: Mapping[str, Any], place: int, column: int) -> float:
    """sin or cos of place / base^(2i/D), i the pair of the column; "Attention Is All You Need", section 3.5."""
    angle, is_sine = position_angle(attributes, place, column)
    return math.sin(angle) if is_sine else math.cos(angle)


def position_angle(attributes: Mapping[str, Any], place: int, column: int) -> tuple[float, bool]:
    """(angle, whether the column holds its sine)."""
    pair, is_sine = position_pair(attributes, column)
    return (attributes["start"] + place) / attributes["base"] ** (2 * pair / attributes["width"]), is_sine


def position_pair(attributes: Mapping[str, Any], column: int) -> tuple[int, bool]:
    """(the pair i that the column is in, whether it holds the sine)."""
    half = attributes["width"] // 2
    return (column % half, column < half) if attributes["layout"] == "halves" else (column // 2, column % 2 == 0)


def _rotary(site: Site, values: Sequence[float]) -> float:
    """(a, b) turned by the angle of the place: Su et al. 2021, section 3.2.2."""
    place, column = site.index[-2:]
    angle, is_even = rotary_angle(site, place, column)
    a, b = values
    return a * math.cos(angle) - b * math.sin(angle) if is_even else b * math.cos(angle) + a * math.sin(angle)


def rotary_angle(site: Site, place: int, column: int) -> tuple[float, bool]:
    """(angle, whether the column is the first of its pair)."""
    return position_angle({**site.attributes, "layout": "interleaved", "width": site.width("x")}, place, column)


OPS: dict[str, Op] = {
    "lookup": Op(_lookup, lambda _, values: values[1]),
    "positions": Op(_none, _positions),
    "add": Op(_same_place("a", "b"), lambda _, values: values[0] + values[1]),
    "scale": Op(_same_place("x"), lambda site, values: values[0] * float(site.attributes["factor"])),
    "linear": Op(_linear, _dot),
    "split_heads": Op(_split_heads, _only),
    "merge_heads": Op(_merge_heads, _only),
    "matmul": Op(_matmul, _dot),
    "matmul_transposed": Op(_matmul_transposed, _dot),
    "mask": Op(_masked, lambda _, values: -math.inf if values[1] else values[0]),
    "softmax": Op(_row, _softmax),
    "layernorm": Op(_row_and_gain, _layernorm),
    "rmsnorm": Op(_row_and_gain, _rmsnorm),
    "relu": Op(_same_place("x"), lambda _, values: max(values[0], 0.0)),
    "gelu": Op(_same_place("x"), lambda _, values: values[0] / 2 * (1 + math.erf(values[0] / math.sqrt(2)))),
    "silu": Op(_same_place("x"), lambda _, values: values[0] / (1 + math.exp(min(-values[0], 700.0)))),
    "multiply": Op(_same_place("a", "b"), lambda _, values: values[0] * values[1]),
    "log_softmax": Op(_whole_row, _log_softmax),
    "rotary": Op(_pair, _rotary),
}
# Cheap to make again from operands that are written: a compact record leaves their data out.
DERIVABLE = frozenset(
    {"positions", "rotary", "split_heads", "merge_heads", "scale", "mask", "add", "multiply", "relu", "gelu", "silu"}
)
