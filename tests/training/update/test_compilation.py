"""What a compiled step needs, without compiling: fixed shapes, whole expressions, and when it is worth it.

Compiled steps are in tests/device.
"""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch._dynamo.testing import CompileCounter

from glassformer.data.batches import Sentences, TokenizedPairs
from glassformer.data.shapes import choose_widths
from glassformer.errors import InputError, UsageError
from glassformer.model import Transformer
from glassformer.training.config import RunConfig
from glassformer.training.distributed import Group
from glassformer.training.update import compilation
from glassformer.training.update.compilation import agreed_compilation, refuse_compilation, refuse_uncompilable
from glassformer.training.update.gradients import Gradients
from glassformer.training.update.objective import Objective, WholeObjective, on_device
from glassformer.training.update.optimizer import adam
from glassformer.training.update.replica import Replica
from glassformer.training.update.updater import Updater
from tests.letters import QUICK
from tests.training.runs import notes_of, parameters_of, records_of

CPU = torch.device("cpu")


def config_of(**settings):
    return RunConfig.from_flat(QUICK | {"corpus": "names", "dropout": 0.0} | settings)


def random_pairs(count=16):
    random = np.random.default_rng(1)

    def sentences():
        return Sentences.from_lists([random.integers(4, 273, random.integers(1, 12)).tolist() for _ in range(count)])

    return TokenizedPairs(sentences(), sentences())


def replica_of(config, widths=()):
    torch.manual_seed(3)
    return Replica(Transformer(config.model).train(), config.with_training(compile="none").training, Group(CPU), widths)


def gradients_of(replica, batches, group=None):
    """The loss, and the gradient of each weight."""
    work = Gradients(replica, group or Group(CPU), SimpleNamespace()).compute(batches)
    found = {name: weight.grad.clone() for name, weight in replica.model.named_parameters()}
    replica.zero_grad()
    return work.loss, found


