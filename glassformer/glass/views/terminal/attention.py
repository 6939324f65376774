"""Attention on the terminal: the weights as a heat map, and the entropy of each head.

Axes: L layers, H heads, Q queries, K keys.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.text import Text

from glassformer.errors import InputError, UsageError, nearest
from glassformer.glass.numbers import fixed
from glassformer.glass.ops.mask import REASONS, VISIBLE
from glassformer.glass.record import Trace
from glassformer.glass.views.terminal.grid import Row, print_grid
from glassformer.glass.views.terminal.text import BLUE, DIM, ORANGE, flow, heading, print_line, visible

KINDS = {  # stack, sublayer, the axis of the queries, the axis of the keys
    "cross": ("decoder", "cross_attention", "target", "source"),
    "encoder": ("encoder", "self_attention", "source", "source"),
    "decoder": ("decoder", "self_attention", "target", "target"),
}
SHADES = ("··", "░░", "▒▒", "▓▓", "██")  # equal steps from 0 to the map's largest weight
HIDDEN = ("", "xx", "//", "##")  # by the mask's reason: padding, future, both


@dataclass(frozen=True)
class Attention:
    """One kind of attention of all layers. `reasons_QK`: why the mask hides a cell; 0 where it does not."""

    kind: str
    weights_LHQK: NDArray[Any]
    reasons_QK: NDArray[Any]

    @classmethod
    def from_trace(cls, trace: Trace, kind: str) -> "Attention | None":
        """The trace's attention of that kind; None if it has none."""
        if kind not in KINDS:
            raise UsageError(f"unknown attention '{kind}'; {nearest(kind, KINDS)}")
        stack, sublayer, *axes = KINDS[kind]
        names = [f"{stack}.{layer}.{sublayer}.weights" for layer in range(len(trace.tensors))]
        layers = [trace.values(name) for name in names if name in trace.tensors]
        if not layers:
            return None
        sizes = tuple(len(trace.axes[axis]["tokens"]) for axis in axes)
        mask = trace.mask(trace.tensor(names[0]))
        reasons_QK = np.full(sizes, VISIBLE) if mask is None else mask
        fits = all(layer.shape == (len(layers[0]), *sizes) and np.isfinite(layer).all() for layer in layers)
        if not fits or reasons_QK.shape != sizes or reasons_QK.max() >= len(REASONS):
            raise InputError(f"the {stack}'s {sublayer}.weights do not fit the tokens; write the trace again")
        return cls(kind, np.stack(layers), reasons_QK)

    def choose(self, layer: int | None, head: int | None) -> NDArray[Any]:
        """The weights (Q, K) of a layer and a head; None averages. UsageError if there is no such one."""
        layers, heads = self.weights_LHQK.shape[:2]
        for name, given, count in (("layer", layer, layers), ("head", head, heads)):
            if given is not None and not 0 <= given < count:
                what = "the only one is 0" if count == 1 else f"there are 0 to {count - 1}"
                raise UsageError(f"{name} is {given}: {self.title} has no such {name}; {what}")
        weights_HQK = self.weights_LHQK.mean(0, np.float64) if layer is None else self.weights_LHQK[layer]
        weights_QK: NDArray[Any] = weights_HQK.mean(0, np.float64) if head is None else weights_HQK[head]
        return weights_QK

    @property
    def title(self) -> str:
        return "cross-attention" if self.kind == "cross" else f"the {self.kind}'s self-attention"


def tokens_of(trace: Trace, axis: str) -> list[str]:
    """The tokens of an axis as `visible` text; of the target, each token read with the one chosen after it."""
    read = [visible(token["text"]) for token in trace.axes[axis]["tokens"]]
    steps = trace.decode["steps"] if trace.decode and axis == "target" else []
    chosen = [visible(step["chosen"]["text"]) for step in steps]
    return [f"{one} → {other}" for one, other in zip(read, chosen, strict=True)] if len(chosen) == len(read) else read


