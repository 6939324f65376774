"""Label-smoothed cross-entropy, held to torch's own and to a sum done by hand."""

import functools
import math

import pytest
import torch
from torch.nn import functional

from glassformer.training.update.loss import CHUNK, output_loss


def label_smoothed_loss(logits_NV, targets_N, smoothing):
    """The loss of given logits: those of an output layer that changes nothing."""
    return output_loss(logits_NV[None], torch.eye(logits_NV.shape[1]), None, targets_N, smoothing)


def layer(targets, width, vocabulary):
    """Hidden states, an output layer's weight and bias, and targets."""
    draw = functools.partial(torch.randn, generator=torch.Generator().manual_seed(0))
    targets_N = torch.randint(vocabulary, (targets,), generator=torch.Generator().manual_seed(1))
    hidden_ND, weight_VD, bias_V = draw(targets, width), draw(vocabulary, width), draw(vocabulary)
    return *(tensor.requires_grad_() for tensor in (hidden_ND, weight_VD, bias_V)), targets_N


def output_gradients(hidden_ND, weight_VD, bias_V, targets_N):
    loss = output_loss(hidden_ND[None], weight_VD, bias_V, targets_N, 0.1)
    inputs = [tensor for tensor in (hidden_ND, weight_VD, bias_V) if tensor is not None]
    return loss.detach(), torch.autograd.grad(loss, inputs)


SMOOTHINGS = [0.0, 0.1, 0.3, 0.9]


def example(targets=7, vocabulary=11, loudness=2.0):
    generator = torch.Generator().manual_seed(0)
    logits_NV = loudness * torch.randn(targets, vocabulary, generator=generator)
    targets_N = torch.randint(vocabulary, (targets,), generator=generator)
    return logits_NV.requires_grad_(), targets_N


def loss_and_gradient(function, logits_NV, factor=1.0):
    loss = function(logits_NV)
    (gradient,) = torch.autograd.grad(loss * factor, logits_NV)
    return loss.detach(), gradient


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
@pytest.mark.parametrize(("targets", "vocabulary", "loudness"), [(7, 11, 2.0), (1, 2, 1.0), (40, 300, 20.0)])
def test_same_as_torch(smoothing, targets, vocabulary, loudness):
    logits_NV, targets_N = example(targets, vocabulary, loudness)
    ours, our_gradient = loss_and_gradient(lambda x: label_smoothed_loss(x, targets_N, smoothing), logits_NV)
    theirs, their_gradient = loss_and_gradient(
        lambda x: functional.cross_entropy(x, targets_N, label_smoothing=smoothing, reduction="sum"), logits_NV
    )
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=0)
    torch.testing.assert_close(our_gradient, their_gradient, rtol=0, atol=1e-6)


def test_two_classes_by_hand():
    """Logits 0 and ln 3 give p = 1/4, 3/4; target 1 smoothed by 0.2 over two classes gives q = 0.1, 0.9."""
    logits_NV = torch.tensor([[0.0, math.log(3)]], requires_grad=True)
    loss, gradient = loss_and_gradient(lambda x: label_smoothed_loss(x, torch.tensor([1]), 0.2), logits_NV)
    assert loss.item() == pytest.approx(0.1 * math.log(4) + 0.9 * math.log(4 / 3), rel=1e-6)
    assert gradient[0].tolist() == pytest.approx([0.25 - 0.1, 0.75 - 0.9], abs=1e-7)


def test_even_odds_cost_the_logarithm_of_the_vocabulary():
    loss = label_smoothed_loss(torch.zeros(3, 10_000), torch.tensor([0, 5, 9999]), 0.1)
    assert loss.item() == pytest.approx(3 * math.log(10_000), rel=1e-6)


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_the_parts_add_up_to_the_whole(smoothing):
    """So that accumulated batches, each over the update's own number of targets, equal one big one."""
    logits_NV, targets_N = example(targets=12)
    whole, gradient = loss_and_gradient(lambda x: label_smoothed_loss(x, targets_N, smoothing) / 12, logits_NV)
    parts = [slice(0, 1), slice(1, 8), slice(8, 12)]

    def in_parts(x):
        return sum(label_smoothed_loss(x[part], targets_N[part], smoothing) / 12 for part in parts)

    added, gradient_in_parts = loss_and_gradient(in_parts, logits_NV)
    torch.testing.assert_close(added, whole, rtol=1e-6, atol=0)
    torch.testing.assert_close(gradient_in_parts, gradient, rtol=0, atol=1e-7)


def test_gradient_follows_the_chain_rule():
    logits_NV, targets_N = example()
    _, once = loss_and_gradient(lambda x: label_smoothed_loss(x, targets_N, 0.1), logits_NV)
    _, minus_thrice = loss_and_gradient(lambda x: label_smoothed_loss(x, targets_N, 0.1), logits_NV, factor=-3.0)
    torch.testing.assert_close(minus_thrice, -3 * once)


