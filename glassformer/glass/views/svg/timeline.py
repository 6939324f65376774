"""The decode loop, a panel for each step: what was read, and the likeliest next tokens."""

from typing import Any

from glassformer.errors import UsageError
from glassformer.glass.glosses import meaning
from glassformer.glass.numbers import show
from glassformer.glass.record import Trace
from glassformer.glass.views.svg import drawing
from glassformer.glass.views.svg.drawing import MARGIN, rect, shortened, text
from glassformer.text.tokenizer import META

SHOWN = 5  # candidates of a step
ACROSS = 4  # panels in a row
WIDE, TALL = 250, 150  # of a panel
ROW, GLOSS = 21, 12  # of a candidate, and what it is higher where words have meanings below them
LABEL, BAR = 92, 96


def timeline(trace: Trace) -> str:
    """Every step from the start token to the end, with the probabilities of its likeliest tokens as bars."""
    if not trace.decode:
        raise UsageError("this trace has no decode loop to draw")
    steps = trace.decode["steps"]
    parts = [
        text(MARGIN, 30, f"{trace.decode['strategy']}: {trace.decode['text']}", font_weight="bold"),
        text(MARGIN, 50, "✓ and orange: the token chosen; bars: probability", "muted"),
    ]
    tall = TALL + (SHOWN * GLOSS if trace.glosses else 0)
    for number, step in enumerate(steps):
        parts += _panel(trace, step, MARGIN + number % ACROSS * WIDE, 72 + number // ACROSS * tall)
    down = -(-len(steps) // ACROSS)
    size = (MARGIN + min(max(len(steps), 2), ACROSS) * WIDE, 72 + down * tall)
    description = f"{len(steps)} steps; for each its {SHOWN} likeliest tokens with their probabilities."
    return drawing.document(*size, f"Decoding: {trace.meta['title']}", description, parts)


def _panel(trace: Trace, step: dict[str, Any], x: float, y: float) -> list[str]:
    chosen = step["chosen"]
    shown = step["candidates"][:SHOWN]
    if chosen["id"] not in [one["id"] for one in shown]:  # a forced token, or the beam's choice
        shown = [*shown[: SHOWN - 1], chosen]
    parts = [text(x, y + 14, f"step {step['step']} · reads {shortened(step['read']['text'], 14)}", "muted")]
    for i, one in enumerate(shown):
        is_chosen, top = one["id"] == chosen["id"], y + 26 + (ROW + GLOSS if trace.glosses else ROW) * i
        means = meaning(trace, one["text"]) if one["piece"].startswith(META) else None
        width = max(one["probability"] * BAR, 0.5)
        hint = f"{one['text']}: probability {show(one['probability'])}, logit {show(one['logit'])}"
        label = f"{shortened(one['text'], 10)}{' ✓' if is_chosen else ''}"
        weight = "bold" if is_chosen else None
        parts += [
            text(x + LABEL - 8, top + 12, label, "ink", "end", font_weight=weight),
            rect(x + LABEL, top, BAR, 15, "faint", hint),
            rect(x + LABEL, top, width, 15, "orange" if is_chosen else "blue", hint),
            text(x + LABEL + BAR + 4, top + 11, show(one["probability"]), "muted small"),
        ]
        if means:
            parts.append(text(x + LABEL - 8, top + 24, shortened(means, 16), "muted small", "end"))
    return parts
