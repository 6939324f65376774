"""Fills the graph with the numbers of a running model: one forward pass with every step in sight."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from glassformer.glass.graph import Node, graph
from glassformer.glass.record import FUTURE, PADDING, TracedTensor
from glassformer.model import Transformer
from glassformer.model.attention import look_ahead_mask, padding_mask
from glassformer.model.observe import observed
from glassformer.model.transformer import shift_right
from glassformer.model_directory import weights_of

Values = dict[str, NDArray[np.generic]]


@torch.inference_mode()
def observe(model: Transformer, source: list[int], target: list[int]) -> dict[str, TracedTensor]:
    """Every tensor of the model when it reads `source` and is forced to say `target` (ids with `</s>`).

    The same modules and weights as in translation, with attention's explicit kernel. The decoder reads
    the target shifted right, all positions at once; the look-ahead mask makes that the same as one by one.
    Raises InputError for a sentence longer than the model admits.
    """
    nodes = graph(model.config)
    device = model.generator.weight.device
    source_1S, target_1T = (torch.tensor([ids], device=device) for ids in (source, target))
    read_1T = shift_right(target_1T, model.config.decoder_start_id)
    with observed(model, {node.seen.module for node in nodes if node.seen}) as calls:
        model(source_1S, read_1T, explicit=True)
    values = _given(model, source_1S, read_1T)
    for node in nodes:
        if node.name not in values:
            values[node.name] = _array(node.seen.look(calls[node.seen.module])[0]) if node.seen else _view(node, values)
    return {node.name: _tensor(node, values[node.name], values) for node in nodes}


def _given(model: Transformer, source_1S: Tensor, read_1T: Tensor) -> Values:
    """The leaves: weights, ids, places, masks with their reasons, and the sinusoids."""
    values = {name: _array(weight) for name, weight in weights_of(model).items()}
    if model.config.tie_embeddings and "target_embedding.token.weight" not in values:
        values["target_embedding.token.weight"] = _array(model.target_embedding.token.weight)
    for side, ids, embedding in (
        ("source", source_1S, model.source_embedding),
        ("target", read_1T, model.target_embedding),
    ):
        values[f"{side}.ids"] = ids[0].cpu().numpy()
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


def _view(node: Node, values: Mapping[str, NDArray[np.generic]]) -> NDArray[np.generic]:
    """What no module computes by itself: rows of a table, heads side by side, the last softmax."""
    operands = {role: values[name] for role, name in node.operands.items()}
    if node.op == "lookup":
        rows_of_ids: NDArray[np.generic] = operands["table"][operands["ids"].astype(int)]
        return rows_of_ids
    if node.op == "split_heads":
        rows = operands["x"].shape[0]
        return operands["x"].reshape(rows, node.attributes["heads"], -1).transpose(1, 0, 2)
    if node.op == "log_softmax":
        return torch.from_numpy(operands["x"]).log_softmax(-1).numpy()
    raise AssertionError(f"{node.name}: no module shows it")


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
        statistics=statistics(node.op, known[node.operands["x"]], node.attributes) if "x" in node.operands else {},
    )


def statistics(op: str, x: NDArray[np.generic], attributes: Mapping[str, float]) -> dict[str, NDArray[np.generic]]:
    """What makes each row of a softmax or a norm checkable by itself."""
    if op not in ("softmax", "log_softmax", "layernorm", "rmsnorm"):
        return {}
    row = x.astype(np.float64)
    if op in ("softmax", "log_softmax"):
        largest = row.max(-1)
        with np.errstate(invalid="ignore"):  # a row of -inf only
            total = np.nan_to_num(np.exp(row - largest[..., None])).sum(-1)
        return {"max": largest, "sum": total} if op == "softmax" else {"logsumexp": largest + np.log(total)}
    if op == "layernorm":
        return {"mean": row.mean(-1), "deviation": np.sqrt(row.var(-1) + attributes["eps"])}
    return {"deviation": np.sqrt((row**2).mean(-1) + attributes["eps"])}
