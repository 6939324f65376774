"""A step's operations, held to those that torch counts."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from glassformer.model import ModelConfig, Transformer
from glassformer.training.update import precision, utilisation
from glassformer.training.update.objective import Objective
from glassformer.training.update.utilisation import step_flops


@pytest.mark.parametrize("activation", ["relu", "swiglu"])
def test_operations_of_a_step_same_as_torch_counts(activation):
    """Without padding; attention's products of two activations are left out."""
    config = ModelConfig(
        vocab_size=50, d_model=16, d_ff=32, num_heads=2, encoder_layers=2, decoder_layers=3, activation=activation
    )
    model = Transformer(config).train()
    pairs, source, target = 3, 5, 7
    ids = [torch.randint(4, 50, (pairs, length)) for length in (source, target)]
    with FlopCounterMode(display=False) as counter:
        Objective(model, 0.1)(*ids).backward()
    of_weights = {torch.ops.aten.mm, torch.ops.aten.addmm}
    counted = sum(flops for op, flops in counter.get_flop_counts()["Global"].items() if op in of_weights)
    assert counted == step_flops(model, pairs * source, pairs * target)


def test_the_peak_is_of_random_numbers_that_training_does_not_draw(monkeypatch):
    """The product that is timed has many different numbers; what dropout will draw stays."""
    timed = []

    def seconds_of(work, device):
        timed.append(work())
        return 2.0

    monkeypatch.setattr(utilisation, "seconds_of", seconds_of)
    utilisation.peak_flops.cache_clear()
    state = torch.get_rng_state()
    assert utilisation.peak_flops("float32", torch.device("cpu")) == 2 * 1024**3 / 2.0
    assert torch.get_rng_state().equal(state)
    assert len(timed[0].unique()) > 1_000_000 * 0.9
    utilisation.peak_flops.cache_clear()


@pytest.mark.parametrize(
    ("seconds", "chosen"),
    [
        ({"float32": 3.0, "bfloat16": 1.0}, "bfloat16"),
        ({"float32": 1.0, "bfloat16": 3.0}, "float32"),
        ({"float32": 1.09, "bfloat16": 1.0}, "float32"),  # it has to earn its rounding
    ],
)
def test_the_faster_format_is_chosen(monkeypatch, seconds, chosen):
    monkeypatch.setattr(precision, "seconds_of", lambda work, device: work())
    assert precision.faster_precision(seconds.__getitem__, torch.device("cpu")) == chosen
