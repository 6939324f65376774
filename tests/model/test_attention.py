"""Masks, the two kernels, and heads that share keys and values."""

import dataclasses
import itertools
import typing

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from glassformer.model import ModelConfig, Transformer
from glassformer.model.attention import MultiHeadAttention, look_ahead_mask, padding_mask
from glassformer.model.cache import KeysValues
from glassformer.model.observe import observed
from glassformer.special import BOS, EOS, PAD, UNK

from .helpers import close, make, named, sentences, small

# Masks


def test_look_ahead_mask_is_aligned_to_the_end():
    """4 queries over 6 keys, 2 of them cached: query 0 sees keys 0 to 2."""
    assert look_ahead_mask(4, 6).tolist() == [
        [True, True, True, False, False, False],
        [True, True, True, True, False, False],
        [True, True, True, True, True, False],
        [True, True, True, True, True, True],
    ]


@given(queries=st.integers(1, 9), cached=st.integers(0, 9))
def test_look_ahead_mask_shows_the_past_and_the_present(queries, cached):
    mask_TS = look_ahead_mask(queries, cached + queries)
    for query, row in enumerate(mask_TS.tolist()):
        assert row == [key <= cached + query for key in range(cached + queries)]


def test_padding_mask_hides_padding_and_no_other_control_token():
    mask = padding_mask(torch.tensor([[BOS, UNK, 7, EOS], [9, EOS, PAD, PAD]]))
    assert mask.shape == (2, 1, 1, 4)
    assert mask[:, 0, 0].tolist() == [[True, True, True, True], [True, True, False, False]]


# Two kernels, one function. Shapes aside, every field of the config is varied here.

SHAPE = {"vocab_size", "d_model", "num_heads", "encoder_layers", "decoder_layers", "d_ff"}
HINTS = typing.get_type_hints(ModelConfig)
NAMED_CHOICES = [
    {name: choice}
    for name, hint in HINTS.items()
    if typing.get_origin(hint) is typing.Literal
    for choice in typing.get_args(hint)
]
OTHERS = [
    {"source_vocab_size": 17},
    {"num_kv_heads": 1},
    {"num_kv_heads": 2},
    {"num_heads": 1},
    {"dropout": 0.3},
    {"norm_eps": 0.1},
    {"final_norm": True},
    {"final_norm": False},
    {"max_length": 7},
    {"embedding_scale": False},
    {"embedding_norm": True},
    {"first_position": 2},
    {"tie_embeddings": False},
    {"bias": False},
    {"output_bias": True},
    {"decoder_start_id": PAD},
]
COMBINED = [
    {"norm_position": position, "positions": positions, "num_kv_heads": kv_heads, "norm": norm}
    for position, positions, kv_heads, norm in itertools.product(
        ["post", "pre"], ["sinusoidal", "learned", "rotary"], [1, 4], ["layernorm", "rmsnorm"]
    )
]


def test_every_option_is_among_the_cases():
    varied = {name for options in NAMED_CHOICES + OTHERS for name in options}
    assert varied | SHAPE == {field.name for field in dataclasses.fields(ModelConfig)}


@pytest.mark.parametrize("options", NAMED_CHOICES + OTHERS + COMBINED, ids=named)
def test_both_kernels_agree_for_every_option(options, monkeypatch):
    monkeypatch.setattr("glassformer.model.attention.EXPLICIT_KEYS", {})  # else training takes the explicit one anyway
    model = make(**options).train()  # so that dropout counts; it draws the same numbers for both
    source_BS, target_BT = sentences([7, 3]), sentences([4, 6], seed=1)
    results = []
    for explicit in (False, True):
        torch.manual_seed(5)
        model.zero_grad()
        logits = model(source_BS, target_BT, explicit)
        logits.sin().mean().backward()  # some loss
        results.append((logits, [weight.grad.clone() for weight in model.parameters()]))
    (fused, fused_grads), (explicit, explicit_grads) = results
    close(fused, explicit, 1e-5)
    for one, other in zip(fused_grads, explicit_grads, strict=True):
        close(one, other, 1e-5)


