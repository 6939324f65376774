"""What training minimises, held to torch's own losses of the model's logits."""

import pytest
import torch
from torch.nn import functional

from glassformer.model import ModelConfig, Transformer
from glassformer.model.transformer import real_tokens, shift_right
from glassformer.training.update.objective import Objective

SOURCE = torch.tensor([[5, 6, 7, 2], [8, 2, 0, 0]])
TARGET = torch.tensor([[9, 10, 2], [11, 2, 0]])


def made(dropout):
    torch.manual_seed(0)
    config = ModelConfig(
        vocab_size=30, d_model=16, d_ff=32, num_heads=2, encoder_layers=1, decoder_layers=1, dropout=dropout
    )
    return Transformer(config).train()


def both(objective):
    """Its loss, and the gradient of all weights in a row."""
    torch.manual_seed(1)
    loss = objective(SOURCE, TARGET)
    return loss.detach(), torch.cat([grad.flatten() for grad in torch.autograd.grad(loss, objective.parameters())])


def test_r_drop_is_half_of_the_paper_s_loss_of_two_draws():
    """Liang, Wu et al. 2021: two cross-entropies and alpha times the mean of the divergences both ways."""
    model, alpha = made(dropout=0.3), 4.0
    torch.manual_seed(1)
    logits_BTV = model(SOURCE.repeat(2, 1), shift_right(TARGET, model.config.decoder_start_id).repeat(2, 1))
    one, other = (functional.log_softmax(half[real_tokens(TARGET)], -1) for half in logits_BTV.chunk(2))
    assert not one.allclose(other)
    targets = TARGET[real_tokens(TARGET)]
    entropy = sum(
        functional.cross_entropy(each, targets, label_smoothing=0.1, reduction="sum") for each in (one, other)
    )
    divergence = functional.kl_div(one, other, reduction="sum", log_target=True)
    divergence = divergence + functional.kl_div(other, one, reduction="sum", log_target=True)
    loss, _ = both(Objective(model, 0.1, alpha))
    torch.testing.assert_close(loss, (entropy + alpha / 2 * divergence) / 2)


def test_draws_that_are_the_same_cost_nothing():
    model = made(dropout=0.0)
    for ours, plain in zip(both(Objective(model, 0.1, 5.0)), both(Objective(model, 0.1)), strict=True):
        torch.testing.assert_close(ours, plain)


@pytest.mark.parametrize(("training", "readings"), [(True, 2), (False, 1)])
def test_only_training_reads_twice(training, readings):
    model, read = made(dropout=0.3).train(training), []
    model.encoder[0].register_forward_pre_hook(lambda _, inputs: read.append(len(inputs[0])))
    Objective(model, 0.1, 1.0)(SOURCE, TARGET)
    assert read == [readings * len(SOURCE)]
