"""The config: what it settles, what it refuses, and the presets."""

import dataclasses

import pytest

from glassformer.errors import UsageError
from glassformer.model import PRESETS, ModelConfig, preset

from .helpers import SHAPES


def test_there_are_the_presets_asked_for_and_no_others():
    assert set(PRESETS) == set(SHAPES)


@pytest.mark.parametrize("name", SHAPES)
def test_shape_of_a_preset(name):
    config = ModelConfig(vocab_size=1000, **preset(name))
    assert (config.encoder_layers, config.decoder_layers, config.d_model, config.d_ff, config.num_heads) == SHAPES[name]


def test_base_is_the_paper_s_and_so_are_the_defaults():
    config = ModelConfig(vocab_size=1000)
    assert config == ModelConfig(vocab_size=1000, **preset("base"))
    assert (config.dropout, config.activation, config.norm, config.norm_position) == (0.1, "relu", "layernorm", "post")
    assert (config.positions, config.position_layout) == ("sinusoidal", "interleaved")
    assert config.head_width == 64
    assert ModelConfig(vocab_size=1000, **preset("big")).dropout == 0.3  # table 3
    assert ModelConfig(vocab_size=1000, **preset("tiny")).dropout == 0.3  # Wu et al. 2021


def test_a_preset_is_a_copy():
    preset("tiny")["d_model"] = 1
    assert preset("tiny")["d_model"] == 128


@pytest.mark.parametrize(
    ("wrong", "right"), [("bas", "base"), ("Big", "big"), ("deep_shallow", "deep-shallow"), ("tinny", "tiny")]
)
def test_an_unknown_preset_is_answered_with_the_nearest(wrong, right):
    with pytest.raises(UsageError, match=f"'{wrong}'.*did you mean '{right}'"):
        preset(wrong)


def test_a_preset_unlike_any_is_answered_with_all():
    with pytest.raises(UsageError) as caught:
        preset("xyzzy")
    assert all(name in str(caught.value) for name in SHAPES)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"vocab_size": 0}, ["vocab_size = 0"]),
        ({"source_vocab_size": 0}, ["source_vocab_size = 0"]),
        ({"d_model": 0}, ["d_model = 0"]),
        ({"num_heads": 0}, ["num_heads = 0"]),
        ({"num_heads": -8}, ["num_heads = -8"]),
        ({"num_kv_heads": 0}, ["num_kv_heads = 0"]),
        ({"num_kv_heads": -1}, ["num_kv_heads = -1"]),
        ({"encoder_layers": 0}, ["encoder_layers = 0"]),
        ({"decoder_layers": 0}, ["decoder_layers = 0"]),
        ({"d_ff": 0}, ["d_ff = 0"]),
        ({"max_length": 0}, ["max_length = 0"]),
        ({"num_heads": 7}, ["num_heads = 7", "d_model = 512"]),
        ({"num_kv_heads": 3}, ["num_kv_heads = 3", "num_heads = 8"]),
        ({"num_kv_heads": 16}, ["num_kv_heads = 16", "num_heads = 8"]),
        ({"dropout": 1.0}, ["dropout = 1.0"]),
        ({"dropout": -0.1}, ["dropout = -0.1"]),
        ({"dropout": float("nan")}, ["dropout = nan"]),
        ({"norm_eps": 0.0}, ["norm_eps = 0.0"]),
        ({"d_model": 15, "num_heads": 3}, ["sinusoidal", "d_model", "15"]),
        ({"d_model": 24, "num_heads": 8, "positions": "rotary"}, ["rotary", "head width", "3"]),
        ({"d_model": 2, "num_heads": 1, "position_exponent": "tensor2tensor"}, ["tensor2tensor", "4"]),
        ({"first_position": -1}, ["first_position = -1"]),
        ({"first_position": 2, "positions": "learned"}, ["first_position = 2", "learned"]),
        ({"decoder_start_id": 100}, ["decoder_start_id = 100"]),
        ({"decoder_start_id": -1}, ["decoder_start_id = -1"]),
    ],
)
def test_a_contradiction_is_refused_by_name(options, words):
    with pytest.raises(UsageError) as caught:
        ModelConfig(**{"vocab_size": 100} | options)
    assert all(word in str(caught.value) for word in words)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"d_model": 15, "num_heads": 3, "positions": "learned"},  # only waves come in pairs
        {"d_model": 24, "num_heads": 8},
        {"dropout": 0.0},
        {"decoder_start_id": 0},
        {"decoder_start_id": 99},
        {"num_kv_heads": 8},
    ],
)
def test_what_only_looks_wrong_is_admitted(options):
    config = ModelConfig(**{"vocab_size": 100} | options)
    assert all(getattr(config, name) == value for name, value in options.items())


@pytest.mark.parametrize(
    "field", ["activation", "norm", "norm_position", "positions", "position_layout", "position_exponent"]
)
def test_a_name_that_is_no_choice_is_refused(field):
    with pytest.raises(UsageError, match=field):
        ModelConfig(vocab_size=100, **{field: "nonsense"})


@pytest.mark.parametrize(
    ("given", "settled"),
    [
        ({}, {"num_kv_heads": 8, "final_norm": False}),
        ({"norm_position": "pre"}, {"num_kv_heads": 8, "final_norm": True}),
        ({"norm_position": "pre", "final_norm": False}, {"final_norm": False}),
        ({"final_norm": True, "num_kv_heads": 2}, {"final_norm": True, "num_kv_heads": 2}),
    ],
)
def test_what_follows_from_the_rest_is_settled(given, settled):
    config = ModelConfig(vocab_size=100, **given)
    assert {name: getattr(config, name) for name in settled} == settled
    assert config.kv_heads == config.num_kv_heads
    assert ModelConfig(**dataclasses.asdict(config)) == config  # config.json says it all


def test_a_config_does_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ModelConfig(vocab_size=100).d_model = 1
