"""Heat maps: one matrix with labels and scale, or all heads of a tensor side by side."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glassformer.errors import UsageError
from glassformer.glass.numbers import show
from glassformer.glass.ops.mask import REASONS
from glassformer.glass.record import Trace
from glassformer.glass.tensor import TracedTensor
from glassformer.glass.views.labels import axis_title, glossed_labels, has_words
from glassformer.glass.views.svg import drawing
from glassformer.glass.views.svg.drawing import MARGIN, element, path, rect, shortened, text, text_width

MOST_CELLS = 40_000  # of a drawing; more is for CSV
MOST_WITH_NUMBERS = 14  # columns
MOST_WITH_HINTS = 1_000  # cells
WIDEST = 1_200  # of several heads side by side
LONGEST_ROW = 36  # characters of a row's label: two tokens, of a step of the decoder, and what the second means
STRONG = 0.65  # of a colour, from here on text on it is light
HATCH = element(
    "pattern",
    path("M0 6L6 0", "flow", stroke_width=1),
    id="glass-hatch", width=6, height=6, patternUnits="userSpaceOnUse",
)  # fmt: skip


@dataclass(frozen=True)
class Scale:
    """From numbers to colours: blue from 0 to `most`; with `signed`, orange above 0 and blue below."""

    most: float
    signed: bool

    @classmethod
    def from_values(cls, tensor: TracedTensor, values: NDArray[np.generic]) -> "Scale":
        """0 to 1 for weights and probabilities; else as far as the values go."""
        if tensor.op == "softmax":
            return cls(1.0, False)
        finite = np.asarray(values, np.float64)[np.isfinite(values)]
        most = float(np.abs(finite).max(initial=0.0)) or 1.0
        return cls(most, bool((finite < 0).any()))

    def strength(self, value: float) -> float:
        """How much of the colour, from 0 to 1."""
        return min(abs(value) / self.most, 1.0) if np.isfinite(value) else 0.0

    def kind(self, value: float) -> str:
        """The colour's class."""
        return "orange" if self.signed and value > 0 else "blue"


@dataclass(frozen=True)
class Grid:
    """Where a matrix is drawn: the top left corner of its cells, and their size."""

    x: float
    y: float
    width: float
    height: float


def matrix(trace: Trace, tensor: TracedTensor, head: int | None) -> str:
    """One matrix; of a tensor with heads the one of `head`, by default the first."""
    values = trace.values(tensor.name)
    if values.ndim == 3:
        values = values[checked_head(tensor, head) or 0]
    values = np.atleast_2d(values)
    _refuse_large(tensor, values.size)
    rows, columns = _row_labels(trace, tensor), [shortened(one) for one in glossed_labels(trace, tensor, -1)]
    with_numbers = len(columns) <= MOST_WITH_NUMBERS
    are_words = has_words(trace, tensor, -1)
    width, height = (56.0, 24.0) if with_numbers else (16.0 if are_words or len(columns) <= 64 else 5.0, 16.0)
    margin = max(text_width(label) for label in rows) + MARGIN + 8
    is_slanted = max(text_width(label, 10) for label in columns) > width
    above = 76 + (_rise(columns) if is_slanted and are_words else 16)
    grid, scale, mask = Grid(margin, above, width, height), Scale.from_values(tensor, values), trace.mask(tensor)
    which = f", head {head or 0}" if len(tensor.shape) == 3 else ""
    title = f"{tensor.label} · {tensor.name}{which}"
    parts = [
        HATCH,
        text(MARGIN, 30, title, font_weight="bold"),
        text(MARGIN, 50, _axis_titles(tensor), "muted"),
        *_labels(grid, rows, columns, is_slanted, are_words),
        *cells(grid, values, scale, mask, (rows, columns), with_numbers),
    ]
    bottom = above + len(rows) * height + 24
    parts += legend(MARGIN, bottom, scale, mask)
    wide = max(margin + len(columns) * width + (40 if is_slanted else 0), text_width(title) * 1.1, 420) + MARGIN
    return drawing.document(wide, bottom + 44, title, _described(values), parts)


