"""The position encoding: its pattern over the tokens, and the waves that it is made of."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassformer.glass.ops.positions import position, position_angle
from glassformer.glass.record import Trace
from glassformer.glass.tensor import TracedTensor
from glassformer.glass.views.labels import place_labels
from glassformer.glass.views.svg import drawing
from glassformer.glass.views.svg.drawing import MARGIN, element, line, path, shortened, text, text_width
from glassformer.glass.views.svg.heat import MOST_WITH_NUMBERS, Grid, Scale, cells, legend

WAVES = 4  # of different length, so many are drawn
TALL = 44  # of a wave's strip
WIDEST = 640


def positions(trace: Trace, tensor: TracedTensor, _: int | None) -> str:
    """The encoding as a heat map, a row for each token; below it some columns as waves, the tokens' values as dots."""
    values = trace.values(tensor.name)
    rows = [f"{i} {shortened(word)}" for i, word in enumerate(place_labels(trace, tensor, 0))]
    columns = [str(i) for i in range(values.shape[1])]
    left = MARGIN + max(text_width(row) for row in rows) + 8
    width = max(3.0, min(56.0, WIDEST / values.shape[1]))
    grid, scale = Grid(left, 72, width, 18), Scale.from_values(tensor, values)
    parts = [
        text(MARGIN, 30, f"Positions · {tensor.name}", font_weight="bold"),
        text(MARGIN, 50, f"rows: places, columns: {values.shape[1]} dimensions", "muted"),
        *[text(left - 8, 85 + 18 * i, row, anchor="end") for i, row in enumerate(rows)],
        *cells(grid, values, scale, None, (rows, columns), len(columns) <= MOST_WITH_NUMBERS),
    ]
    bottom = 72 + 18 * len(rows) + 14
    parts += legend(MARGIN, bottom, scale)
    bottom += 44
    if tensor.op == "positions":
        for column in _columns(tensor):
            parts += _wave(tensor, values[:, column], column, left, bottom)
            bottom += TALL + 10
    wide = left + max(values.shape[1] * width, WIDEST + 150) + MARGIN
    description = "The position encoding of each token, and the waves along the places for some columns."
    return drawing.document(wide, bottom + MARGIN, f"Positions: {trace.meta['title']}", description, parts)


def _columns(tensor: TracedTensor) -> list[int]:
    """The sine columns of pairs from fast to slow."""
    width = tensor.attributes["width"]
    pairs = np.unique(np.linspace(0, width // 2 - 1, WAVES).astype(int)).tolist()
    return [pair if tensor.attributes["layout"] == "halves" else 2 * pair for pair in pairs]


def _wave(tensor: TracedTensor, values: NDArray[np.generic], column: int, left: float, top: float) -> list[str]:
    places, middle = len(values), top + TALL / 2
    step = WIDEST / max(places - 1, 1)
    angle, _ = position_angle(tensor.attributes, 1 - tensor.attributes["start"], column)
    # Twenty points to each place: the fastest wave turns by one radian from place to place.
    fine = np.linspace(0, places - 1, 20 * places).tolist() if places > 1 else [0.0]

    def start_at(place: float) -> dict[str, Any]:
        return tensor.attributes | {"start": tensor.attributes["start"] + place}

    curve = " ".join(f"{left + step * p:.1f} {middle - TALL / 2 * position(start_at(p), 0, column):.1f}" for p in fine)
    dots = [
        element("circle", cx=left + step * p, cy=middle - TALL / 2 * float(value), r=3.5, class_="orange")
        for p, value in enumerate(values)
    ]
    return [
        text(left - 8, middle + 4, f"column {column}", "muted", "end"),
        text(left + WIDEST + 12, middle + 4, f"a turn in {2 * np.pi / angle:,.0f} places", "muted"),
        line(left, middle, left + WIDEST, middle),
        path(f"M{curve}", "blue-line", stroke_width=1.5),
        *dots,
    ]
