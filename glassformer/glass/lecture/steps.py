"""The steps of the worked example, in float64, each through the module that the model runs.

Axes: S source tokens, T target tokens, D d_model, H heads, K head width; B and 1 are a batch of one.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from glassformer.glass.graph import score_scale
from glassformer.glass.lecture.recorder import Recorder
from glassformer.glass.ops.mask import FUTURE
from glassformer.glass.ops.positions import position
from glassformer.model import ModelConfig
from glassformer.model.attention import Mask, MultiHeadAttention, Scores, Softmax, WeightedSum, look_ahead_mask
from glassformer.model.layers import AddNorm, FeedForward
from glassformer.model.observe import observed
from glassformer.model.positions import BASE, Positions

HEADS = 2  # of the multi-head stop, which is ours: the lecture computes one head
QUERY_KEY = ("query", "key")


def config_of(d_model: int, d_ff: int, heads: int = 1) -> ModelConfig:
    """The lecture's conventions: post-norm, no biases, an embedding that is not scaled."""
    return ModelConfig(
        vocab_size=4, d_model=d_model, num_heads=heads, d_ff=d_ff, dropout=0.0, bias=False, embedding_scale=False
    )


def add_positions(record: Recorder, x_SD: Tensor) -> Tensor:
    """X + PE: PE from its formula, since the model's own table is in float32."""
    axes, width = ("source", "d_model"), x_SD.shape[1]
    attributes = {"base": BASE, "layout": "interleaved", "start": 0, "width": width}
    rows = [[position(attributes, place, column) for column in range(width)] for place in range(len(x_SD))]
    pe_SD = torch.tensor(rows, dtype=x_SD.dtype)
    record.add("embedding", "parameter", axes, x_SD, "X")
    record.add("positions", "positions", axes, pe_SD, "PE", attributes=attributes)
    sum_SD = Positions(pe_SD, learned=False)(x_SD[None])[0]
    return record.add("input", "add", axes, sum_SD, "X+PE", {"a": "embedding", "b": "positions"})


def attend(record: Recorder, config: ModelConfig, x_SD: Tensor, inputs: Mapping[str, Tensor]) -> Tensor:
    """Q, K, V to add & norm, with one head."""
    outputs = _attention(config, x_SD, inputs)
    for letter, step in (("Q", "query"), ("K", "key"), ("V", "value")):
        weight = f"W_{letter}"
        record.add(weight, "parameter", ("d_model", "d_k"), inputs[weight], weight)
        record.add(letter, "matmul", ("source", "d_k"), outputs[step], letter, {"a": "input", "b": weight})
    only = {name: values[0] for name, values in outputs.items()}  # the one head
    _scores_to_sum(record, config, only, ("Q", "K", "V"), "", (), "d_k", "attention")
    return _add_norm(record, config, x_SD, only["weighted_sum"], "input", "attention")


def attend_by_heads(record: Recorder, config: ModelConfig, x_SD: Tensor, inputs: Mapping[str, Tensor]) -> None:
    """The same Q, K and V, cut into two heads."""
    config = config_of(config.d_model, config.d_ff, HEADS)
    outputs = _attention(config, x_SD, inputs)
    cut, names = ("head", "source", "head_width"), []
    for letter, step in (("Q", "query"), ("K", "key"), ("V", "value")):
        names.append(f"heads.{step}_heads")
        record.add(names[-1], "split_heads", cut, outputs[letter], letter, {"x": letter}, {"heads": HEADS})
    _scores_to_sum(record, config, outputs, names, "heads.", ("head",), "head_width", "heads.heads")
    record.add("heads.merged", "merge_heads", ("source", "d_model"), outputs["output"], "[Z₁ Z₂]", {"x": "heads.heads"})


