"""The model as ONNX graphs: its own modules, traced by torch, and the two views of the decoder merged into one file.

The names of inputs and outputs are those of Hugging Face's optimum, which transformers.js reads too. The decoder has
two branches: without `use_cache_branch` it reads the encoder's output, with it the keys and values of the step before.

Axes: B sentences, S source positions, T target positions, G key-value heads, K head width, V ids, D d_model.
"""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from glassformer.model import Transformer
from glassformer.model.cache import DecoderCache, KeysValues
from glassformer.model.transformer import Memory
from glassformer.special import PAD

OPSET = 20  # of ONNX: has LayerNormalization and Gelu; onnxruntime-web reads it
KINDS = ("decoder.key", "decoder.value", "encoder.key", "encoder.value")  # of a layer's cache, in optimum's order


class Encoder(nn.Module):
    """`input_ids`, `attention_mask` -> `last_hidden_state`."""

    source_ids_V: Tensor | None

    def __init__(self, model: Transformer, source_ids_V: Tensor | None) -> None:
        """`source_ids_V`: the model's id for each id of the file, where they are not the same."""
        super().__init__()
        self.model = model
        self.register_buffer("source_ids_V", source_ids_V)

    def forward(self, ids_BS: Tensor, mask_BS: Tensor) -> Tensor:
        ids_BS = ids_BS if self.source_ids_V is None else self.source_ids_V[ids_BS]
        return self.model.encode(ids_BS.masked_fill(mask_BS == 0, PAD)).x_BSD


class FirstStep(nn.Module):
    """`encoder_attention_mask`, `input_ids`, `encoder_hidden_states` -> `logits`, and the cache that they leave."""

    def __init__(self, model: Transformer) -> None:
        super().__init__()
        self.model = model

    def forward(self, mask_BS: Tensor, ids_BT: Tensor, x_BSD: Tensor) -> list[Tensor]:
        cache = self.model.start(Memory(x_BSD, _source_mask(mask_BS)))
        return _decoded(self.model, ids_BT, cache)


class NextStep(nn.Module):
    """`encoder_attention_mask`, `input_ids`, the cache -> `logits`, and the cache grown by them."""

    def __init__(self, model: Transformer) -> None:
        super().__init__()
        self.model = model

    def forward(self, mask_BS: Tensor, ids_BT: Tensor, past: list[Tensor]) -> list[Tensor]:
        layers = [past[start : start + len(KINDS)] for start in range(0, len(past), len(KINDS))]
        grown = tuple(KeysValues(*layer[:2]) for layer in layers)
        memory = tuple(KeysValues(*layer[2:]) for layer in layers)
        return _decoded(self.model, ids_BT, DecoderCache(grown, memory, _source_mask(mask_BS)))


def _source_mask(mask_BS: Tensor) -> Tensor:
    return (mask_BS != 0)[:, None, None, :]


def _decoded(model: Transformer, ids_BT: Tensor, cache: DecoderCache) -> list[Tensor]:
    x_BTD, cache = model.decode(ids_BT, cache)
    layers = zip(cache.past, cache.memory, strict=True)
    return [model.logits(x_BTD), *(tensor for past, memory in layers for tensor in (*past, *memory))]


def cache_names(layers: int, prefix: str) -> list[str]:
    """Names of the cache's tensors: `prefix` is `past_key_values` or `present`."""
    return [f"{prefix}.{layer}.{kind}" for layer in range(layers) for kind in KINDS]


def encoder_graph(model: Transformer, source_ids_V: Tensor | None) -> Any:
    """The encoder as an ONNX model."""
    size = source_ids_V.numel() if source_ids_V is not None else model.config.source_vocab_size
    ids_BS = torch.arange(6).reshape(2, 3) % (size or model.config.vocab_size)
    sizes = {0: "batch_size", 1: "encoder_sequence_length"}
    return _traced(
        Encoder(model, source_ids_V), (ids_BS, torch.ones_like(ids_BS)), (sizes, sizes),
        ["input_ids", "attention_mask"], ["last_hidden_state"],
    )  # fmt: skip


