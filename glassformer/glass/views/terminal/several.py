"""Several traces on the terminal: two models side by side, or one model while it learns.

Axes: L layers, H heads, Q queries, K keys.
"""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
from rich.console import Console

from glassformer.glass.compare import differences, first_divergence
from glassformer.glass.numbers import show
from glassformer.glass.record import Labelled, Trace
from glassformer.glass.views.terminal.attention import Attention, entropies
from glassformer.glass.views.terminal.text import DIM, STRONG, heading, print_line, visible

MOST = 12  # tensors listed: those that differ most
WIDTH = 10  # of a number


def render_comparison(traces: Sequence[Labelled], console: Console) -> None:
    """Both translations step by step, the first step at which they differ, and the tensors that differ most."""
    first, second = (trace for _, trace in traces)
    heading(console, "Translations")
    for name, (label, trace) in zip("AB", traces, strict=True):
        print_line(console, (f"{name}  ", STRONG), visible(label), (f"  log p {show(_decode(trace)['log_prob'])}", DIM))
        print_line(console, "   ", (visible(_decode(trace)["text"]), STRONG))
    step = first_divergence(first, second)
    heading(console, "Step by step", "they say the same" if step is None else f"they part at step {step}")
    for number, (a, b) in enumerate(zip_longest(_chosen(first), _chosen(second))):
        mark = "≠" if number == step else " "
        print_line(console, f"{number:4} {mark}  A {_token(a)}")
        print_line(console, f"{'':4}    B {_token(b)}")
    _print_differences(console, first, second)


def _decode(trace: Trace) -> dict[str, Any]:
    return trace.decode or {"text": "", "log_prob": 0.0, "steps": []}


def _chosen(trace: Trace) -> list[dict[str, Any]]:
    return [step["chosen"] for step in _decode(trace)["steps"]]


def _token(chosen: dict[str, Any] | None) -> str:
    return f"{show(chosen['probability']):>{WIDTH}}  {visible(chosen['text'])}" if chosen else f"{'':{WIDTH}}  (ended)"


def _print_differences(console: Console, first: Trace, second: Trace) -> None:
    found = differences(first, second)
    if not found:
        heading(console, "No tensor has the same name and shape in both")
        return
    most = sorted(found, key=lambda one: one.largest, reverse=True)[:MOST]
    heading(
        console, "What differs most", f"{len(most)} of {len(found)} tensors that both have; largest and mean |A − B|"
    )
    for one in most:
        print_line(console, f"{show(one.largest):>{WIDTH}}  {show(one.mean):>{WIDTH}}  {one.name}")


def render_training(traces: Sequence[Labelled], console: Console) -> None:
    """For each sentence, what the model made of it step by step: how sure it was, how sharp its attention."""
    for sentence in dict.fromkeys(trace.axes["source"]["text"] for _, trace in traces):
        heading(console, visible(sentence), "mean probability of what it says, mean entropy of its cross-attention")
        for label, trace in traces:
            if trace.axes["source"]["text"] == sentence:
                sure = np.mean([chosen["probability"] for chosen in _chosen(trace)] or [0.0])
                entropy = _entropy(trace)
                print_line(
                    console,
                    f"{label:>12}  {show(float(sure)):>{WIDTH}}  {entropy:>15}  {visible(_decode(trace)['text'])}",
                )


def _entropy(trace: Trace) -> str:
    """Of all rows of all heads of the cross-attention."""
    attention = Attention.from_trace(trace, "cross")
    return f"{show(float(entropies(attention.weights_LHQK).mean()))} nats" if attention else "-"
