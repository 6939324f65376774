"""Dropout against its definition, and its statistics against the binomial's."""

import pytest
import torch

from glassformer.model.layers import Dropout


@pytest.mark.parametrize("p", [0.1, 0.3, 0.5, 0.9])
def test_each_number_is_zero_with_probability_p_and_else_scaled(p):
    torch.manual_seed(3)
    x = torch.full((1000, 301), 2.0)  # 301: not a multiple of the four draws of one word
    y = Dropout(p).train()(x)
    zero = y == 0
    deviation = (p * (1 - p) / x.numel()) ** 0.5
    assert abs(zero.double().mean().item() - p) < 5 * deviation
    torch.testing.assert_close(y[~zero], torch.full_like(y[~zero], 2 / (1 - p)))


def test_neighbours_are_independent():
    torch.manual_seed(4)
    kept = (Dropout(0.5).train()(torch.ones(1_000_000)) != 0).double() - 0.5
    for lag in (1, 2, 3, 4, 8):
        correlation = 4 * (kept[:-lag] * kept[lag:]).mean().item()
        assert abs(correlation) < 5 / 1000


def test_gradient_is_the_mask():
    torch.manual_seed(5)
    x = torch.ones(64, 5, requires_grad=True)
    y = Dropout(0.3).train()(x)
    y.sum().backward()
    torch.testing.assert_close(x.grad, y.detach())


def test_nothing_happens_outside_training():
    x = torch.randn(7, 9)
    assert Dropout(0.5).eval()(x) is x


def test_same_seed_same_mask():
    x = torch.ones(33)
    torch.manual_seed(6)
    first = Dropout(0.4).train()(x)
    torch.manual_seed(6)
    torch.testing.assert_close(Dropout(0.4).train()(x), first, rtol=0, atol=0)
