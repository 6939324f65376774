"""Training on a GPU: the CPU's numbers, compiled or not; and a run that goes on as it was, to the bit."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn import functional

from glassformer.data.batches import Sentences, TokenizedPairs
from glassformer.model import Transformer
from glassformer.model.attention import _fused, is_short
from glassformer.training.config import RunConfig
from glassformer.training.distributed import Group
from glassformer.training.update.determinism import make_deterministic, preserved_determinism
from glassformer.training.update.gradients import Gradients
from glassformer.training.update.optimizer import adam
from glassformer.training.update.replica import Replica
from glassformer.training.update.updater import Updater
from tests.commands import options as as_options
from tests.commands import run
from tests.letters import QUICK
from tests.training.runs import parameters_of, records_of

# What the compiler warns of on its way is not ours.
pytestmark = [pytest.mark.device, pytest.mark.filterwarnings("ignore")]
CPU = torch.device("cpu")
WIDTHS = (8, 12)
OPTIONS = [
    {},
    {"r_drop": 2.0},
    {"norm_position": "pre", "final_norm": True, "positions": "rotary", "norm": "rmsnorm", "activation": "swiglu",
     "num_kv_heads": 1},
    {"positions": "learned", "tie_embeddings": False, "output_bias": True, "source_vocab_size": 300},
    {"activation_checkpointing": True},
    {"bias": False, "activation": "gelu"},
]  # fmt: skip


def config_of(**settings):
    given = {"corpus": "names", "dropout": 0.0, "batch_tokens": 96, "compile": "none"}
    return RunConfig.from_flat(QUICK | given | settings)


def batches_of(seed=1):
    random = np.random.default_rng(seed)

    def sentences():
        return Sentences.from_lists([random.integers(4, 273, random.integers(1, 12)).tolist() for _ in range(16)])

    pairs = TokenizedPairs(sentences(), sentences())
    return [pairs.batch(rows) for rows in pairs.plan(96, [1], WIDTHS)]


def replica_of(config, device, widths=()):
    torch.manual_seed(3)
    replica = Replica(Transformer(config.model), config.training, Group(device), widths)
    replica.objective.train()
    return replica


def gradients_of(replica, device, batches=None):
    """The loss, and the gradient of each weight, on the CPU."""
    work = Gradients(replica, Group(device), SimpleNamespace()).compute(batches or batches_of())
    found = {name: weight.grad.cpu() for name, weight in replica.model.named_parameters()}
    replica.zero_grad()
    return work.loss.cpu(), found


def assert_close(found, wanted, relative):
    """Losses, and each gradient by its norm; the gradient of a key's bias is zero, but for rounding."""
    torch.testing.assert_close(found[0], wanted[0], rtol=relative, atol=0)
    largest = max(gradient.norm() for gradient in wanted[1].values())
    for name, gradient in wanted[1].items():
        assert (found[1][name] - gradient).norm() <= 10 * relative * (gradient.norm() + 0.01 * largest), name


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_gradient_is_that_of_the_cpu(options, cuda):
    config = config_of(**options)
    wanted, found = (gradients_of(replica_of(config, device), device) for device in (CPU, cuda))
    assert_close(found, wanted, 1e-5)


COMPILED = {
    "float32": ({}, 1e-5),
    "bfloat16": ({"precision": "bfloat16"}, 0.02),
    "weights in bfloat16": ({"precision": "bfloat16", "bfloat16_weights": True}, 0.02),
}


@pytest.mark.parametrize(("settings", "relative"), COMPILED.values(), ids=COMPILED)
def test_a_compiled_step_has_the_gradient_of_one_that_is_not(settings, relative, compiler):
    """On the CPU too, where there is a compiler."""
    replicas = [
        replica_of(config_of(compile=how, **settings), compiler, WIDTHS[-1:] if how == "kernels" else ())
        for how in ("none", "kernels")
    ]
    wanted, found = (gradients_of(replica, compiler) for replica in replicas)
    assert_close(found, wanted, relative)


@pytest.mark.parametrize("options", OPTIONS[1:], ids=str)
def test_every_option_compiles_and_can_be_recorded(options, cuda):
    """Three times: run, recorded, replayed."""
    replicas = [
        replica_of(config_of(compile=how, **options), cuda, WIDTHS * (how != "none")) for how in ("none", "graphs")
    ]
    for _ in range(3):
        wanted, found = (gradients_of(replica, cuda) for replica in replicas)
        assert_close(found, wanted, 1e-5)


@pytest.mark.parametrize("settings", [{}, {"precision": "bfloat16", "bfloat16_weights": True}], ids=str)
def test_cuda_graphs_make_the_same_updates(settings, cuda):
    """Several updates with batches of several shapes, two each, so that recordings are replayed with new weights."""
    weights = []
    for how in ("kernels", "graphs"):
        config = config_of(compile=how, accumulate=2, learning_rate=0.01, **settings)
        replica = replica_of(config, cuda, WIDTHS)
        updater = Updater(replica, adam(replica.model), config, Group(cuda), SimpleNamespace())
        losses = []
        for step in range(1, 5):
            batches = batches_of(step)
            losses.append(updater.update(step, [batches[0], batches[-1]]).loss)
        weights.append((torch.tensor(losses), dict(replica.model.named_parameters())))
    torch.testing.assert_close(weights[0][0], weights[1][0], rtol=0.02 if settings else 1e-4, atol=0)
    assert weights[0][0][-1] != weights[0][0][0]