def decoder_graphs(model: Transformer) -> tuple[Any, Any]:
    """The decoder as two ONNX models: its first step, and any other."""
    config, (batch, source, target, held) = model.config, (2, 3, 4, 5)
    mask_BS, ids_BT = torch.ones(batch, source, dtype=torch.int64), torch.zeros(batch, target, dtype=torch.int64)
    x_BSD = torch.zeros(batch, source, config.d_model)
    sizes = [{0: "batch_size", 1: "encoder_sequence_length"}, {0: "batch_size", 1: "decoder_sequence_length"}]
    names = ["encoder_attention_mask", "input_ids"]
    outputs = ["logits", *cache_names(config.decoder_layers, "present")]
    first = _traced(
        FirstStep(model), (mask_BS, ids_BT, x_BSD), (*sizes, sizes[0]), [*names, "encoder_hidden_states"], outputs
    )
    past = [
        torch.zeros(batch, config.kv_heads, held if kind.startswith("decoder") else source, config.head_width)
        for _ in range(config.decoder_layers)
        for kind in KINDS
    ]
    grown = [
        {0: "batch_size", 2: "past_decoder_sequence_length" if kind.startswith("decoder") else sizes[0][1]}
        for _ in range(config.decoder_layers)
        for kind in KINDS
    ]
    following = _traced(
        NextStep(model), (mask_BS, ids_BT, past), (*sizes, grown),
        [*names, *cache_names(config.decoder_layers, "past_key_values")], outputs,
    )  # fmt: skip
    return first, following


def _traced(module: nn.Module, inputs: Any, sizes: Any, input_names: Sequence[str], output_names: Sequence[str]) -> Any:
    with _quiet():
        program = torch.onnx.export(
            module.eval(), inputs, dynamic_shapes=sizes, input_names=input_names, output_names=output_names,
            opset_version=OPSET, dynamo=True, verbose=False,
        )  # fmt: skip
    assert program is not None
    model = program.model_proto
    for node in model.graph.node:  # where in our sources each comes from: half of a small file
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    model.graph.ClearField("value_info")
    return model


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the advice of torch's exporter and of onnxruntime's quantiser."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logging.disable(logging.NOTSET)


def merged(first: Any, following: Any) -> Any:
    """One decoder of both: an `If` on `use_cache_branch`, with equal parameters outside its branches, each once."""
    from onnx import TensorProto, compose, helper

    branches = {name: compose.add_prefix(one, f"{name}.") for name, one in (("next", following), ("first", first))}
    parameters = _shared(list(branches.values()))
    inputs = {one.name: one for model in (first, following) for one in model.graph.input}
    _free_cache(inputs)
    graphs = {}
    for name, branch in branches.items():
        _rename(branch.graph, {f"{name}.{one}": one for one in inputs})
        graphs[name] = helper.make_graph(branch.graph.node, name, [], branch.graph.output)
    outputs = [one.name for one in first.graph.output]
    choice = helper.make_node(
        "If", ["use_cache_branch"], outputs, then_branch=graphs["next"], else_branch=graphs["first"]
    )
    flag = helper.make_tensor_value_info("use_cache_branch", TensorProto.BOOL, [1])
    graph = helper.make_graph([choice], "decoder", [*inputs.values(), flag], first.graph.output, parameters)
    return helper.make_model(graph, opset_imports=first.opset_import, ir_version=first.ir_version)


def _free_cache(inputs: Mapping[str, Any]) -> None:
    """Let the first step's empty cache have any shape: transformers.js knows no key-value heads beside the heads."""
    for name, one in inputs.items():
        if name.startswith("past_key_values"):
            for axis, size in ((1, "heads"), (3, "head_width")):
                one.type.tensor_type.shape.dim[axis].dim_param = size


