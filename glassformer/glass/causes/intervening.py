"""Interventions on the running model: hooks on the same modules that translate, for as long as a `with` block lasts.

Axes: B rows of the batch, H heads, T queries, S keys.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import torch
from torch import Tensor

from glassformer.errors import UsageError, nearest
from glassformer.glass.causes.interventions import Cut, Edit, listed
from glassformer.glass.graph import Node, graph
from glassformer.model import ModelConfig, Transformer
from glassformer.model.observe import Alteration, altered


class Change(NamedTuple):
    """An intervention whose places are numbers and whose values are known; in one row of the batch, or all (None)."""

    what: Edit | Cut
    row: int | None = None


def intervening(model: Transformer, changes: Iterable[Change]) -> AbstractContextManager[None]:
    """While the block runs the model, the changes are in force; a batch's rows may each have their own.

    Cut edges want attention's explicit kernel. Raises UsageError for a tensor, head or place that the model has not;
    a place beyond the end of a sentence is no mistake, since a translation reaches it step by step.
    """
    nodes = {node.name: node for node in graph(model.config)}
    edits: dict[str, list[tuple[int | None, Edit]]] = defaultdict(list)
    cuts: dict[str, list[tuple[int | None, Cut]]] = defaultdict(list)
    for what, row in changes:
        if isinstance(what, Edit):
            edits[what.tensor].append((row, what))
        else:
            for attention in attentions(model.config, what.attention):
                cuts[attention].append((row, what))
    alterations = [_alteration(writable(nodes, name), some) for name, some in edits.items()]
    for attention, some in cuts.items():
        hidden = _hiding(some)
        alterations += [Alteration(f"{attention}.{step}", hidden) for step in ("mask", "softmax")]
    return altered(model, alterations)


def writable(nodes: dict[str, Node], name: str) -> Node:
    """The tensor's node; UsageError where there is none, or none that an intervention can reach."""
    can = [one.name for one in nodes.values() if one.hook and one.hook.view.write]
    if name not in nodes:
        raise UsageError(f"no tensor '{name}' in this model; {nearest(name, can)}")
    if name not in can:
        raise UsageError(
            f"{name} is not computed by a module, so nothing can be put in its place; {nearest(name, can)}"
        )
    return nodes[name]


def attentions(config: ModelConfig, name: str) -> list[str]:
    """The attentions that a name stands for: itself, or that of every layer of a stack."""
    layers = {"encoder": config.encoder_layers, "decoder": config.decoder_layers}
    kinds = [("encoder", "self_attention"), ("decoder", "self_attention"), ("decoder", "cross_attention")]
    known = {f"{stack}.{kind}": [f"{stack}.{n}.{kind}" for n in range(layers[stack])] for stack, kind in kinds}
    known |= {one: [one] for some in list(known.values()) for one in some}
    if name not in known:
        raise UsageError(f"no attention '{name}' in this model; {nearest(name, known)}")
    return known[name]


def _alteration(node: Node, edits: Sequence[tuple[int | None, Edit]]) -> Alteration:
    hook = node.hook
    assert hook is not None and hook.view.write is not None
    read, write, by_heads = hook.view.read, hook.view.write, len(node.axes) == 3
    if not by_heads and any(edit.heads is not None for _, edit in edits):
        raise UsageError(f"{node.name} has no heads; each head's part of an attention is in its '.heads'")

    def change(x: Tensor) -> Tensor:
        shown = read(x).clone()
        for row, edit in edits:
            _apply(edit, shown, row, by_heads)
        return write(shown)

    place = hook.argument
    if place is None:
        return Alteration(hook.module, output=change)
    return Alteration(hook.module, lambda inputs: (*inputs[:place], change(inputs[place]), *inputs[place + 1 :]))


def _apply(edit: Edit, x: Tensor, row: int | None, by_heads: bool) -> None:
    """new = factor · old + value, in place, at the edit's positions and heads."""
    value = torch.as_tensor(edit.value).to(x)
    if edit.positions is None:  # what is held is of a whole translation, and this may be the first steps of another
        wanted: Sequence[int | str] = range(value.shape[-2] if edit.kind == "freeze" else x.shape[-2])
    else:
        wanted = listed(edit.positions) or ()
    inside = [number for number, place in enumerate(wanted) if int(place) < x.shape[-2]]
    places = torch.tensor([int(wanted[number]) for number in inside], dtype=torch.long, device=x.device)
    rows: Any = slice(None) if row is None else row
    index = (rows, _heads(edit, x)[:, None], places) if by_heads else (rows, places)
    if value.dim() > 1 and value.shape[-2] == len(wanted):
        value = value[..., inside, :]
    if edit.kind in ("freeze", "mean"):
        value = value[..., : x.shape[-1]]
    old = x[index]
    try:
        # Not 0 · old + value: a masked score is -inf.
        x[index] = edit.factor * old + value if edit.factor else torch.zeros_like(old) + value
    except RuntimeError as error:
        raise UsageError(
            f"{edit.tensor}: numbers of the shape {tuple(value.shape)} do not fit its {tuple(old.shape)}"
        ) from error


def _heads(edit: Edit, x: Tensor) -> Tensor:
    count = x.shape[-3]
    check_heads(edit.heads, count, edit.tensor)
    heads = range(count) if edit.heads is None else [int(head) for head in listed(edit.heads) or ()]
    return torch.tensor(list(heads), dtype=torch.long, device=x.device)


def check_heads(heads: Sequence[int] | int | None, count: int, name: str) -> None:
    """Raise UsageError for a head that the tensor or attention of this name does not have."""
    if wrong := [head for head in listed(heads) or () if not 0 <= int(head) < count]:
        raise UsageError(f"{name} has the heads 0 to {count - 1}, not {wrong[0]}")


def _hiding(cuts: Sequence[tuple[int | None, Cut]]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """Changes (scores, mask) to the scores and a mask that hides the cut edges too."""

    def hide(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        scores_BHTS, mask = inputs
        mask_BHTS = mask.expand(scores_BHTS.shape).clone()
        for row, cut in cuts:
            rows = [row] if row is not None else range(mask_BHTS.shape[0])
            parts = [
                _places(places, size)
                for places, size in zip((rows, cut.heads, cut.queries, cut.keys), mask_BHTS.shape, strict=True)
            ]
            mask_BHTS[torch.meshgrid(*parts, indexing="ij")] = False
        return scores_BHTS, mask_BHTS

    return hide


def _places(places: Any, size: int) -> Tensor:
    numbers = range(size) if places is None else [int(place) for place in listed(places) or () if int(place) < size]
    return torch.tensor(list(numbers), dtype=torch.long)
