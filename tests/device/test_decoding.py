"""Decoding on a GPU: recorded steps translate as the eager engine does, and as the CPU does."""

import numpy as np
import pytest
import torch

from glassformer.engine import SUPPRESSED, EagerEngine, generate
from glassformer.engine.static import StaticEngine
from glassformer.model import ModelConfig, Transformer
from glassformer.search import SearchOptions
from glassformer.search.constraints import Rules
from glassformer.special import EOS
from tests.engine import test_static
from tests.engine.test_engine import SHAPES, SMALL, VOCABULARY, Stepwise, every_way, sources

# What the compiler warns of on its way is not ours.
pytestmark = [pytest.mark.device, pytest.mark.filterwarnings("ignore")]


@every_way
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_recorded_steps_translate_as_the_cpu_does(shape, options, cuda):
    """By the search on the device, and by the one that asks for each step."""
    torch.manual_seed(3)
    sizes = {"d_model": 16, "d_ff": 24, "num_heads": 4, "encoder_layers": 2, "decoder_layers": 3, "max_length": 24}
    model = Transformer(ModelConfig(vocab_size=VOCABULARY, **sizes | shape)).double().eval()
    wanted = generate(EagerEngine(model), sources(), options)
    on_gpu = model.to(cuda)
    for engine in (EagerEngine(on_gpu), StaticEngine(on_gpu), Stepwise(StaticEngine(on_gpu))):
        for _ in range(2):  # recorded, then replayed from the beginning
            found = generate(engine, sources(), options)
            assert [[one.tokens for one in each] for each in found] == [[one.tokens for one in each] for each in wanted]


def test_a_recorded_step_of_the_search_waits_for_nothing(cuda):
    """torch itself refuses what would wait; what the step says is read after the next one was asked for."""
    torch.manual_seed(3)
    engine = StaticEngine(Transformer(ModelConfig(vocab_size=VOCABULARY, **SMALL)).to(cuda).eval())
    rules = Rules(SearchOptions(beam=3), EOS, SUPPRESSED, np.empty((4, 0), dtype=np.int64))
    with torch.inference_mode():
        beam = engine._begun_beam(sources(4), [9] * 4, rules)
        for _ in range(2):  # run, then recorded
            beam.grow(SUPPRESSED)
        torch.cuda.set_sync_debug_mode("error")
        try:
            arriving = [beam.grow(SUPPRESSED) for _ in range(2)]
        finally:
            torch.cuda.set_sync_debug_mode("default")
    assert all(len(one.numbers) == 4 + 1 for one in arriving)


@pytest.mark.parametrize("vocabulary", [9, 40_000])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32], ids=str)
def test_of_equal_scores_the_lowest_id_comes_first(dtype, vocabulary, cuda):
    test_static.check_that_the_lowest_of_equal_ids_comes_first(dtype, vocabulary, cuda)


@pytest.mark.parametrize("scores", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize(("rows", "vocabulary"), [(1, 1), (3, 127), (2, 4096), (1024, 32_000), (5, 32_001)])
def test_log_sum_exp_is_that_of_float64(rows, vocabulary, scores, cuda):
    pytest.importorskip("triton", reason="NO TRITON IS HERE: log Z is torch's")
    from glassformer.engine.log_sum_exp import log_sum_exp

    torch.manual_seed(1)
    scores_NV = (50 + 20 * torch.randn(rows, vocabulary, device=cuda)).to(scores)
    found, wanted = log_sum_exp(scores_NV).double(), scores_NV.double().logsumexp(-1, keepdim=True)
    assert torch.allclose(found, wanted, rtol=1e-6, atol=0)
    scores_NV[:, : vocabulary // 2] = -torch.inf
    scores_NV[0, -1] = torch.nan  # which no maximum may hide
    found, wanted = log_sum_exp(scores_NV).double(), scores_NV.double().logsumexp(-1, keepdim=True)
    assert torch.allclose(found, wanted, rtol=1e-6, atol=0, equal_nan=True)
