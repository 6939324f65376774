"""The page: one file that shows traces, without a network. Its program is built from `web/`."""

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, Literal

from glassformer.errors import InputError, UsageError
from glassformer.glass.record import Labelled

Kind = Literal["trace", "lecture", "compare", "training"]
SCHEMA = "glassformer-page/1"
PLACEHOLDER = "__DOCUMENT__"
LARGE, TOO_LARGE = 5_000_000, 50_000_000  # bytes: worth a word, and refused unless asked for


def page(
    traces: Sequence[Labelled],
    kind: Kind = "trace",
    allow_large: bool = False,
    losses: Mapping[str, Sequence[Sequence[float]]] | None = None,
    study: dict[str, Any] | None = None,
) -> str:
    """The whole page as text, for the labelled traces. Raises InputError if it would exceed 50 MB.

    `losses`: of a training, its [step, loss] by "train" and "validation", which are drawn beside what it learnt.
    `study`: what was measured of the last trace's model over many sentences (`Study.to_dict`), for the tour to tell.
    """
    size = sum(one.nbytes for _, trace in traces for one in trace.tensors.values()) * 4 // 3
    if size > TOO_LARGE and not allow_large:
        raise InputError(
            f"the page would have {size / 1e6:.0f} MB; take --detail full or attention, a shorter sentence, or --large"
        )
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "kind": kind,
        "title": traces[-1][1].meta["title"],  # of a training, what it came to
        "traces": [{"label": label, "record": trace.to_dict(compact=True)} for label, trace in traces],
    }
    if losses:
        document["losses"] = losses
    if study:
        document["study"] = study
    before, placeholder, after = _template().partition(PLACEHOLDER)
    if not placeholder:
        raise UsageError("the page's program has no place for a trace; build it again (npm run build)")
    return before + _inert(json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))) + after


def _template() -> str:
    return files("glassformer.glass.static").joinpath("page.html").read_text(encoding="utf-8")


def _inert(text: str) -> str:
    """JSON that no HTML parser takes for markup; half of a surrogate pair, which no file can hold, is spelt out."""
    text = text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return text.encode(errors="backslashreplace").decode()
