"""What bfloat16 rounds."""

import copy

import pytest
import torch

from glassformer.model import Transformer
from glassformer.training.update.precision import SMALL, keep_small_attention_in_float32
from tests.model.helpers import sentences, small

SEEN = torch.ones(5, 5, dtype=torch.bool).tril()


def rounding(enabled=True):
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled)


@pytest.mark.parametrize("norm_position", ["pre", "post"])
@pytest.mark.parametrize("copied", [False, True])
def test_attention_of_small_batches_is_not_rounded(norm_position, copied):
    """Its outputs and gradients are those of float32 to the bit, while the feed-forward layer's are rounded."""
    torch.manual_seed(0)
    model = Transformer(small(norm_position=norm_position))
    keep_small_attention_in_float32(model, SMALL // 16)
    model = copy.deepcopy(model) if copied else model
    layer = model.decoder[0]
    read = [torch.randn(2, 5, 16, requires_grad=True) for _ in range(2)]

    def attended(attention, enabled):
        with rounding(enabled):
            result = attention(read[0], attention.keys_values(read[1]), SEEN)
        return result.detach(), *torch.autograd.grad(result.sin().sum(), [*read, *attention.parameters()])

    for attention in (layer.self_attention, layer.cross_attention):
        for exact, found in zip(attended(attention, False), attended(attention, True), strict=True):
            assert exact.equal(found)
    with rounding():
        assert layer.feed_forward(read[0]).dtype == torch.bfloat16
        memory_BSD = model.encode(sentences((5, 3))).x_BSD
    assert memory_BSD.dtype == torch.float32 and not memory_BSD.equal(model.encode(sentences((5, 3))).x_BSD)


def test_attention_of_larger_batches_is():
    model = Transformer(small())
    keep_small_attention_in_float32(model, SMALL // 16 + 1)
    with rounding():
        assert model.encoder[0].self_attention.keys_values(torch.randn(2, 5, 16)).keys_BGSK.dtype == torch.bfloat16