def print_heat_map(console: Console, trace: Trace, attention: Attention, layer: int | None, head: int | None) -> None:
    """The weights of a layer and a head, or their mean; a row for each query."""
    weights_QK, reasons_QK = attention.choose(layer, head), attention.reasons_QK
    *_, query_axis, key_axis = KINDS[attention.kind]
    title = attention.title.removeprefix("the ").capitalize()
    heading(console, title, f"{_which('layer', layer)}, {_which('head', head)}")
    largest = float(weights_QK.max())
    rows = [
        Row(f"{place:>3}", _cells(weights_K, reasons_K, largest), f"{_most(weights_K)}  {label}")
        for place, (weights_K, reasons_K, label) in enumerate(
            zip(weights_QK, reasons_QK, tokens_of(trace, query_axis), strict=True)
        )
    ]
    end = f"{'most at':<11}  {'reads → says' if ' → ' in rows[0].end else 'token'}"
    print_grid(console, [str(column) for column in range(weights_QK.shape[1])], rows, end)
    keys = [visible(token["text"]) for token in trace.axes[key_axis]["tokens"]]
    flow(console, (f"{place} {key}" for place, key in enumerate(keys)), 10, "looks at  ", "  ")
    _print_scale(console, largest, reasons_QK)


def _which(name: str, number: int | None) -> str:
    return f"mean of all {name}s" if number is None else f"{name} {number}"


def shade(weight: float, largest: float) -> str:
    """The sign of a weight: darker for more."""
    return SHADES[min(int(weight / largest * len(SHADES)), len(SHADES) - 1)] if largest > 0 else SHADES[0]


def _cells(weights_K: NDArray[Any], reasons_K: NDArray[Any], largest: float) -> list[Text]:
    most = int(weights_K.argmax())
    return [
        Text(shade(float(weight), largest), ORANGE if column == most else BLUE)
        if reason == VISIBLE
        else Text(HIDDEN[reason], DIM)
        for column, (weight, reason) in enumerate(zip(weights_K, reasons_K, strict=True))
    ]


def _most(weights_K: NDArray[Any]) -> str:
    place = int(weights_K.argmax())
    return f"{place:>3}: {fixed(float(weights_K[place]), 4)}"


def _print_scale(console: Console, largest: float, reasons_QK: NDArray[Any]) -> None:
    steps = [f"{sign} from {fixed(largest * i / len(SHADES), 4)}" for i, sign in enumerate(SHADES)]
    steps += [f"{HIDDEN[r]} hidden: {REASONS[r]}" for r in np.unique(reasons_QK) if r != VISIBLE]
    flow(console, [*steps, f"largest {fixed(largest, 4)}"], 10, "weight    ", "  ")


def entropies(weights_LHQK: NDArray[Any]) -> NDArray[Any]:
    """−Σ w ln w of every row in nats, then the mean over the rows: (L, H)."""
    weights = weights_LHQK.astype(np.float64)
    logs = np.log(weights, out=np.zeros_like(weights), where=weights > 0)
    result: NDArray[Any] = -(weights * logs).sum(-1).mean(-1) + 0.0  # no negative zero
    return result


def print_entropies(console: Console, attention: Attention) -> None:
    """A table of layers and heads."""
    entropy_LH = entropies(attention.weights_LHQK)
    most = fixed(math.log(attention.weights_LHQK.shape[-1]), 4)
    heading(console, "Entropy per head", f"nats, mean of the rows; 0: all on one token, {most}: all alike")
    columns = [*(f"head {head}" for head in range(entropy_LH.shape[1])), "mean"]
    rows = [
        Row(f"layer {layer}", [Text(fixed(value, 4)) for value in (*entropy_H.tolist(), float(entropy_H.mean()))])
        for layer, entropy_H in enumerate(entropy_LH)
    ]
    print_grid(console, columns, rows)


def print_missing(console: Console, trace: Trace, attention: str) -> None:
    """A trace without that attention: what else it has."""
    others = [name for name, one in trace.tensors.items() if one.op == "softmax" and one.roles]
    heading(console, "Attention")
    print_line(console, f"this trace has no attention named '{attention}'", "; print one of:" if others else "")
    flow(console, map(visible, others), 2, "  ", "  ")
