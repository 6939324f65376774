"""The shapes that a config implies are those of the model that is built from it."""

from itertools import product

import pytest

from glassformer.model import PRESETS, ModelConfig, Transformer, preset
from glassformer.model.shapes import num_parameters, parameter_shapes

CHOICES = [
    {"activation": "relu"}, {"activation": "swiglu"}, {"norm": "rmsnorm"}, {"bias": False}, {"num_kv_heads": 1},
    {"positions": "learned"}, {"positions": "rotary"}, {"norm_position": "pre"}, {"final_norm": True},
    {"embedding_norm": True, "positions": "learned"}, {"embedding_norm": True, "norm": "rmsnorm"},
    {"source_vocab_size": 7}, {"encoder_layers": 3, "decoder_layers": 1},
]  # fmt: skip


def shapes_of(config):
    return {name: tuple(parameter.shape) for name, parameter in Transformer(config).named_parameters()}


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_shapes_are_those_of_the_model(choice):
    for tied, output_bias in product((True, False), (True, False)):
        small = {"vocab_size": 11, "d_model": 8, "num_heads": 2, "d_ff": 12, "max_length": 5, "encoder_layers": 1}
        config = ModelConfig(
            **small | {"decoder_layers": 2, "tie_embeddings": tied, "output_bias": output_bias} | choice
        )
        assert parameter_shapes(config) == shapes_of(config)


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "big"])
def test_presets(name):
    config = ModelConfig(**preset(name) | {"vocab_size": 300})
    assert parameter_shapes(config) == shapes_of(config)
    assert num_parameters(config) == Transformer(config).num_parameters