def test_under_autocast_only_the_products_are_rounded():
    """bfloat16 keeps 8 bits: logits as large as 8 are off by 2^-6 at most, and so, in proportion, is p."""
    hidden_ND, weight_VD, bias_V, targets_N = layer(targets=500, width=32, vocabulary=60)
    exact, exact_gradients = output_gradients(hidden_ND, weight_VD, bias_V, targets_N)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded, gradients = output_gradients(hidden_ND, weight_VD, bias_V, targets_N)
    assert rounded.dtype == torch.float32
    assert not rounded.equal(exact)
    torch.testing.assert_close(rounded, exact, rtol=2**-9, atol=0)
    for ours, theirs in zip(gradients, exact_gradients, strict=True):
        assert ours.dtype == torch.float32
        assert (ours - theirs).norm() <= 2**-6 * theirs.norm()


@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize("targets", [1, CHUNK - 1, CHUNK, 2 * CHUNK + 3])
def test_chunks_of_an_output_layer_same_as_torch(biased, targets):
    hidden_ND, weight_VD, bias_V, targets_N = layer(targets, width=8, vocabulary=30)
    given = (hidden_ND, weight_VD, bias_V if biased else None)
    ours, our_gradients = output_gradients(*given, targets_N)
    inputs = [tensor for tensor in given if tensor is not None]
    logits_NV = functional.linear(hidden_ND, *inputs[1:])
    theirs = functional.cross_entropy(logits_NV, targets_N, label_smoothing=0.1, reduction="sum")
    torch.testing.assert_close(ours, theirs.detach(), rtol=1e-6, atol=0)
    for one, other in zip(our_gradients, torch.autograd.grad(theirs, inputs), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("targets", [1, CHUNK // 2, CHUNK + 3])
def test_r_drop_same_as_torch(targets):
    """Two cross-entropies and alpha / 2 of the divergences both ways (Liang, Wu et al. 2021, formulas 2 and 3)."""
    first_ND, weight_VD, bias_V, targets_N = layer(targets, width=8, vocabulary=30)
    second_ND = (first_ND + 0.5 * first_ND.flip(0)).detach().requires_grad_()
    inputs, alpha = (first_ND, second_ND, weight_VD, bias_V), 3.0
    ours = output_loss(torch.stack((first_ND, second_ND)), weight_VD, bias_V, targets_N, 0.1, alpha)
    logits = [functional.linear(hidden_ND, weight_VD, bias_V) for hidden_ND in (first_ND, second_ND)]
    p, o = (functional.log_softmax(logits_NV, -1) for logits_NV in logits)
    divergence = functional.kl_div(o, p, reduction="sum", log_target=True)
    divergence = divergence + functional.kl_div(p, o, reduction="sum", log_target=True)
    theirs = alpha / 2 * divergence + sum(
        functional.cross_entropy(logits_NV, targets_N, label_smoothing=0.1, reduction="sum") for logits_NV in logits
    )
    assert divergence > targets / 10
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=0)
    for one, other in zip(torch.autograd.grad(ours, inputs), torch.autograd.grad(theirs, inputs), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-4)


def test_r_drop_is_finite_where_one_draw_is_certain_of_what_the_other_excludes():
    """Logits 200 apart: e^-200 is 0 in float32, and its logarithm must not be taken."""
    logits_2NV = torch.tensor([[[200.0, 0.0]], [[0.0, 200.0]]], requires_grad=True)
    loss = output_loss(logits_2NV, torch.eye(2), None, torch.tensor([0]), 0.0, 1.0)
    (gradient,) = torch.autograd.grad(loss, logits_2NV)
    assert loss.isfinite() and gradient.isfinite().all() and loss > 200


def test_no_target_no_loss():
    hidden_ND, weight_VD, bias_V, targets_N = layer(targets=0, width=8, vocabulary=30)
    loss, gradients = output_gradients(hidden_ND, weight_VD, bias_V, targets_N)
    assert loss == 0 and all(gradient.eq(0).all() for gradient in gradients)


def test_only_what_learns_gets_a_gradient():
    hidden_ND, weight_VD, bias_V, targets_N = layer(targets=5, width=8, vocabulary=30)
    with torch.no_grad():
        assert not output_loss(hidden_ND[None], weight_VD, bias_V, targets_N, 0.1).requires_grad
    output_loss(hidden_ND[None], weight_VD.detach(), None, targets_N, 0.1).backward()
    assert hidden_ND.grad is not None and weight_VD.grad is None


def test_logits_are_left_as_they_were():
    logits_NV, targets_N = example()
    before = logits_NV.detach().clone()
    label_smoothed_loss(logits_NV, targets_N, 0.1).backward()
    assert logits_NV.equal(before)


def test_what_is_learnt_keeps_its_small_slope_in_bfloat16():
    """Logits ln 4000 and 0 of two classes: p = 1 - 1/4001, which bfloat16 would round to 1, and the slope to 0."""
    logits_1NV = torch.tensor([[[math.log(4000), 0.0]]], requires_grad=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = output_loss(logits_1NV, torch.eye(2), None, torch.tensor([0]), 0.0)
    (gradient,) = torch.autograd.grad(loss, logits_1NV)
    assert gradient[0, 0].tolist() == pytest.approx([-1 / 4001, 1 / 4001], rel=2**-5)  # ln 4000 is rounded too