def heads(trace: Trace, tensor: TracedTensor, head: int | None) -> str:
    """All heads of a tensor side by side on one scale, or the one that is asked for."""
    if len(tensor.shape) != 3:
        raise UsageError(f"{tensor.name} has no heads; draw it with the view 'matrix'")
    if head is not None:
        return matrix(trace, tensor, head)
    values = trace.values(tensor.name)
    _refuse_large(tensor, values.size)
    count, rows, columns = values.shape
    scale, mask = Scale.from_values(tensor, values), trace.mask(tensor)
    names = _row_labels(trace, tensor), [shortened(one, 12) for one in glossed_labels(trace, tensor, -1)]
    labels, rise = max(text_width(label, 10) for label in names[0]) + 6, _rise(names[1])
    panel, tall = labels + columns * 13 + 34, rise + rows * 13 + 40
    across = max(1, min(count, 4, int(WIDEST // panel)))
    parts = [HATCH, text(MARGIN, 30, f"{tensor.label} · {tensor.name}", font_weight="bold")]
    parts.append(text(MARGIN, 50, _axis_titles(tensor), "muted"))
    for number in range(count):
        x, y = MARGIN + number % across * panel + labels, 92 + rise + number // across * tall
        parts.append(text(x, y - rise - 6, f"head {number}", "muted"))
        parts += [_slanted(x + 13 * i + 8, y - 4, one) for i, one in enumerate(names[1])]
        parts += [text(x - 5, y + 10 + 13 * i, one, "ink small", "end") for i, one in enumerate(names[0])]
        parts += cells(Grid(x, y, 13, 13), values[number], scale, mask, names, False)
    bottom = 92 + -(-count // across) * tall
    parts += legend(MARGIN, bottom - 12, scale, mask)
    title = f"{tensor.name}, {count} heads"
    wide = max(across * panel, text_width(tensor.name) * 1.1 + 60, 420)
    return drawing.document(wide + 2 * MARGIN, bottom + 32, title, _described(values), parts)


def cells(
    grid: Grid,
    values: NDArray[np.generic],
    scale: Scale,
    mask: NDArray[np.generic] | None,
    labels: tuple[list[str], list[str]],
    with_numbers: bool,
) -> list[str]:
    """The cells of a matrix, with their numbers, or with a hint that says each; masked ones are hatched."""
    parts = []
    with_hints = values.size <= MOST_WITH_HINTS
    for (row, column), number in np.ndenumerate(values):
        value, x, y = float(number), grid.x + column * grid.width, grid.y + row * grid.height
        reason = REASONS[int(mask[row, column])] if mask is not None and mask[row, column] else ""
        place = f"{labels[0][row]}, {labels[1][column]}: {show(value)}" if with_hints else ""
        hint = f"{place} (masked: {reason})" if reason and place else place
        size = (x, y, grid.width - 1, grid.height - 1)
        strength = scale.strength(value)
        parts.append(rect(*size, "faint", "" if reason or strength else hint))
        if reason:
            parts.append(rect(*size, "masked", hint, fill="url(#glass-hatch)", fill_opacity=0.6))
        elif strength:
            parts.append(rect(*size, scale.kind(value), hint, fill_opacity=round(strength, 3)))
        if with_numbers:
            ink = "on-strong" if strength > STRONG else "ink"
            middle = (x + grid.width / 2 - 0.5, y + grid.height / 2 + 3.5)
            parts.append(text(*middle, show(value), f"{ink} small", "middle", pointer_events="none"))
    return parts


def legend(x: float, y: float, scale: Scale, mask: NDArray[np.generic] | None = None) -> list[str]:
    """The scale in steps, with its ends, and what hatching means."""
    least = -scale.most if scale.signed else 0.0
    steps = np.linspace(least, scale.most, 25)
    start = x + text_width(show(least)) + 8
    parts = [text(x, y + 11, show(least), "muted")]
    for i, value in enumerate(steps):
        place = start + 6 * i
        parts += [rect(place, y, 6, 14, "faint")]
        parts += [rect(place, y, 6, 14, scale.kind(value), fill_opacity=round(scale.strength(float(value)), 3))]
    end = start + 6 * len(steps) + 8
    parts.append(text(end, y + 11, show(scale.most), "muted"))
    if mask is not None and mask.any():
        at = end + text_width(show(scale.most)) + 24
        reasons = " and ".join(REASONS[r] for r in (1, 2) if (np.asarray(mask, np.int64) & r).any())
        parts += [rect(at, y, 14, 14, "faint"), rect(at, y, 14, 14, "masked", fill="url(#glass-hatch)")]
        parts.append(text(at + 20, y + 11, f"masked: {reasons}", "muted"))
    return parts


def checked_head(tensor: TracedTensor, head: int | None) -> int | None:
    """The head; UsageError if the tensor has none of that number."""
    count = tensor.shape[0] if len(tensor.shape) == 3 else 0
    if head is not None and not 0 <= head < count:
        known = f"heads 0 to {count - 1}" if count else "no heads"
        raise UsageError(f"{tensor.name} has no head {head}; it has {known}")
    return head


def _labels(grid: Grid, rows: list[str], columns: list[str], is_slanted: bool, are_words: bool) -> list[str]:
    parts = [
        text(grid.x - 8, grid.y + (i + 0.5) * grid.height + 4, label, anchor="end") for i, label in enumerate(rows)
    ]
    every = 1 if are_words or grid.width > 20 else 8
    for i, label in list(enumerate(columns))[::every]:
        x, y = grid.x + (i + 0.5) * grid.width, grid.y - 6
        if is_slanted and are_words:
            parts.append(_slanted(x, y, label))
        else:
            parts.append(text(x, y, label, "muted small", "middle"))
    return parts


def _slanted(x: float, y: float, label: str) -> str:
    return text(x, y, label, "ink small", transform=f"rotate(-45 {x:.2f} {y:.2f})")


def _rise(labels: list[str]) -> float:
    """How high slanted labels reach."""
    return max(text_width(label, 10) for label in labels) * 0.72 + 8


def _row_labels(trace: Trace, tensor: TracedTensor) -> list[str]:
    if len(tensor.shape) == 1:
        return [tensor.label or tensor.name]
    return [shortened(label, LONGEST_ROW) for label in glossed_labels(trace, tensor, -2)]


def _axis_titles(tensor: TracedTensor) -> str:
    down = f"rows: {axis_title(tensor, -2)}, " if len(tensor.shape) > 1 else ""
    return f"{down}columns: {axis_title(tensor, -1)}"


def _described(values: NDArray[np.generic]) -> str:
    finite = np.asarray(values, np.float64)[np.isfinite(values)]
    least, most = (show(float(f)) for f in ((finite.min(), finite.max()) if finite.size else (0.0, 0.0)))
    return f"A heat map of {' by '.join(map(str, values.shape))} numbers from {least} to {most}."


def _refuse_large(tensor: TracedTensor, size: int) -> None:
    if size > MOST_CELLS:
        raise UsageError(f"{tensor.name} has {size:,} numbers, too many for a drawing; export it as CSV")
