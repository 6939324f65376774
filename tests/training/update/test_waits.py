"""An update asks nothing of the device that the program would have to wait for."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from glassformer.data.batches import Batch
from glassformer.model import Transformer
from glassformer.model.attention import Softmax
from glassformer.training.config import RunConfig
from glassformer.training.distributed import Group
from glassformer.training.update.optimizer import adam
from glassformer.training.update.replica import Replica
from glassformer.training.update.updater import Updater
from tests.letters import QUICK
from tests.training.disturbing import AtUpdate
from tests.training.runs import log_of, parameters_of
from tests.training.waits import Waits

CPU = torch.device("cpu")
SOURCE_BS = np.array([[5, 6, 7, 3], [8, 3, 0, 0]])
TARGET_BT = np.array([[9, 10, 3], [11, 3, 0]])
OPTIONS = [
    {},
    {"precision": "bfloat16"},
    {"r_drop": 1.0},
    {"activation_checkpointing": True},
    {"accumulate": 2},
    {"clip_norm": None},
    {"norm_position": "post", "positions": "rotary", "norm": "rmsnorm", "activation": "swiglu", "num_kv_heads": 1},
    {"positions": "learned", "tie_embeddings": False, "output_bias": True, "source_vocab_size": 300},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_an_update_waits_for_nothing(options):
    config = RunConfig.from_flat(QUICK | {"corpus": "names", "compile": "none"} | options)
    torch.manual_seed(1)
    replica = Replica(Transformer(config.model).train(), config.training, Group(CPU))
    updater = Updater(replica, adam(replica.model), config, Group(CPU), SimpleNamespace())
    batches = [Batch(SOURCE_BS, TARGET_BT, np.arange(2))] * config.training.accumulate
    updater.update(1, batches)
    before = [weight.detach().clone() for weight in replica.model.parameters()]
    with Waits() as waits:
        update = updater.update(2, batches)
    # On the CPU each attention asks whether its mask leaves a row empty, in every forward pass.
    passes = 2 if options.get("activation_checkpointing") or options.get("accumulate") else 1
    assert waits.found == ["aten._local_scalar_dense.default"] * 3 * passes
    assert update.applied and any(
        not weight.equal(was) for weight, was in zip(replica.model.parameters(), before, strict=True)
    )


def test_what_would_wait_is_found():
    """Or the test above would show nothing."""
    numbers = torch.arange(3.0)
    for waiting in (numbers.sum().item, numbers.nonzero, lambda: numbers[numbers > 1], lambda: bool(numbers.any()),
                    lambda: numbers.masked_select(numbers > 1), lambda: numbers.equal(numbers)):  # fmt: skip
        with Waits() as waits:
            waiting()
        assert len(waits.found) == 1


def test_attention_asks_nothing_of_another_device():
    """On the meta device there are no numbers: what asks for one fails."""
    scores_BHTS, mask_B11S = torch.zeros(2, 1, 3, 4, device="meta"), torch.ones(2, 1, 1, 4, device="meta").bool()
    assert Softmax()(scores_BHTS, mask_B11S).shape == (2, 1, 3, 4)


def test_updates_whose_numbers_are_read_late_leave_the_same_run(quick, tmp_path):
    """As on a GPU: the log and the weights are those of a run that waits, and so are the updates that are skipped."""

    def read_late(trainer):
        trainer.ahead = 1

    class Spoilt(AtUpdate):
        """Reads late, if asked to, and gives no loss at three updates, two of them in a row."""

        def on_train_start(self, trainer):
            self.work(trainer)
            trainer.run.replica.objective.register_forward_hook(self.spoil)
            self.trainer = trainer

        def spoil(self, objective, inputs, loss):
            return loss * (torch.nan if self.trainer.progress.step in (3, 6, 7) and objective.training else 1)

    settings = {"max_steps": 11, "log_every": 5, "checkpoint_every": 7, "validate_every": 9}
    for name, work in (("at_once", lambda trainer: None), ("late", read_late)):
        assert quick(name, callback=Spoilt(0, work), **settings).status == 0
    at_once, late = (
        [
            {key: value for key, value in record.items() if not key.endswith(("second", "seconds", "utilisation"))}
            for record in log_of(tmp_path / name)
            if record["event"] != "note"
        ]
        for name in ("at_once", "late")
    )
    assert [record["step"] for record in late if record["event"] == "skipped"] == [3, 6, 7]
    # A skipped update is told when it is counted, which may be after another line.
    assert sorted(map(str, at_once)) == sorted(map(str, late))
    for model in ("last", "checkpoints/step-000007"):
        assert parameters_of(tmp_path / "at_once" / model) == parameters_of(tmp_path / "late" / model)
