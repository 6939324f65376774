"""Eight-bit linear maps: what is rounded, how far it may be off, and that the model around them stays the model."""

import numpy as np
import pytest
import torch
from torch import nn

from glassformer.engine import EagerEngine, generate
from glassformer.model.int8 import Int8Linear, quantized
from glassformer.model.quantization import quantize_rows
from glassformer.search import SearchOptions

from .helpers import make


def linear(inputs, outputs, bias=True, seed=1):
    torch.manual_seed(seed)
    return nn.Linear(inputs, outputs, bias=bias)


def rounded(module):
    return Int8Linear(quantize_rows(module.weight.detach().numpy()), module.bias)


def test_a_row_by_hand():
    """max 2.54 is 127, so the scale is 0.02: -0.06 is -3 of it, 0.031 nearly 2, 0.009 nearly 0."""
    found = quantize_rows(np.array([[2.54, -0.06, 0.031, 0.009], [0, 0, 0, 0], [-5e-4, 0, 0, 0]], dtype=np.float32))
    assert found.integers.tolist() == [[127, -3, 2, 0], [0, 0, 0, 0], [-127, 0, 0, 0]]
    assert found.scales.tolist() == pytest.approx([0.02, 0, 5e-4 / 127], abs=1e-9)
    assert found.floats()[0].tolist() == pytest.approx([2.54, -0.06, 0.04, 0])


def test_halves_are_rounded_to_the_even_side():
    found = quantize_rows(np.array([[127, 0.5, 1.5, 2.5, -0.5, -1.5]], dtype=np.float32))
    assert found.integers.tolist() == [[127, 0, 2, 2, 0, -2]]


def test_no_number_is_off_by_more_than_half_a_step():
    matrix = np.random.default_rng(1).standard_normal((40, 30)).astype(np.float32)
    found = quantize_rows(matrix)
    assert (np.abs(found.floats() - matrix) <= 0.5001 * found.scales[:, None]).all()
    assert np.abs(found.integers).max(axis=1).tolist() == [127] * 40


@pytest.mark.parametrize("bias", [True, False])
def test_the_product_is_the_integers_times_the_scales(bias):
    """Against Python's integers and numpy's float64."""
    module = linear(33, 17, bias)
    x = torch.randn(5, 33)
    weight, rows = quantize_rows(module.weight.detach().numpy()), quantize_rows(x.numpy())
    sums = rows.integers.astype(int) @ weight.integers.astype(int).T
    expected = sums * np.outer(rows.scales.astype(float), weight.scales.astype(float))
    expected += module.bias.detach().numpy() if bias else 0
    np.testing.assert_allclose(rounded(module)(x).detach(), expected, rtol=1e-5, atol=1e-6)


def test_it_is_close_to_the_exact_product():
    """Rounding errors of both sides are at most half a step each and independent: a few thousandths of y's size."""
    module = linear(256, 64)
    x = torch.randn(50, 256)
    exact, found = module(x), rounded(module)(x)
    error = (found - exact).square().mean().sqrt() / exact.square().mean().sqrt()
    assert 1e-3 < error < 2e-2


def test_a_row_does_not_depend_on_its_neighbours():
    module = rounded(linear(64, 32))
    x = torch.randn(3, 64) * torch.tensor([[1.0], [1e-4], [100.0]])
    assert torch.equal(module(x)[1], module(x[1:2])[0])


def test_a_row_of_zeros_gives_the_bias():
    module = linear(8, 4)
    assert torch.equal(rounded(module)(torch.zeros(2, 8)), module.bias.expand(2, 4))


@pytest.mark.parametrize("options", [{}, {"tie_embeddings": False, "bias": False, "activation": "swiglu"}])
def test_a_model_of_rounded_maps(options):
    """Every linear map and table is rounded, the model given stays as it is, and both nearly agree."""
    model = make(**options)
    before = {name: weight.clone() for name, weight in model.named_parameters()}
    small = quantized(model)
    assert not [name for name, module in small.named_modules() if isinstance(module, nn.Linear)]
    assert isinstance(small.generator, Int8Linear)
    assert all(torch.equal(before[name], weight) for name, weight in model.named_parameters())
    table = quantize_rows(model.target_embedding.token.weight.detach().numpy()).floats()
    assert np.array_equal(small.target_embedding.token.weight, table)
    ids = torch.tensor([[5, 6, 7, 3]])
    exact, found = model(ids, ids).log_softmax(-1), small(ids, ids).log_softmax(-1)
    assert 0 < (exact - found).abs().max() < 0.2


def test_it_translates():
    engine = EagerEngine(quantized(make()))
    [[found]] = generate(engine, [[5, 6, 7, 3]], SearchOptions(beam=1, max_length=6))
    assert found.tokens
