"""Fills the graph with the numbers of a running model: one forward pass, observed at every hook point.

Axes: S source tokens, T target tokens; 1 is a batch of one sentence.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from glassformer.errors import InputError
from glassformer.glass.causes.intervening import Change, attentions, intervening
from glassformer.glass.causes.interventions import Edit
from glassformer.glass.graph import Node, graph
from glassformer.glass.ops import row_statistics
from glassformer.glass.ops.mask import FUTURE, PADDING
from glassformer.glass.tensor import TracedTensor
from glassformer.model import Transformer
from glassformer.model.attention import look_ahead_mask, padding_mask
from glassformer.model.observe import observed
from glassformer.model.transformer import shift_right
from glassformer.model_directory import parameters_of

Values = dict[str, NDArray[np.generic]]


@torch.inference_mode()
def observe(
    model: Transformer, source: list[int], target: list[int], changes: Sequence[Change] = ()
) -> dict[str, TracedTensor]:
    """Every tensor of one forward pass, by name: `source` in the encoder, `target` forced (ids with `</s>`).

    The same modules and parameters as in translation, with attention's explicit kernel. The decoder reads
    the target shifted right, all positions at once; the look-ahead mask makes that the same as one by one.
    `changes` are made to the running model; what they write stands as given, not as made by its operation.
    Raises InputError for a sentence longer than the model admits, and where numbers become too large to be any.
    """
    nodes = graph(model.config)
    device = model.generator.weight.device
    source_1S, target_1T = (torch.tensor([ids], device=device) for ids in (source, target))
    read_1T = shift_right(target_1T, model.config.decoder_start_id)
    hooks = {node.hook.module for node in nodes if node.hook}
    with intervening(model, changes), observed(model, hooks) as calls:
        model(source_1S, read_1T, explicit=True)
    values = _given(model, source_1S, read_1T)
    values |= {node.name: _array(node.hook.read(calls[node.hook.module])[0]) for node in nodes if node.hook}
    _refuse_infinite(nodes, values)
    tensors = {node.name: _tensor(node, values[node.name], values) for node in nodes}
    return tensors | {name: _as_given(tensors[name]) for name in _written(model, changes, tensors)}


def _refuse_infinite(nodes: Sequence[Node], values: Values) -> None:
    """Raise InputError for the first tensor with NaN or infinity; what is masked is minus infinity."""
    for node in nodes:
        array = values[node.name]
        wrong = ~np.isfinite(array)
        if node.op == "mask":
            wrong &= array != -np.inf
        if wrong.any():
            raise InputError(f"the model gave NaN or infinity in {node.name}: check its weights, and what was changed")


def _written(model: Transformer, changes: Sequence[Change], tensors: Mapping[str, TracedTensor]) -> set[str]:
    """The tensors that are no longer what their operation makes of their operands."""
    nodes, written = graph(model.config), set[str]()
    first = {(one.hook.module, one.hook.argument): one.name for one in reversed(nodes) if one.hook}
    for what, _ in changes:
        if isinstance(what, Edit):
            hook = next(node.hook for node in nodes if node.name == what.tensor)
            written |= {first[hook.module, hook.argument]} if hook else set()
            continue
        for attention in attentions(model.config, what.attention):
            written.add(f"{attention}.masked")
            weights = tensors[f"{attention}.weights"]
            # A row that may see nothing is zero, which no softmax gives; see `model/attention.py`.
            if weights.values is not None and not weights.values.any(-1).all():
                written.add(weights.name)
    return written


def _as_given(tensor: TracedTensor) -> TracedTensor:
    return dataclasses.replace(tensor, op="input", operands={}, attributes={}, statistics={})


def _given(model: Transformer, source_1S: Tensor, read_1T: Tensor) -> Values:
    """What no call is needed for: parameters, ids, places, masks with their reasons, and rows of the tables."""
    values = {name: _array(parameter) for name, parameter in parameters_of(model).items()}
    if model.config.tie_embeddings and "target_embedding.token.weight" not in values:
        values["target_embedding.token.weight"] = _array(model.target_embedding.token.weight)
    for side, ids, embedding in (
        ("source", source_1S, model.source_embedding),
        ("target", read_1T, model.target_embedding),
    ):
        values[f"{side}.ids"] = ids[0].cpu().numpy()
        values[f"{side}_embedding.lookup"] = _array(embedding.token.weight[ids[0]])
        values[f"{side}.places"] = np.arange(ids.shape[1])
        if embedding.position is not None:
            values[f"{side}_embedding.position"] = _array(embedding.position.table_PD[: ids.shape[1]])
    size, length = source_1S.shape[1], read_1T.shape[1]
    padding_S = ~padding_mask(source_1S)[0, 0, 0].cpu().numpy() * PADDING
    values["encoder.mask"] = np.broadcast_to(padding_S, (size, size))
    values["decoder.cross_mask"] = np.broadcast_to(padding_S, (length, size))
    values["decoder.self_mask"] = ~look_ahead_mask(length, length).numpy() * FUTURE
    return values


def _array(tensor: Tensor) -> NDArray[np.generic]:
    result: NDArray[np.generic] = tensor.detach().float().cpu().numpy()
    return result


def _tensor(node: Node, values: NDArray[np.generic], known: Values) -> TracedTensor:
    dtype = "uint8" if node.label == "mask" else "int32" if node.op == "input" else "float32"
    return TracedTensor(
        name=node.name,
        op=node.op,
        axes=node.axes,
        shape=values.shape,
        operands=node.operands,
        attributes=node.attributes,
        label=node.label,
        roles=node.roles,
        dtype=dtype,
        values=values.astype(dtype, copy=False),
        statistics=row_statistics(node.op, known[node.operands["x"]], node.attributes) if "x" in node.operands else {},
    )