def _shared(models: Sequence[Any]) -> list[Any]:
    """The parameters of several graphs, of equal ones the first, whose name all get."""
    found: dict[tuple[Any, ...], Any] = {}
    for model in models:
        names = {}
        for tensor in model.graph.initializer:
            same = found.setdefault((tensor.data_type, tuple(tensor.dims), _numbers(tensor)), tensor)
            names[tensor.name] = same.name
        _rename(model.graph, names)
    return list(found.values())


def _numbers(tensor: Any) -> bytes:
    from onnx import numpy_helper

    numbers: bytes = numpy_helper.to_array(tensor).tobytes()
    return numbers


def _rename(graph: Any, names: Mapping[str, str]) -> None:
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]


def quantised(model: Any) -> Any:
    """The graph with weights of 8 bits, as onnxruntime's dynamic quantisation makes it: a scale for each output.

    Embeddings have a scale for each token: of a Multi30k model's 3,038 tokens 21 change so, and 30 with one for the
    whole table. What reads a gate's product stays float32: of another's 878 tokens 1 changes so, and 12 in 8 bits.

    The graph itself is changed too.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    _fold_transposes(model.graph)
    _quantise_embeddings(model.graph)
    with TemporaryDirectory() as directory, _quiet():
        path = Path(directory) / "quantised.onnx"
        quantize_dynamic(
            model, path, per_channel=True, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul"],
            nodes_to_exclude=_after_gates(model.graph),
        )  # fmt: skip
        return onnx.load(path)


def _after_gates(graph: Any) -> list[str]:
    """The matrix products that read the product of two activations: its few large numbers would take the scale."""
    made = {name: node for node in graph.node for name in node.output}

    def is_gated(name: str) -> bool:
        node = made.get(name)
        inputs = [made.get(one) for one in node.input] if node and node.op_type == "Mul" else [None]
        return all(one and one.op_type not in ("Sigmoid", "Constant") for one in inputs)

    return [node.name for node in graph.node if node.op_type == "MatMul" and is_gated(node.input[0])]


def _fold_transposes(graph: Any) -> None:
    """Parameters in the place of their transposes: only a matrix that is one is quantised."""
    from onnx import numpy_helper

    parameters = {one.name: one for one in graph.initializer}
    for node in [one for one in graph.node if one.op_type == "Transpose" and one.input[0] in parameters]:
        array = numpy_helper.to_array(parameters[node.input[0]]).transpose(node.attribute[0].ints)
        graph.initializer.append(numpy_helper.from_array(array.copy(), node.output[0]))
        graph.node.remove(node)
    used = {name for node in graph.node for name in node.input}
    for one in [one for one in graph.initializer if one.name not in used]:
        graph.initializer.remove(one)


def _quantise_embeddings(graph: Any) -> None:
    """E[id] as q[id] * s[id]: s is the largest number of a row, in size, divided by 127."""
    from onnx import TensorProto, helper, numpy_helper

    tables = {one.name: one for one in graph.initializer if one.data_type == TensorProto.FLOAT and len(one.dims) == 2}
    nodes = []
    for node in graph.node:
        if node.op_type != "Gather" or node.input[0] not in tables:
            nodes.append(node)
            continue
        name, ids = node.input
        table_VD = numpy_helper.to_array(tables[name])
        scale_V1 = np.maximum(np.abs(table_VD).max(axis=1, keepdims=True), np.float32(1e-30)) / np.float32(127)
        integers_VD = np.rint(table_VD / scale_V1).astype(np.int8)
        for kind, array in (("integers", integers_VD), ("scale", scale_V1)):
            graph.initializer.append(numpy_helper.from_array(array, f"{name}.{kind}"))
            nodes.append(helper.make_node("Gather", [f"{name}.{kind}", ids], [f"{name}.{kind}.row"]))
        nodes.append(helper.make_node("Cast", [f"{name}.integers.row"], [f"{name}.cast"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Mul", [f"{name}.cast", f"{name}.scale.row"], [node.output[0]]))
        if not any(name in other.input for other in graph.node if other is not node):
            graph.initializer.remove(tables[name])
    del graph.node[:]
    graph.node.extend(nodes)