def _attention(config: ModelConfig, x_SD: Tensor, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The output of each step of the model's attention by submodule, and Q, K and V by heads; W_O is the identity."""
    attention = MultiHeadAttention(config).to(x_SD.dtype)
    for linear, name in ((attention.query, "W_Q"), (attention.key, "W_K"), (attention.value, "W_V")):
        linear.weight.copy_(inputs[name].T)  # x W is x @ weight.T
    nn.init.eye_(attention.output.weight)
    mask, x_BSD = torch.ones(1, len(x_SD), dtype=torch.bool), x_SD[None]
    steps = ("query", "key", "value", "scores", "scale", "softmax", "weighted_sum", "output")
    with observed(attention, steps) as calls:
        attention(x_BSD, attention.keys_values(x_BSD), mask, explicit=True)
    q_BHSK, k_BHSK = calls["scores"].inputs
    heads = {"Q": q_BHSK[0], "K": k_BHSK[0], "V": calls["weighted_sum"].inputs[1][0]}
    return {name: call.output[0] for name, call in calls.items()} | heads


def _scores_to_sum(
    record: Recorder,
    config: ModelConfig,
    outputs: Mapping[str, Tensor],
    qkv: Sequence[str],
    prefix: str,
    head: tuple[str, ...],
    width: str,
    result: str,
) -> None:
    """softmax(Q K^T / sqrt(d_k)) V, step by step, of the tensors named `qkv`."""
    (q, k, v), axes, roles = qkv, (*head, "source", "source"), (*head, *QUERY_KEY)
    scores, scaled, weights = (f"{prefix}{name}" for name in ("scores", "scaled", "weights"))
    record.add(scores, "matmul_transposed", axes, outputs["scores"], "QKᵀ", {"a": q, "b": k}, roles=roles)
    record.add(scaled, "scale", axes, outputs["scale"], "QKᵀ/√d_k", {"x": scores}, score_scale(config), roles)
    record.add(weights, "softmax", axes, outputs["softmax"], "A", {"x": scaled}, roles=roles)
    record.add(result, "matmul", (*head, "source", width), outputs["weighted_sum"], "A V", {"a": weights, "b": v})


def _add_norm(
    record: Recorder, config: ModelConfig, x_SD: Tensor, f_SD: Tensor, x: str, f: str, prefix: str = "", index: str = ""
) -> Tensor:
    """norm(x + f) of the tensors named `x` and `f`, of which f is a sublayer's output."""
    axes, add_norm = ("source", "d_model"), AddNorm(config).to(x_SD.dtype)
    with observed(add_norm, ["residual"]) as calls:
        n_SD = add_norm(x_SD, f_SD)
    total, norm = f"{prefix}add", f"{prefix}norm"
    record.add(total, "add", axes, calls["residual"].output, f"R{index}", {"a": x, "b": f})
    return record.add(norm, "layernorm", axes, n_SD, f"N{index}", {"x": total}, {"eps": config.norm_eps})


def feed_forward(record: Recorder, config: ModelConfig, n_SD: Tensor, inputs: Mapping[str, Tensor]) -> None:
    """max(0, x W_1) W_2 of what add & norm gave, and the second add & norm, with which an encoder layer ends."""
    network = FeedForward(config).to(n_SD.dtype)
    for linear, name in ((network.inner, "W_1"), (network.outer, "W_2")):
        linear.weight.copy_(inputs[f"feed_forward.{name}"].T)
    with observed(network, ["inner", "activation", "outer"]) as calls:
        network(n_SD)
    inner, narrow = ("source", "d_ff"), ("source", "d_model")
    record.add("feed_forward.W_1", "parameter", ("d_model", "d_ff"), inputs["feed_forward.W_1"], "W₁")
    operands = {"a": "norm", "b": "feed_forward.W_1"}
    record.add("feed_forward.inner", "matmul", inner, calls["inner"].output, "H", operands)
    operands = {"x": "feed_forward.inner"}
    record.add("feed_forward.activation", "relu", inner, calls["activation"].output, "F", operands)
    record.add("feed_forward.W_2", "parameter", ("d_ff", "d_model"), inputs["feed_forward.W_2"], "W₂")
    operands = {"a": "feed_forward.activation", "b": "feed_forward.W_2"}
    record.add("feed_forward.outer", "matmul", narrow, calls["outer"].output, "Y", operands)
    _add_norm(record, config, n_SD, calls["outer"].output, "norm", "feed_forward.outer", "feed_forward.", "₂")


def attend_masked(record: Recorder, scores_TT: Tensor) -> None:
    """Scores of words that see themselves and what is before them."""
    axes = ("masked_word", "masked_word")
    visible_TT = look_ahead_mask(*scores_TT.shape)
    masked_TT = Mask()(scores_TT, visible_TT)
    record.add("masked.scores", "input", axes, scores_TT, "S", roles=QUERY_KEY)
    record.add("masked.mask", "input", axes, ~visible_TT * FUTURE, "mask", roles=QUERY_KEY, dtype="uint8")
    operands = {"x": "masked.scores", "mask": "masked.mask"}
    record.add("masked.masked", "mask", axes, masked_TT, "M", operands, roles=QUERY_KEY)
    weights_TT = Softmax()(masked_TT, visible_TT)
    record.add("masked.weights", "softmax", axes, weights_TT, "A", {"x": "masked.masked"}, roles=QUERY_KEY)


def attend_across(record: Recorder, output_SD: Tensor, state_TD: Tensor) -> None:
    """Queries from the decoder, keys and values from the encoder; no projections and no scaling, as printed."""
    width, axes = "cross_width", ("decoder_word", "encoder_word")
    scores_TS = Scores()(state_TD, output_SD)
    weights_TS = Softmax()(scores_TS, torch.ones_like(scores_TS, dtype=torch.bool))
    record.add("cross.encoder_output", "input", ("encoder_word", width), output_SD, "K = V")
    record.add("cross.decoder_state", "input", ("decoder_word", width), state_TD, "Q")
    operands = {"a": "cross.decoder_state", "b": "cross.encoder_output"}
    record.add("cross.scores", "matmul_transposed", axes, scores_TS, "QKᵀ", operands, roles=QUERY_KEY)
    record.add("cross.weights", "softmax", axes, weights_TS, "A", {"x": "cross.scores"}, roles=QUERY_KEY)
    operands = {"a": "cross.weights", "b": "cross.encoder_output"}
    record.add("cross.output", "matmul", ("decoder_word", width), WeightedSum()(weights_TS, output_SD), "A V", operands)
