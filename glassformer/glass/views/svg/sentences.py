"""A sentence and its tokens, and the attention between two of them.

A word is always one run of text, whose letters join as they should; its tokens are underlines, as
wide as their share of the letters. Below a word of the target stands what it means, where the record says it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassformer.glass.glosses import meaning
from glassformer.glass.numbers import show
from glassformer.glass.record import Trace
from glassformer.glass.tensor import TracedTensor
from glassformer.glass.views.svg import drawing
from glassformer.glass.views.svg.drawing import MARGIN, line, path, text, text_width
from glassformer.glass.views.svg.heat import checked_head

NARROWEST = 32  # a token's underline: room for its id
FAINTEST = 0.02  # weights below are not drawn
GLOSS = 15  # the height of a line of meanings
Means = Mapping[int, str]  # of a sentence's words, by their number
Token = dict[str, Any]


@dataclass(frozen=True)
class Slot:
    """Where a token stands on its line."""

    token: Token
    x: float
    width: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


def tokens(trace: Trace) -> str:
    """Both sentences, each token underlined, with its id and its piece."""
    parts, wide, y = [text(MARGIN, 32, "Tokens", font_weight="bold")], 300.0, 76.0
    for side, kind in (("source", "blue"), ("target", "orange")):
        axis = trace.axes.get(side, {})
        if not axis.get("tokens"):
            continue
        means = _means(trace, axis) if side == "target" else {}
        slots = laid_out(axis, means, id_width=True)
        parts.append(text(MARGIN, y - 6, f"{side}: {len(slots)} tokens", "muted"))
        parts += sentence(axis, slots, y + 22, kind, means)
        y += GLOSS if means else 0
        for slot in slots:
            parts.append(text(slot.middle, y + 48, str(slot.token["id"]), "ink small", "middle"))
            parts.append(text(slot.middle, y + 62, slot.token["piece"], "muted small", "middle"))
        wide = max(wide, *(slot.x + slot.width for slot in slots))
        y += 108
    description = "Each token is underlined; below it stand its id and its piece of the vocabulary."
    return drawing.document(wide + MARGIN, y - 24, f"Tokens: {trace.meta['title']}", description, parts)


def attention(trace: Trace, tensor: TracedTensor, head: int | None) -> str:
    """Arcs from each query below to the keys above, as wide as the weight; the mean of all heads, or one head."""
    checked_head(tensor, head)
    weights, which = trace.values(tensor.name), ""
    if weights.ndim == 3:
        which = f", mean of {len(weights)} heads" if head is None else f", head {head}"
        weights = weights.mean(0) if head is None else weights[head]
    key, written = _axis(trace, tensor, -1), _written(trace, tensor)
    query = written or _axis(trace, tensor, -2)
    above_means, below_means = (
        _means(trace, one) if name == "target" else {}
        for one, name in ((key, tensor.axes[-1]), (query, tensor.axes[-2]))
    )
    above, below = laid_out(key, above_means), laid_out(query, below_means)
    wide = max(slot.x + slot.width for slot in above + below)
    above, below = _centred(above, wide), _centred(below, wide)
    rise, fall = (GLOSS if means else 0 for means in (above_means, below_means))
    title, bottom = f"{tensor.name}{which}", 288 + rise + min(wide * 0.08, 160.0)
    looks = "each word at the step that writes it" if written else "queries"
    legend = f"above: keys, below: {looks}; the wider the line, the larger the weight"
    parts = [
        text(MARGIN, 30, title, font_weight="bold"),
        text(MARGIN, 50, legend, "muted"),
        *_arcs(weights, above, below, (112 + rise, bottom - 20)),
        *sentence(key, above, 96, "blue", above_means),
        *sentence(query, below, bottom, "orange", below_means),
    ]
    description = f"Lines from each query to its keys; weights below {FAINTEST} are left out."
    return drawing.document(
        max(wide, text_width(title) * 1.1, text_width(legend)) + MARGIN, bottom + 28 + fall, title, description, parts
    )


def sentence(axis: dict[str, Any], slots: list[Slot], y: float, kind: str, means: Means) -> list[str]:
    """The words at that baseline, an underline for each token, and below it what the word means."""
    parts = []
    for word, group in _words(slots):
        left, right = min(slot.x for slot in group), max(slot.x + slot.width for slot in group)
        content = group[0].token["text"] if word is None else _letters(axis, group)
        parts.append(text((left + right) / 2, y, content, "muted" if word is None else "ink", "middle"))
        parts += [line(s.x + 1.5, y + 8, s.x + s.width - 1.5, y + 8, f"{kind}-line", 3) for s in group]
        if word is not None and word in means:
            parts.append(text((left + right) / 2, y + 8 + GLOSS, means[word], "muted small", "middle"))
    return parts


def _means(trace: Trace, axis: dict[str, Any]) -> Means:
    """What the words of a sentence of the target mean."""
    known = ((number, meaning(trace, word)) for number, word in enumerate(axis["text"].split()))
    return {number: means for number, means in known if means}


def laid_out(axis: dict[str, Any], means: Means, id_width: bool = False) -> list[Slot]:
    """A place for each token, words a blank apart, with room for what they mean; from right to left where the text runs
    so."""
    ordered = list(axis["tokens"])
    from_right = sum(one["direction"] == "rtl" for one in ordered) * 2 > len(ordered)
    slots, x, before = [], float(MARGIN), object()
    for token in reversed(ordered) if from_right else ordered:
        word = token["word"]
        x += 12 if word is None or word != before else 0
        piece = text_width(token["piece"], 10) + 4 if id_width else 0
        gloss = text_width(means.get(word, ""), 11) / sum(one["word"] == word for one in ordered)
        width = max(text_width(_span(axis, token) or token["text"]), NARROWEST, piece, gloss)
        slots.append(Slot(token, x, width))
        x, before = x + width, word
    return slots[::-1] if from_right else slots


def _words(slots: list[Slot]) -> list[tuple[int | None, list[Slot]]]:
    """The slots by word; what belongs to no word stands alone."""
    found: list[tuple[int | None, list[Slot]]] = []
    for word, group in groupby(slots, lambda slot: slot.token["word"]):
        members = list(group)
        found += [(None, [one]) for one in members] if word is None else [(word, members)]
    return found


def _letters(axis: dict[str, Any], group: list[Slot]) -> str:
    """The whole word, as the user wrote it."""
    return str(axis["text"][group[0].token["start"] : group[-1].token["end"]].strip()) or str(group[0].token["text"])


def _span(axis: dict[str, Any], token: Token) -> str:
    return str(axis["text"][token["start"] : token["end"]].strip())


def _axis(trace: Trace, tensor: TracedTensor, axis: int) -> dict[str, Any]:
    found = trace.axes.get(tensor.axes[axis], {})
    return found if found.get("tokens") else _numbered(tensor.shape[axis])


def _written(trace: Trace, tensor: TracedTensor) -> dict[str, Any] | None:
    """The target by the tokens that its rows write: each stands at the step before its own, and the end at the last.
    None where the rows are not steps of a decoder whose record says what each writes."""
    axis, steps = trace.axes.get(tensor.axes[-2], {}), trace.decode["steps"] if trace.decode else []
    if tensor.axes[-2] != "target" or not steps or len(steps) != len(axis["tokens"]):
        return None
    chosen, end = steps[-1]["chosen"], len(axis["text"])
    last = {"id": chosen["id"], "piece": chosen["piece"], "text": chosen["text"], "start": end, "end": end}
    return {**axis, "tokens": [*axis["tokens"][1:], {**axis["tokens"][0], **last, "word": None}]}


def _numbered(count: int) -> dict[str, Any]:
    """An axis whose tokens have no names: the lecture's masked example."""
    blank = {"id": 0, "start": 0, "end": 0, "word": None, "direction": "ltr"}
    return {"text": "", "tokens": [{**blank, "text": str(i), "piece": str(i)} for i in range(count)]}


def _centred(slots: list[Slot], wide: float) -> list[Slot]:
    shift = (wide - max(slot.x + slot.width for slot in slots)) / 2
    return [Slot(slot.token, slot.x + shift, slot.width) for slot in slots]


def _arcs(weights: NDArray[np.generic], above: list[Slot], below: list[Slot], ends: tuple[float, float]) -> list[str]:
    top, bottom = ends
    middle = (top + bottom) / 2
    parts = []
    for (row, column), number in np.ndenumerate(weights):
        weight, down, up = float(number), below[row], above[column]
        if weight >= FAINTEST:
            x1, x2 = f"{down.middle:.1f}", f"{up.middle:.1f}"
            shape = f"M{x1} {bottom:.1f}C{x1} {middle:.1f} {x2} {middle:.1f} {x2} {top}"
            hint = f"{down.token['text']} → {up.token['text']}: {show(weight)}"
            parts.append(
                path(
                    shape,
                    "blue-line",
                    hint,
                    stroke_width=round(1 + 5 * weight, 2),
                    stroke_opacity=round(0.15 + 0.75 * weight, 3),
                )
            )
    return parts
