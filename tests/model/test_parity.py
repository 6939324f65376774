"""The model held to other implementations of the same formulas: `torch.nn.Transformer`, and numpy."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from glassformer.model.attention import look_ahead_mask
from glassformer.model.layers import FeedForward, make_norm
from glassformer.special import PAD

from .helpers import close, make, named, sentences, small

CASES = [
    {"norm_position": position, "activation": activation}
    for position, activation in itertools.product(["post", "pre"], ["relu", "gelu"])
]


def torch_transformer(model):
    """`torch.nn.Transformer` of the same shape and weights; and which of its weights is which of ours.

    The latter as triples (ours, theirs, rows of theirs). It has no embeddings and no output layer.
    """
    config = model.config
    theirs = torch.nn.Transformer(
        config.d_model, config.num_heads, config.encoder_layers, config.decoder_layers, config.d_ff,
        dropout=0.0, activation=config.activation, layer_norm_eps=config.norm_eps,
        norm_first=config.norm_position == "pre", batch_first=True,
    ).to(model.generator.weight.dtype)  # fmt: skip
    same = [*pair_layers(model.encoder, theirs.encoder.layers), *pair_layers(model.decoder, theirs.decoder.layers)]
    if config.final_norm:
        same += [*pair(model.encoder_norm, theirs.encoder.norm), *pair(model.decoder_norm, theirs.decoder.norm)]
    else:
        theirs.encoder.norm = theirs.decoder.norm = None
    with torch.no_grad():
        for our, their, rows in same:
            their[rows] = our
    return theirs, same


def pair_layers(our_layers, their_layers):
    for ours, theirs in zip(our_layers, their_layers, strict=True):
        yield from pair_attention(ours.self_attention, theirs.self_attn)
        yield from pair(ours.self_attention_norm.norm, theirs.norm1)
        if hasattr(ours, "cross_attention"):
            yield from pair_attention(ours.cross_attention, theirs.multihead_attn)
            yield from pair(ours.cross_attention_norm.norm, theirs.norm2)
        yield from pair(ours.feed_forward.inner, theirs.linear1)
        yield from pair(ours.feed_forward.outer, theirs.linear2)
        yield from pair(ours.feed_forward_norm.norm, theirs.norm3 if hasattr(theirs, "norm3") else theirs.norm2)


def pair_attention(ours, theirs):
    width = theirs.embed_dim
    for index, linear in enumerate((ours.query, ours.key, ours.value)):
        rows = slice(index * width, (index + 1) * width)
        yield linear.weight, theirs.in_proj_weight, rows
        yield linear.bias, theirs.in_proj_bias, rows
    yield from pair(ours.output, theirs.out_proj)


def pair(ours, theirs):
    yield ours.weight, theirs.weight, slice(None)
    yield ours.bias, theirs.bias, slice(None)


def hidden_states(model, source_BS, target_BT, explicit):
    return model.decode(target_BT, model.start(model.encode(source_BS, explicit)), explicit)[0]


def their_hidden_states(model, theirs, source_BS, target_BT):
    return theirs(
        model.source_embedding(source_BS),
        model.target_embedding(target_BT),
        tgt_mask=~look_ahead_mask(target_BT.shape[1], target_BT.shape[1]),
        src_key_padding_mask=source_BS == PAD,
        tgt_key_padding_mask=target_BT == PAD,
        memory_key_padding_mask=source_BS == PAD,
    )


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
@pytest.mark.parametrize("options", CASES, ids=named)
@pytest.mark.parametrize(
    ("dtype", "explicit", "final_norm", "tolerance"),
    [
        pytest.param(torch.float32, False, True, 1e-6, id="float32 fused"),
        pytest.param(torch.float32, True, True, 1e-6, id="float32 explicit"),
        pytest.param(torch.float64, True, True, 1e-12, id="float64"),
        pytest.param(torch.float64, True, False, 1e-12, id="float64 without final norm"),
    ],
)
def test_same_outputs_and_gradients_as_torch(options, dtype, explicit, final_norm, tolerance):
    model = make(tie_embeddings=False, final_norm=final_norm, **options).to(dtype)
    theirs, same = torch_transformer(model)
    assert sum(our.numel() for our, _, _ in same) == sum(weight.numel() for weight in theirs.parameters())
    source_BS, target_BT = sentences([7, 4, 1]), sentences([5, 6, 2], seed=1)
    real_BT = target_BT != PAD
    labels_N = sentences([5, 6, 2], seed=2)[real_BT]
    only_ours = [model.source_embedding.token.weight, model.generator.weight]

    hidden_ND = hidden_states(model, source_BS, target_BT, explicit)[real_BT]
    grads = torch.autograd.grad(
        functional.cross_entropy(model.logits(hidden_ND), labels_N), only_ours + [our for our, _, _ in same]
    )
    their_hidden_ND = their_hidden_states(model, theirs, source_BS, target_BT)[real_BT]
    functional.cross_entropy(model.logits(their_hidden_ND), labels_N).backward()
    their_grads = [weight.grad for weight in only_ours] + [their.grad[rows] for _, their, rows in same]

    # Relative above 1: outputs reach 4, where float32 is 2.4e-7 coarse.
    torch.testing.assert_close(hidden_ND, their_hidden_ND, rtol=tolerance, atol=tolerance)
    for grad, their_grad in zip(grads, their_grads, strict=True):
        close(grad, their_grad, tolerance)
    assert sum(grad.abs().max() > 1e-3 for grad in their_grads) > len(grads) / 2  # there was something to compare


# What torch.nn.Transformer does not have, against the formula.

erf = np.vectorize(math.erf)
ACTIVATIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "gelu": lambda x: x * (1 + erf(x / math.sqrt(2))) / 2,
    "silu": lambda x: x / (1 + np.exp(-x)),
}
GATES = {"reglu": "relu", "geglu": "gelu", "swiglu": "silu"}


@pytest.mark.parametrize("activation", [*ACTIVATIONS, *GATES])
def test_feed_forward_formula(activation):
    torch.manual_seed(2)
    layer = FeedForward(small(activation=activation)).double()
    x_ND = torch.randn(5, 16, dtype=torch.float64) * 2
    weights = {name: weight.detach().numpy() for name, weight in layer.named_parameters()}
    inner_NF = x_ND.numpy() @ weights["inner.weight"].T + weights["inner.bias"]
    if activation in GATES:
        gate_NF = x_ND.numpy() @ weights["gate.weight"].T + weights["gate.bias"]
        hidden_NF = ACTIVATIONS[GATES[activation]](gate_NF) * inner_NF
    else:
        hidden_NF = ACTIVATIONS[activation](inner_NF)
    expected_ND = hidden_NF @ weights["outer.weight"].T + weights["outer.bias"]
    np.testing.assert_allclose(layer(x_ND).detach().numpy(), expected_ND, rtol=0, atol=1e-12)


@pytest.mark.parametrize("eps", [1e-5, 0.1])
@pytest.mark.parametrize("norm", ["layernorm", "rmsnorm"])
def test_norm_formula(norm, eps):
    torch.manual_seed(3)
    layer = make_norm(small(norm=norm, norm_eps=eps)).double()
    torch.nn.init.normal_(layer.weight)
    x_ND = torch.randn(5, 16, dtype=torch.float64) + 1
    x, gain = x_ND.numpy(), layer.weight.detach().numpy()
    if norm == "layernorm":
        torch.nn.init.normal_(layer.bias)
        centred = x - x.mean(-1, keepdims=True)
        expected = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + eps) * gain + layer.bias.detach().numpy()
    else:
        assert [name for name, _ in layer.named_parameters()] == ["weight"]
        expected = x / np.sqrt((x**2).mean(-1, keepdims=True) + eps) * gain
    np.testing.assert_allclose(layer(x_ND).detach().numpy(), expected, rtol=0, atol=1e-12)