@pytest.mark.parametrize(
    "keys, dtype, learning, explicit",
    [
        (64, torch.float32, True, True),
        (65, torch.float32, True, False),
        (64, torch.float32, False, False),
        (256, torch.bfloat16, True, True),
        (3, torch.float64, True, False),
    ],
)
def test_training_goes_the_explicit_way_where_that_is_faster(keys, dtype, learning, explicit):
    attention, called = MultiHeadAttention(small()).to(dtype), []
    attention.softmax.register_forward_hook(lambda *_: called.append(True))
    y_BSD = torch.randn(2, keys, 16, dtype=dtype)
    with torch.set_grad_enabled(learning):
        attention(y_BSD, attention.keys_values(y_BSD), torch.ones(1, keys, dtype=torch.bool))
    assert bool(called) is explicit


@pytest.mark.parametrize("keys", [3, 256, 257])  # up to 256 the CPU goes the explicit way, then the fused one
def test_bfloat16_is_float32_rounded(keys):
    """Outputs and gradients differ by no more than bfloat16's 8 bits, a few times over."""
    torch.manual_seed(0)
    attention = MultiHeadAttention(small())
    y_BSD = torch.randn(2, keys, 16, requires_grad=True)
    mask = torch.ones(2, 1, 1, keys, dtype=torch.bool)
    mask[0, ..., -1] = False

    def both():
        result = attention(y_BSD, attention.keys_values(y_BSD), mask).float()
        return result.detach(), torch.autograd.grad(result.sin().sum(), [y_BSD, *attention.parameters()])

    exact, exact_gradients = both()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded, gradients = both()
    assert not rounded.equal(exact)
    scale = max(gradient.norm() for gradient in exact_gradients)  # those of the keys' biases are zero but for rounding
    for one, other in zip((rounded, *gradients), (exact, *exact_gradients), strict=True):
        assert (one - other).norm() <= 2**-6 * max(other.norm(), 2**-3 * scale)


@pytest.fixture
def attention():
    torch.manual_seed(0)
    return MultiHeadAttention(small(num_kv_heads=2))


@pytest.mark.parametrize("explicit", [False, True], ids=["fused", "explicit"])
def test_a_row_that_may_attend_to_nothing_gives_zeros(attention, explicit):
    x_BTD = torch.randn(2, 5, 16, requires_grad=True)
    mask = torch.ones(2, 1, 5, 5, dtype=torch.bool).tril()
    mask[0, 0, 3] = mask[1] = False
    attention.output.bias.data.normal_()
    with torch.autograd.set_detect_anomaly(True):  # no NaN on the way either
        result = attention(x_BTD, attention.keys_values(x_BTD), mask, explicit=explicit)
    nothing = ~mask[:, 0].any(-1)
    assert nothing.sum() == 6
    assert result[nothing].equal(attention.output.bias.expand(6, -1))  # zeros before the projection
    assert (result[~nothing] - attention.output.bias).abs().min() > 0

    with torch.autograd.set_detect_anomaly(True):
        result.square().sum().backward()
    assert all(weight.grad.isfinite().all() for weight in attention.parameters())
    assert x_BTD.grad.isfinite().all()
    assert not x_BTD.grad[1].any()  # nothing was read of the second sentence
    assert x_BTD.grad[0, 0].any()


@pytest.mark.parametrize("explicit", [False, True], ids=["fused", "explicit"])
@pytest.mark.parametrize("norm_position", ["post", "pre"])
def test_a_sentence_of_padding_alone_stays_a_number(norm_position, explicit):
    model = make(norm_position=norm_position)
    source_BS = torch.stack([sentences([4])[0], torch.full((4,), PAD)])
    logits = model(source_BS, sentences([3, 3]), explicit)
    assert logits.isfinite().all()
    logits.sum().backward()
    assert all(weight.grad.isfinite().all() for weight in model.parameters())


@given(
    seen=st.lists(st.booleans(), min_size=25, max_size=25),
    queries=st.integers(1, 5),
    keys=st.integers(1, 5),
    loudness=st.sampled_from([0.1, 1.0, 30.0]),
)
def test_weights_are_a_distribution_over_what_may_be_seen(seen, queries, keys, loudness):
    mask_TS = torch.tensor(seen).view(5, 5)[:queries, :keys]
    torch.manual_seed(0)
    attention = MultiHeadAttention(small())
    x_BTD, y_BSD = torch.randn(1, queries, 16) * loudness, torch.randn(1, keys, 16) * loudness
    with observed(attention, ["softmax"]) as calls:
        attention(x_BTD, attention.keys_values(y_BSD), mask_TS, explicit=True)
    weights_BHTS = calls["softmax"].output
    assert weights_BHTS.shape == (1, 4, queries, keys)
    assert (weights_BHTS >= 0).all()
    assert not weights_BHTS[..., ~mask_TS].any()
    close(weights_BHTS.sum(-1), mask_TS.any(-1).float().expand(1, 4, queries), 1e-6)


