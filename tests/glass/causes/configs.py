"""The configurations that causes are tested for: of each option of the model at least one."""

import pytest

from tests.model.helpers import named

CONFIGS = [
    {},
    {"norm_position": "pre"},
    {"positions": "rotary", "norm": "rmsnorm", "activation": "swiglu", "bias": False},
    {"positions": "learned", "activation": "gelu", "embedding_scale": False, "norm_position": "pre"},
    {"num_kv_heads": 2, "activation": "silu", "final_norm": True},
    {"num_kv_heads": 1, "positions": "rotary", "activation": "geglu", "norm_position": "pre", "embedding_scale": False},
    {"source_vocab_size": 273, "tie_embeddings": False, "norm": "rmsnorm", "norm_position": "pre", "final_norm": False,
     "output_bias": True, "decoder_layers": 3, "encoder_layers": 1},
]  # fmt: skip
every_config = pytest.mark.parametrize("options", CONFIGS, ids=named)
