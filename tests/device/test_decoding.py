"""Decoding on a GPU: recorded steps translate as the eager engine does, and as the CPU does."""

import pytest
import torch

from glassformer.engine import EagerEngine, generate
from glassformer.engine.static import StaticEngine
from glassformer.model import ModelConfig, Transformer
from tests.engine.test_engine import SHAPES, VOCABULARY, every_way, sources

# What the compiler warns of on its way is not ours.
pytestmark = [pytest.mark.device, pytest.mark.filterwarnings("ignore")]


@every_way
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_recorded_steps_translate_as_the_cpu_does(shape, options, cuda):
    torch.manual_seed(3)
    sizes = {"d_model": 16, "d_ff": 24, "num_heads": 4, "encoder_layers": 2, "decoder_layers": 3, "max_length": 24}
    model = Transformer(ModelConfig(vocab_size=VOCABULARY, **sizes | shape)).double().eval()
    wanted = generate(EagerEngine(model), sources(), options)
    on_gpu = model.to(cuda)
    for engine in (EagerEngine(on_gpu), StaticEngine(on_gpu)):
        for _ in range(2):  # recorded, then replayed from the beginning
            found = generate(engine, sources(), options)
            assert [[one.tokens for one in each] for each in found] == [[one.tokens for one in each] for each in wanted]