@pytest.mark.parametrize("explicit", [False, True], ids=["fused", "explicit"])
@pytest.mark.parametrize("kv_heads", [1, 2])
def test_shared_keys_and_values_equal_repeated_ones(kv_heads, explicit):
    torch.manual_seed(0)
    shared = MultiHeadAttention(small(num_kv_heads=kv_heads))
    full = MultiHeadAttention(small())
    weights = shared.state_dict()
    for name in ("key.weight", "key.bias", "value.weight", "value.bias"):
        heads = weights[name].unflatten(0, (kv_heads, 4))
        weights[name] = torch.cat([heads[head * kv_heads // 4] for head in range(4)])
    full.load_state_dict(weights)
    x_BTD = torch.randn(2, 5, 16)
    mask_TS = look_ahead_mask(5, 5)
    results = [one(x_BTD, one.keys_values(x_BTD), mask_TS, explicit=explicit) for one in (shared, full)]
    close(*results, 1e-6)
    assert shared.keys_values(x_BTD).keys_BGSK.shape == (2, kv_heads, 5, 4)  # what the cache saves


def test_heads_are_consecutive_columns():
    """One head alone, computed from its columns, and the rest of the output left out."""
    torch.manual_seed(0)
    attention = MultiHeadAttention(small()).double()
    x_TD = torch.randn(5, 16, dtype=torch.float64)
    columns = slice(8, 12)  # the third of four
    q, k, v = (part(x_TD)[:, columns] for part in (attention.query, attention.key, attention.value))
    head_TK = ((q @ k.T) / 4**0.5).softmax(-1) @ v
    with torch.no_grad():
        attention.output.weight[:, :8] = attention.output.weight[:, 12:] = 0
        expected = head_TK @ attention.output.weight[:, columns].T + attention.output.bias
    mask = torch.ones(5, 5, dtype=torch.bool)
    close(attention(x_TD[None], attention.keys_values(x_TD[None]), mask, explicit=True)[0], expected, 1e-12)


# The cache's values


def test_keys_and_values_append_and_select():
    first = KeysValues(torch.arange(4.0).view(2, 1, 2, 1), torch.arange(4.0, 8).view(2, 1, 2, 1))
    second = KeysValues(torch.tensor([10.0, 11]).view(2, 1, 1, 1), torch.tensor([12.0, 13]).view(2, 1, 1, 1))
    both = first.append(second)
    assert (first.length, second.length, both.length) == (2, 1, 3)
    assert both.keys_BGSK.flatten(1).tolist() == [[0, 1, 10], [2, 3, 11]]
    assert both.values_BGSK.flatten(1).tolist() == [[4, 5, 12], [6, 7, 13]]
    assert both.select(torch.tensor([1, 1, 0])).keys_BGSK.flatten(1).tolist() == [[2, 3, 11], [2, 3, 11], [0, 1, 10]]


# Observing


def snapshot(model: Transformer):
    """Every attribute, weight, buffer and hook of every submodule, by identity."""
    found = []
    for name, module in model.named_modules():
        for key, value in vars(module).items():
            inner = [(k, id(v)) for k, v in value.items()] if isinstance(value, dict) else id(value)
            found.append((name, key, inner))
    return found


def test_nothing_is_stored_on_a_module():
    model = make(positions="rotary")
    before = snapshot(model)
    with observed(model, ["decoder.0.cross_attention.softmax"]) as calls:
        assert snapshot(model) != before  # the hook: a snapshot sees such things
        logits = model(sentences([5, 2]), sentences([3, 4]), explicit=True)
    assert calls["decoder.0.cross_attention.softmax"].output.shape == (2, 4, 4, 5)
    model.decode(sentences([3, 4]), model.start(model.encode(sentences([5, 2]))), explicit=True)
    assert snapshot(model) == before
    assert logits.shape == (2, 4, 13)


def test_hooks_go_when_the_block_fails():
    model = make()
    before = snapshot(model)
    with pytest.raises(ZeroDivisionError), observed(model, ["encoder.0", "generator"]):
        raise ZeroDivisionError
    assert snapshot(model) == before
