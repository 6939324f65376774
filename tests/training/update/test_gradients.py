"""One update's gradient: the same however its pairs are parted, and when memory does not suffice."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from glassformer.data.batches import Batch, Sentences, TokenizedPairs
from glassformer.errors import InputError
from glassformer.model import ModelConfig, Transformer
from glassformer.training.config import TrainingConfig
from glassformer.training.distributed import Group
from glassformer.training.update.gradients import Gradients
from glassformer.training.update.objective import Objective, on_device
from glassformer.training.update.replica import Replica

CPU = torch.device("cpu")
NAMES = SimpleNamespace(decode=lambda ids: " ".join(f"w{token}" for token in ids))  # for a tokenizer


class TooMuch(torch.autograd.Function):
    """Runs out of memory in the middle of the backward pass, as torch says it on the CPU, while `failing()`."""

    @staticmethod
    def forward(ctx, x, failing):
        ctx.failing = failing
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad):
        if ctx.failing():
            raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")
        return grad, None


def made(dropout=0.0):
    torch.manual_seed(3)
    shape = {"d_model": 16, "d_ff": 24, "num_heads": 2, "encoder_layers": 2, "decoder_layers": 2}
    return Transformer(ModelConfig(vocab_size=300, max_length=32, dropout=dropout, **shape))


@pytest.fixture
def model():
    return made()


@pytest.fixture
def batches():
    """Two batches of one update, of eleven and five pairs of all lengths."""
    random = np.random.default_rng(1)

    def sentences():
        return Sentences.from_lists([random.integers(4, 300, random.integers(1, 12)).tolist() for _ in range(16)])

    pairs = TokenizedPairs(sentences(), sentences())
    return [pairs.batch(np.arange(11)), pairs.batch(np.arange(11, 16))]


def gradients(model, **settings):
    replica = Replica(
        model,
        TrainingConfig(**{"label_smoothing": 0.1, "precision": "float32", "compile": "none"} | settings),
        Group(CPU),
    )
    return Gradients(replica, Group(CPU), NAMES)


def taken(model):
    found = {name: weight.grad.clone() for name, weight in model.named_parameters()}
    model.zero_grad(set_to_none=True)
    return found


def expected(model, batches):
    """The gradient of the mean loss of a real target token, from sums over single pairs."""
    objective, total, tokens = Objective(model, 0.1), 0.0, 0
    for batch in batches:
        for row in range(len(batch.rows)):
            one = batch.select(slice(row, row + 1))
            total = total + objective(*on_device(one, CPU))
            tokens += one.target_BT.size
    (total / tokens).backward()
    return float(total.detach() / tokens), taken(model)


def assert_same(found, wanted):
    for name, gradient in wanted.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-4, atol=1e-7)


def limited(of_one_update, model, positions):
    """Memory for this many positions: a larger batch fails when half of its gradient is had. Lists what came."""
    came = []
    objective = of_one_update._replica.objective
    objective.register_forward_pre_hook(lambda _, ids: came.append(sum(each.numel() for each in ids[:2])))
    model.encoder[0].register_forward_hook(lambda _, inputs, x: TooMuch.apply(x, lambda: came[-1] > positions))
    return came


def test_the_gradient_is_that_of_a_mean_target_token(model, batches):
    loss, wanted = expected(model, batches)
    work = gradients(model).compute(batches)
    assert work.loss.item() == pytest.approx(loss, rel=1e-5)
    assert work.source_tokens == sum(int((batch.source_BS != 0).sum()) for batch in batches)
    assert work.splits == 0
    assert_same(taken(model), wanted)


def test_a_batch_for_which_memory_does_not_suffice_is_halved(model, batches):
    """Also where it fails in the middle of the backward pass, and other batches of the update had gone well."""
    _, wanted = expected(model, batches)
    of_one_update = gradients(model)
    memory = batches[1].source_BS.size + batches[1].target_BT.size
    came = limited(of_one_update, model, positions=memory)
    work = of_one_update.compute(batches[::-1])
    assert came[0] == memory < came[1]
    assert work.splits >= 1
    assert_same(taken(model), wanted)
    came.clear()
    again = of_one_update.compute(batches[::-1])  # known now: nothing is tried in vain
    assert again.splits == 0
    assert max(came) <= memory
    assert_same(taken(model), wanted)


def test_a_try_in_vain_changes_nothing_that_dropout_draws(batches):
    """To the bit: who goes on later, and does not know yet what is too large, gets the same gradient."""
    model = made(dropout=0.3)
    of_one_update = gradients(model)
    limited(of_one_update, model, positions=batches[1].source_BS.size + batches[1].target_BT.size)
    found = []
    for splits in (1, 0):
        torch.manual_seed(4)
        assert min(1, of_one_update.compute(batches).splits) == splits
        found.append(taken(model))
    for name, gradient in found[0].items():
        assert torch.equal(gradient, found[1][name]), name


def test_a_pair_for_which_memory_does_not_suffice_is_named(model):
    batch = Batch(np.array([[7, 8, 3], [9, 3, 0]]), np.array([[5, 6, 3], [6, 3, 0]]), np.arange(2))
    of_one_update = gradients(model)
    limited(of_one_update, model, positions=5)
    with pytest.raises(InputError, match=r"memory does not suffice for the pair 'w7 w8' alone \(3 and 3 tokens\)"):
        of_one_update.compute([batch])


def test_another_failure_is_not_taken_for_one_of_memory(model, batches):
    of_one_update = gradients(model)
    model.encoder[0].register_forward_hook(lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        of_one_update.compute(batches)


def test_recomputed_activations_give_the_same_gradient_with_dropout(batches):
    """To the bit: the second run of a layer drops what the first did. And less is kept meanwhile."""
    found, kept = [], []
    for recomputed in (False, True):
        model = made(dropout=0.3)
        names = [name for name, _ in model.named_parameters()]
        of_one_update = gradients(model, activation_checkpointing=recomputed)
        assert [name for name, _ in model.named_parameters()] == names
        saved = []
        with torch.autograd.graph.saved_tensors_hooks(lambda x, s=saved: s.append(x.numel()) or x, lambda x: x):
            of_one_update._replica.objective(*on_device(batches[0], CPU))
        kept.append(sum(saved))
        torch.manual_seed(4)
        of_one_update.compute(batches)
        found.append(taken(model))
    assert all(torch.equal(found[0][name], found[1][name]) for name in names)
    assert kept[1] < kept[0] / 2
