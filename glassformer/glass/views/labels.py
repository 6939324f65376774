"""What axes, places and cells are called, "query: target" or a token, and how an operation writes itself."""

from collections.abc import Mapping, Sequence

from glassformer.glass.glosses import meaning
from glassformer.glass.ops import OPS
from glassformer.glass.ops.op import Index
from glassformer.glass.record import Trace
from glassformer.glass.tensor import TracedTensor
from glassformer.text.tokenizer import META


def equation(tensor: TracedTensor, operands: Mapping[str, str]) -> str | None:
    """How a tensor is made from operands of these names, "Q · Kᵀ"; None where its operation has no equation."""
    template = OPS[tensor.op].equation if tensor.op in OPS else None
    return template.format(**operands, text=tensor.attributes.get("text", "")) if template else None


def is_product(tensor: TracedTensor) -> bool:
    """Whether an equation multiplies the operands, so that one that is a sum needs brackets."""
    return "·" in ((tensor.op in OPS and OPS[tensor.op].equation) or "")


def axis_title(tensor: TracedTensor, axis: int) -> str:
    """What an axis holds: "query: target", "vocabulary", "d_model"."""
    name = tensor.axes[axis]
    role = tensor.roles[axis] if tensor.roles else name
    return name if role == name else f"{role}: {name}"


def place_labels(trace: Trace, tensor: TracedTensor, axis: int) -> list[str]:
    """What stands at each place of an axis that the record carries: its token, or its number."""
    size, name = tensor.shape[axis], tensor.axes[axis]
    ids: Sequence[int] = range(size)
    if axis % len(tensor.shape) == len(tensor.shape) - 1 and tensor.columns is not None:
        ids = tensor.columns
    if name == "vocabulary":
        pieces = _pieces(trace)
        return [pieces.get(i, f"#{i}") for i in ids]
    tokens = trace.axes.get(name, {}).get("tokens")
    if not tokens:
        return [str(i) for i in ids]
    return step_names(trace) if _are_steps(tensor, axis) else [token["text"] for token in tokens]


def glossed_labels(trace: Trace, tensor: TracedTensor, axis: int) -> list[str]:
    """The labels of an axis, with what a word of the target means (of a step, the word that is written), if known."""
    labels = place_labels(trace, tensor, axis)
    pieces = _target_pieces(trace, tensor, axis) or [""] * len(labels)
    means = [meaning(trace, one.removeprefix(META)) if one.startswith(META) else None for one in pieces]
    return [f"{label} · {gloss}" if gloss else label for label, gloss in zip(labels, means, strict=True)]


def _target_pieces(trace: Trace, tensor: TracedTensor, axis: int) -> list[str]:
    """The piece of the target that each place of an axis stands for; none for another axis."""
    name, tokens = tensor.axes[axis], trace.axes.get("target", {}).get("tokens") or []
    if name == "vocabulary":
        return place_labels(trace, tensor, axis)
    if name != "target":
        return []
    if not _are_steps(tensor, axis):
        return [token["piece"] for token in tokens]
    steps = trace.decode["steps"] if trace.decode else []
    written = [step["chosen"]["piece"] for step in steps[: len(tokens)]]
    return written + [""] * (len(tokens) - len(written))


def _are_steps(tensor: TracedTensor, axis: int) -> bool:
    """Whether the places of an axis are steps of the decoder; a key, or an id, is only a token that is read."""
    return tensor.axes[axis] == "target" and (not tensor.roles or tensor.roles[axis] != "key") and tensor.op != "input"


def step_names(trace: Trace) -> list[str]:
    """How every view calls the decoder's rows: "reads → writes", by the token that each reads and the one it goes on
    to write, where the record says so."""
    steps = trace.decode["steps"] if trace.decode else []
    names = []
    for place, token in enumerate(trace.axes["target"]["tokens"]):
        step = steps[place] if place < len(steps) and steps[place]["read"]["id"] == token["id"] else None
        written = f" → {step['chosen']['text'].strip() or step['chosen']['piece']}" if step else ""
        names.append(token["text"] + written)
    return names


def has_words(trace: Trace, tensor: TracedTensor, axis: int) -> bool:
    """Whether the places of an axis have words for names."""
    name = tensor.axes[axis]
    return name == "vocabulary" or bool(trace.axes.get(name, {}).get("tokens"))


def words(trace: Trace, tensor: TracedTensor, axis: int) -> list[str]:
    """The labels of an axis whose places have words for names; none for another."""
    return place_labels(trace, tensor, axis) if has_words(trace, tensor, axis) else []


def cell_name(trace: Trace, tensor: TracedTensor, index: Index) -> str:
    """A place in words: "head 0, query: target दोस्त, key: source friends"."""
    parts = []
    for axis, place in enumerate(index):
        at = tensor.columns.index(place) if axis == len(index) - 1 and tensor.columns else place
        parts.append(f"{axis_title(tensor, axis)} {place_labels(trace, tensor, axis)[at]}")
    return ", ".join(parts)


def _pieces(trace: Trace) -> dict[int, str]:
    """The target vocabulary by id, as far as the record knows it."""
    if trace.vocabulary and trace.vocabulary["target"] is not None:
        return dict(enumerate(trace.vocabulary["target"]))
    steps = trace.decode["steps"] if trace.decode else []
    return {one["id"]: one["piece"] for step in steps for one in (*step["candidates"], step["chosen"])}
