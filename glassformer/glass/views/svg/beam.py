"""The beam search as a tree that grows to the right, a column for each step."""

from typing import Any

from glassformer.errors import UsageError
from glassformer.glass.numbers import show
from glassformer.glass.record import Trace
from glassformer.glass.views.svg import drawing
from glassformer.glass.views.svg.drawing import MARGIN, path, rect, shortened, text, text_width

WIDE, TALL = 166, 40  # of a node with the room around it
BOX = (122, 32)
STATES = {  # sign, class of the outline, its width and dashes
    "best": ("★", "orange-line", 2.5, None),
    "kept": ("●", "blue-line", 1.5, None),
    "finished": ("■", "blue-line", 2.5, None),
    "pruned": ("✕", "rule", 1.0, "4 3"),
}
Node = dict[str, Any]


def beam(trace: Trace) -> str:
    """Every continuation that was weighed: its log-probability, its score after length penalty, what became of it."""
    if not trace.beam:
        raise UsageError("this trace has no beam to draw; trace with a beam of 2 or more")
    nodes = trace.beam["nodes"]
    corners = _corners(nodes)
    parts = [
        text(
            MARGIN,
            30,
            f"Beam of {trace.beam['width']}: {trace.decode['text'] if trace.decode else ''}",
            font_weight="bold",
        ),
        text(MARGIN, 50, f"score = sum of log p / ((5 + length) / 6)^{trace.beam['length_penalty']:g}", "muted"),
        *_key(),
    ]
    parts += [_edge(node, corners) for node in nodes if node["parent"] is not None]
    parts += [part for node in nodes for part in _node(node, *corners[node["id"]])]
    wide = max(x for x, _ in corners.values()) + BOX[0] + MARGIN
    tall = max(y for _, y in corners.values()) + BOX[1] + MARGIN
    description = f"{len(nodes)} nodes; each shows its token, its log-probability and the score of the path to it."
    return drawing.document(max(wide, 520), tall, f"Beam: {trace.meta['title']}", description, parts)


def _corners(nodes: list[Node]) -> dict[int, tuple[float, float]]:
    """The top left corner of each node: children in the order of their parents, better scores first."""
    rank: dict[int | None, int] = {None: 0}
    corners: dict[int, tuple[float, float]] = {}
    for step in range(max(node["step"] for node in nodes) + 1):
        column = [node for node in nodes if node["step"] == step]
        column.sort(key=lambda node: (node["state"] != "best", rank[node["parent"]], -node["score"]))
        for place, node in enumerate(column):
            rank[node["id"]] = place
            corners[node["id"]] = (MARGIN + step * WIDE, 96.0 + place * TALL)
    return corners


def _edge(node: Node, corners: dict[int, tuple[float, float]]) -> str:
    (x1, y1), (x2, y2) = corners[node["parent"]], corners[node["id"]]
    x1, y1, y2 = x1 + BOX[0], y1 + BOX[1] / 2, y2 + BOX[1] / 2
    bend = (x1 + x2) / 2
    _, kind, width, dashes = STATES[node["state"]]
    return path(f"M{x1} {y1}C{bend} {y1} {bend} {y2} {x2} {y2}", kind, stroke_width=width, stroke_dasharray=dashes)


def _node(node: Node, x: float, y: float) -> list[str]:
    sign, kind, width, dashes = STATES[node["state"]]
    sum_, penalty = show(node["sum"]), show(node["penalty"])
    hint = f"{node['text']}: {node['state']}, score {sum_} / {penalty} = {show(node['score'])}"
    muted = "muted" if node["state"] == "pruned" else "ink"
    return [
        rect(x, y, *BOX, f"paper {kind}", hint, rx=5, stroke_width=width, stroke_dasharray=dashes),
        text(x + 6, y + 14, f"{sign} {shortened(node['text'], 12)}", muted),
        text(x + 6, y + 27, f"{show(node['log_prob'])} · {show(node['score'])}", "muted small"),
    ]


def _key() -> list[str]:
    parts, x = [], float(MARGIN)
    for state, (sign, *_) in STATES.items():
        parts.append(text(x, 74, f"{sign} {state}", "muted"))
        x += text_width(state) + 34
    return [*parts, text(x, 74, "numbers: log p · score", "muted")]