@pytest.mark.parametrize(
    ("queries", "keys", "width"), [(7, 12, 16), (32, 32, 64), (64, 5, 32), (2, 64, 128), (1, 30, 64), (1, 256, 32)]
)
def test_attention_for_sentences_is_attention(queries, keys, width, cuda):
    """Forward and backward, with padding, a sentence that has no keys, and a mask of places."""
    torch.manual_seed(1)
    shapes = (3, queries, 2, width), (3, keys, 2, width), (3, keys, 2, width)
    given = [torch.randn(shape, device=cuda).bfloat16().transpose(1, 2).requires_grad_() for shape in shapes]
    masks = [
        (torch.arange(keys, device=cuda) < torch.tensor([[keys], [3], [0]], device=cuda))[:, None, None],
        torch.arange(keys, device=cuda) <= torch.arange(queries, device=cuda)[:, None],
    ]
    assert is_short(*given[:2])
    for mask in masks:
        exact = [each.detach().double().requires_grad_() for each in given]
        wanted = functional.scaled_dot_product_attention(*exact, attn_mask=mask).nan_to_num(0)
        direction = torch.randn_like(wanted).bfloat16()
        found = _fused(*given, mask)
        gradients = torch.autograd.grad(found, given, direction)
        right = torch.autograd.grad(wanted, exact, direction.double())
        for one, other in zip((found, *gradients), (wanted, *right), strict=True):
            assert (one.double() - other.nan_to_num(0)).norm() <= 0.01 * other.nan_to_num(0).norm()


def test_deterministic_gradients_are_the_same_to_the_bit(cuda):
    config = config_of(precision="bfloat16", dropout=0.3)
    with preserved_determinism():
        make_deterministic()
        found = []
        for _ in range(3):
            replica = replica_of(config, cuda)
            torch.manual_seed(5)
            found.append(gradients_of(replica, cuda))
    for loss, gradients in found[1:]:
        assert loss == found[0][0]
        assert all(torch.equal(gradient, found[0][1][name]) for name, gradient in gradients.items())


@pytest.mark.parametrize("settings", [{}, {"compile": "kernels"}, {"compile": "graphs"}], ids=str)
def test_a_run_that_is_stopped_goes_on_to_the_bit(settings, cuda, small_corpus, tmp_path):
    """Dropout included. Each part in a process of its own, as after a kill."""
    settings = QUICK | {"deterministic": True, "checkpoint_every": 3, "batch_shapes": 2} | settings

    def train(name, steps, *more):
        command = [sys.executable, "-m", "glassformer", "train", "--pairs", small_corpus / "train.tsv", "--valid-pairs",
                   small_corpus / "valid.tsv", "--out", tmp_path / name, "--device", "cuda",
                   *as_options(settings | {"max_steps": steps}), *more]  # fmt: skip
        subprocess.run(list(map(str, command)), check=True, capture_output=True)

    train("straight", 6)
    train("stopped", 3)
    train("stopped", 6, "--resume")
    train("again", 6)
    for other in ("stopped", "again"):
        assert parameters_of(tmp_path / "straight/last") == parameters_of(tmp_path / other / "last"), other


def test_a_compiled_run_that_is_stopped_goes_on_to_the_bit(compiler, small_corpus, tmp_path):
    """On the CPU too: what compiled dropout draws is part of the state that is saved."""
    settings = {"compile": "kernels", "batch_shapes": 1, "checkpoint_every": 2, "deterministic": True}
    for name, steps, more in (("straight", 4, ()), ("stopped", 2, ()), ("stopped", 4, ("--resume",))):
        given = as_options(QUICK | settings | {"max_steps": steps})
        outcome = run("train", "--pairs", small_corpus / "train.tsv", "--valid-pairs", small_corpus / "valid.tsv",
                      "--out", tmp_path / name, "--device", compiler.type, *given, *more)  # fmt: skip
        assert outcome.status == 0, outcome.err
    assert parameters_of(tmp_path / "straight/last") == parameters_of(tmp_path / "stopped/last")


def test_a_batch_too_large_for_the_gpu_is_halved(cuda, small_corpus, tmp_path):
    """It is given little memory; the run ends all the same, and says what was halved."""
    total = torch.cuda.get_device_properties(cuda).total_memory
    big = {"d_model": 512, "d_ff": 2048, "batch_tokens": 16_384, "max_steps": 2, "encoder_layers": 3}
    torch.cuda.set_per_process_memory_fraction(1.5e9 / total)
    try:
        outcome = run("train", "--pairs", small_corpus / "train.tsv", "--valid-pairs", small_corpus / "valid.tsv",
                      "--out", tmp_path / "run", "--device", "cuda", *as_options(QUICK | big))  # fmt: skip
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert outcome.status == 0, outcome.err
    assert records_of(tmp_path / "run", "train")[-1]["loss"] is not None


def test_updates_ask_the_gpu_for_nothing(cuda):
    """torch itself refuses what would wait, but for the numbers that are read late."""
    config = config_of(accumulate=2)
    replica = replica_of(config, cuda)
    updater = Updater(replica, adam(replica.model), config, Group(cuda), SimpleNamespace())
    batches = batches_of()[:2]
    updater.update(1, batches)
    torch.cuda.set_sync_debug_mode("error")
    try:
        update = updater.update(2, batches)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert update.applied