@pytest.mark.parametrize("options", [{}, {"r_drop": 3.0}, {"output_bias": True, "tie_embeddings": False}], ids=str)
def test_whole_expressions_have_the_same_loss_and_gradient(options):
    """With padding among the targets, which counts nothing."""
    batch = random_pairs().batch(np.arange(16))
    found = []
    for kind in (Objective, WholeObjective):
        config = config_of(**options)
        torch.manual_seed(3)
        model = Transformer(config.model).train()
        loss = kind(model, 0.1, config.training.r_drop)(*on_device(batch, CPU))
        found.append((loss.detach(), torch.autograd.grad(loss, list(model.parameters()))))
    torch.testing.assert_close(found[0][0], found[1][0], rtol=1e-6, atol=0)
    for one, other in zip(found[0][1], found[1][1], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_batches_of_few_shapes_have_the_same_gradient():
    """Also where they come to a batch that is not full, is longer than any width, or must be halved."""
    pairs = random_pairs()
    lengths = np.maximum(pairs.sources.lengths, pairs.targets.lengths)
    config = config_of(batch_tokens=48)
    widths = choose_widths(lengths, 2, 10)  # some pairs are longer
    assert lengths.max() > widths[-1]
    batches = [pairs.batch(rows) for rows in pairs.plan(48, [1], widths)]
    plain, wanted = gradients_of(replica_of(config), batches)
    replica, came = replica_of(config, widths), []
    replica.objective.register_forward_pre_hook(lambda _, ids: came.append(tuple(ids[0].shape) + tuple(ids[1].shape)))
    loss, found = gradients_of(replica, batches)
    known = {(48 // width, width, 48 // width, width) for width in widths}
    assert {shape for shape in came if shape[1] in widths} <= known and len(came) == len(batches)
    torch.testing.assert_close(loss, plain, rtol=1e-6, atol=0)
    for name, gradient in wanted.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-4, atol=1e-7)


def test_a_batch_of_a_shape_that_is_too_large_is_halved_to_half_the_shape():
    pairs, config = random_pairs(), config_of(batch_tokens=64)
    batch, widths = pairs.batch(np.arange(5)), (12,)
    _, wanted = gradients_of(replica_of(config), [batch])
    replica, came = replica_of(config, widths), []

    def limited(_, ids):
        came.append(ids[0].shape)
        if len(ids[0]) > 3:
            raise MemoryError

    replica.objective.register_forward_pre_hook(limited)
    _, found = gradients_of(replica, [batch])
    assert came == [(5, 12), (3, 12), (3, 12)]
    for name, gradient in wanted.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-4, atol=1e-7)


def test_processes_share_a_shape():
    """Whatever the rank, and however few pairs it gets."""
    config, widths = config_of(batch_tokens=64), (8, 12)
    batch = random_pairs().batch(np.arange(5))
    for rank in (0, 1):
        replica = SimpleNamespace(_widths=widths, _settings=config.training, _group=Group(CPU, rank, 2))
        assert Replica.shape(replica, batch) == (3, 12)


def test_rounded_weights_follow_weights_in_full_precision():
    """The gradient is that of the rounded weights, to bfloat16's precision; the update loses nothing to rounding."""
    config = config_of(precision="bfloat16", bfloat16_weights=True, learning_rate=1e-5, warmup_steps=1)
    batches = [random_pairs().batch(np.arange(16))] * 2
    _, exact = gradients_of(replica_of(config_of()), batches)
    replica = replica_of(config)
    _, found = gradients_of(replica, batches)
    for name, gradient in exact.items():
        assert found[name].dtype == torch.float32
        assert (found[name] - gradient).norm() <= 0.1 * gradient.norm() + 1e-3, name
    updater = Updater(replica, adam(replica.model), config, Group(CPU), SimpleNamespace())
    weight, rounded = replica.model.generator.weight, replica.rounded.generator.weight
    before = weight.detach().clone()
    place = rounded.data_ptr()
    for step in (1, 2, 3):
        assert updater.update(step, batches).applied
    assert weight.dtype == torch.float32 and (weight - before).abs().max() < 1e-4  # less than bfloat16 can tell of 1
    assert rounded.dtype == torch.bfloat16 and torch.equal(rounded, weight.bfloat16())
    assert rounded.data_ptr() == place  # as a CUDA graph needs it
    assert all(one.grad is None for one in (*replica.model.parameters(), *replica.rounded.parameters()))


def on_cuda():
    """A group that says it trains on CUDA; nothing is computed there."""
    return Group(torch.device("cuda"))


def prepared():
    return SimpleNamespace(train=random_pairs(200), lengths=lambda seed: np.full((200, 2), 9))


@pytest.mark.parametrize(
    ("settings", "how", "shapes"),
    [
        ({"max_steps": 20_000}, "graphs", 8),
        ({"max_steps": 7_999}, "none", 0),
        ({"max_steps": 8_000}, "graphs", 8),
        ({"max_steps": 1000, "batch_shapes": 1}, "graphs", 1),
        ({"max_steps": 20_000, "batch_shapes": 0}, "none", 0),
        ({"max_steps": 1, "compile": "graphs"}, "graphs", 8),
        ({"max_steps": 20_000, "compile": "none"}, "none", 0),
    ],
)
def test_what_auto_compiles_on_a_gpu(settings, how, shapes, monkeypatch):
    monkeypatch.setattr(compilation, "_problem", lambda *_: "")
    found = agreed_compilation(None, prepared(), config_of(**settings), on_cuda())
    # All pairs of the sample have 9 tokens; a longer one would have a shape of its own.
    assert (found.how, found.shapes, found.widths) == (how, shapes, (10, 32) if shapes else ())
    assert any(note.startswith("the step is compiled") for note in found.notes) == (how != "none")
    refused = settings["max_steps"] == 7_999 or settings.get("batch_shapes") == 0
    assert any(note.startswith("not compiled: ") for note in found.notes) == refused


def test_a_step_that_cannot_be_compiled_runs_without(monkeypatch):
    monkeypatch.setattr(compilation, "_problem", lambda *_: "no Triton")
    found = agreed_compilation(None, prepared(), config_of(max_steps=20_000), on_cuda())
    assert found == ("none", 0, (), ("not compiled: no Triton",))


def test_the_cpu_keeps_its_own_way():
    assert agreed_compilation(None, prepared(), config_of(max_steps=20_000), Group(CPU)) == ("none", 0, (), ())


def test_what_cannot_be_is_refused():
    for settings, group in [
        ({"compile": "graphs"}, Group(CPU)),
        ({"compile": "graphs"}, Group(torch.device("cuda"), 0, 2)),
        ({"compile": "kernels", "parallel": "fsdp"}, Group(CPU, 0, 2)),
        ({"bfloat16_weights": True, "precision": "bfloat16"}, Group(CPU, 0, 2)),
    ]:
        with pytest.raises(UsageError, match=r"compile|bfloat16_weights"):
            refuse_compilation(config_of(**settings).training, group)
    for settings in ({"compile": "kernels", "batch_shapes": 0}, {"bfloat16_weights": True}, {"batch_shapes": 65}):
        with pytest.raises(UsageError, match=r"batch_shapes|bfloat16_weights"):
            config_of(**settings)
    with pytest.raises(InputError, match=r"cannot be compiled here: no compiler; take compile=none"):
        refuse_uncompilable(torch._dynamo.exc.TorchDynamoException("no\n compiler"))
    refuse_uncompilable(RuntimeError("of another kind"))


def test_a_run_of_few_shapes_goes_on_as_it_was(quick, tmp_path):
    """Its shapes are told, kept in config.yaml, and found again: to the bit."""
    settings = {"batch_shapes": 3, "checkpoint_every": 3, "batch_tokens": 128}
    assert quick("straight", max_steps=6, **settings).status == 0
    # All its pairs have 3 to 6 tokens.
    told = "batches have one of 2 shapes (32 x 4, 21 x 6); padding"
    assert any(told in note for note in notes_of(tmp_path / "straight")), notes_of(tmp_path / "straight")
    assert quick("stopped", max_steps=3, **settings).status == 0
    assert quick("stopped", "--resume", max_steps=6, **settings | {"batch_shapes": "null"}).status == 0
    assert parameters_of(tmp_path / "straight/last") == parameters_of(tmp_path / "stopped/last")
    assert records_of(tmp_path / "straight", "train")[-1]["loss"] is not None


def test_rounded_weights_go_on_as_they_were(quick, tmp_path):
    settings = {"bfloat16_weights": True, "precision": "bfloat16", "checkpoint_every": 2}
    assert quick("straight", max_steps=4, **settings).status == 0
    assert quick("stopped", max_steps=2, **settings).status == 0
    assert quick("stopped", "--resume", max_steps=4, **settings).status == 0
    assert parameters_of(tmp_path / "straight/last") == parameters_of(tmp_path / "stopped/last")


@pytest.mark.parametrize(
    "options",
    [
        {"precision": "bfloat16"},
        {"positions": "rotary", "norm": "rmsnorm", "activation": "swiglu", "num_kv_heads": 1, "r_drop": 1.0},
    ],
    ids=str,
)
def test_a_step_is_traced_whole_and_once_for_each_shape(options, monkeypatch):
    """Whatever the padding. torch's tracer alone, whose graph is run as it is: what it makes of it has no kernels."""
    compiler, counter = torch.compile, CompileCounter()
    monkeypatch.setattr(torch, "compile", lambda function, **how: compiler(function, backend=counter, **how))
    torch.compiler.reset()
    pairs, config, widths = random_pairs(60), config_of(batch_tokens=96, **options), (8, 12)
    batches = [pairs.batch(rows) for rows in pairs.plan(96, [1], widths)]
    _, wanted = gradients_of(replica_of(config, widths), batches)
    torch.manual_seed(3)
    traced = config.with_training(compile="kernels", batch_shapes=2).training
    replica, came = Replica(Transformer(config.model), traced, Group(CPU), widths), set()
    replica.objective.train()
    for part in (batches, batches[::-1]):
        _, found = gradients_of(replica, part)
        came |= {replica.shape(batch) for batch in part}
    assert counter.frame_count == len(came) == 2 < len(batches)
    scale = max(gradient.norm() for gradient in wanted.values())
    for name, gradient in wanted.items():
        assert (found[name] - gradient).norm() <= 0.02 * (gradient.norm() + 0.01 * scale), name
    torch.compiler.reset()
