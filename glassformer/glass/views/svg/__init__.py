"""Drawings of a trace as SVG: self-contained, and readable on a light and a dark screen."""

from collections.abc import Callable, Collection

from glassformer.errors import UsageError, nearest
from glassformer.glass.ops import ACTIVATIONS, NORMS
from glassformer.glass.record import Trace
from glassformer.glass.tensor import TracedTensor
from glassformer.glass.views.svg.architecture import architecture
from glassformer.glass.views.svg.beam import beam
from glassformer.glass.views.svg.heat import heads, matrix
from glassformer.glass.views.svg.positions import positions
from glassformer.glass.views.svg.sentences import attention, tokens
from glassformer.glass.views.svg.timeline import timeline

WHOLE: dict[str, Callable[[Trace], str]] = {
    "map": architecture,
    "tokens": tokens,
    "timeline": timeline,
    "beam": beam,
}
OF_TENSOR: dict[str, Callable[[Trace, TracedTensor, int | None], str]] = {
    "matrix": matrix,
    "attention": attention,
    "heads": heads,
    "positions": positions,
    "residual": matrix,
    "feed_forward": matrix,
    "logits": matrix,
}
AXES = {"attention": (2, 3), "positions": (2,)}  # of a tensor that such a view can show; of others, any
# What a view shows unless a tensor is named: the last one made by any of these.
DEFAULT_OPS: dict[str, Collection[str]] = {
    "matrix": ("softmax",),
    "attention": ("softmax",),
    "heads": ("softmax",),
    "positions": ("positions",),
    "residual": NORMS,
    "feed_forward": ACTIVATIONS,
}


def to_svg(trace: Trace, view: str, tensor: str | None = None, head: int | None = None) -> str:
    """A view of the trace as an SVG document.

    `view` is one of the record's views; `tensor` names what it shows, where it shows one tensor, and
    `head` one of its heads (without it, attention is the mean of all heads, and a matrix that of head 0).

    Raises UsageError for an unknown view, tensor or head, and for a view that this trace has nothing for.
    """
    if view in WHOLE:
        return WHOLE[view](trace)
    if view not in OF_TENSOR:
        raise UsageError(f"no view '{view}'; {nearest(view, [*WHOLE, *OF_TENSOR])}")
    shown = _default(trace, view) if tensor is None else trace.tensor(tensor)
    if len(shown.shape) not in AXES.get(view, (len(shown.shape),)):
        raise UsageError(f"{shown.name} has {len(shown.shape)} axes, which '{view}' does not show; take --view matrix")
    return OF_TENSOR[view](trace, shown, head)


def _default(trace: Trace, view: str) -> TracedTensor:
    found = [one for one in trace.tensors.values() if _fits(one, view)]
    if not found:
        raise UsageError(f"this trace has nothing for the view '{view}'; name a tensor")
    return found[-1]


def _fits(tensor: TracedTensor, view: str) -> bool:
    if view == "logits":
        return tensor.name.rpartition(".")[2] == "logits"
    is_attention = bool(tensor.roles) or tensor.op != "softmax"
    return tensor.op in DEFAULT_OPS[view] and is_attention and (view != "heads" or len(tensor.shape) == 3)
