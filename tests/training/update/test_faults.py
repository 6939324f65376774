"""Updates that give no usable numbers: skipped, counted, told; after some in a row training ends with good weights."""

import math
import re

import pytest
import torch
from safetensors.torch import load_file

from glassformer.training.update.faults import usable
from tests.commands import refusal, run
from tests.training.disturbing import AtUpdate, LossTimes
from tests.training.runs import checkpoint_of, records_of, state_of


def state(path, step):
    """A checkpoint's parameters, and all else it holds."""
    return load_file(checkpoint_of(path, step) / "model.safetensors"), state_of(path, step)


def test_what_is_usable():
    def is_usable(loss, grad_norm):
        return usable(torch.tensor(loss), torch.tensor(grad_norm), 8000)

    assert is_usable(math.log(8000), 1e9)
    assert not is_usable(10 * math.log(8000) + 1e-4, 1.0)
    for number in (math.nan, math.inf, -math.inf):
        assert not is_usable(number, 1.0)
        assert not is_usable(1.0, number)


@pytest.mark.parametrize("factor", [math.nan, math.inf, 1e4])
def test_a_step_with_no_usable_loss_is_skipped(factor, quick, tmp_path):
    spoilt = LossTimes(lambda number: factor if number in (3, 4) else 1.0)
    assert quick("run", callback=spoilt, max_steps=6, checkpoint_every=1, keep_checkpoints=6, log_every=1).status == 0
    weights, moments = zip(*(state(tmp_path / "run", step) for step in (2, 3, 4, 5)), strict=True)
    for name, weight in weights[0].items():
        assert torch.equal(weight, weights[1][name]) and torch.equal(weight, weights[2][name]), name
    assert any(not torch.equal(weight, weights[3][name]) for name, weight in weights[0].items())
    for key, value in moments[0].items():
        if not key.startswith("random."):  # dropout has drawn its numbers
            assert torch.equal(value, moments[2][key]), key
    told = [record["step"] for record in records_of(tmp_path / "run", "skipped")]
    assert told == [3, 4]
    for record in records_of(tmp_path / "run", "skipped"):
        assert "gradient norm" in record["text"] and "learning rate 0.00" in record["text"]
    assert [record["skipped"] for record in records_of(tmp_path / "run", "train")] == [0, 0, 1, 2, 2, 2]
    assert [record["step"] for record in records_of(tmp_path / "run", "train") if record["loss"] is None] == [3, 4]


def test_a_gradient_that_is_infinite_is_skipped_though_the_loss_is_finite(quick, tmp_path, monkeypatch):
    clip = torch.nn.utils.clip_grad_norm_
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", lambda weights, norm: clip(weights, norm) * math.inf)
    outcome = quick("run", max_steps=9, max_skipped=5)
    assert re.search(r"step 5 skipped: loss [0-9.]+, gradient norm inf, learning rate ", outcome.err)
    line = refusal(outcome, notes=True)
    # The weights give a good loss: they are saved at once.
    assert "at step 5" in line and f"the last good weights are in {tmp_path}/run/checkpoints/step-000005" in line


def test_after_n_in_a_row_training_ends_with_the_last_good_weights(quick, tmp_path):
    spoilt = LossTimes(lambda number: math.nan if number in (2, 4, 5, 6) else 1.0)
    line = refusal(quick("run", callback=spoilt, max_steps=9, max_skipped=3, checkpoint_every=3), notes=True)
    assert line.startswith("training gives no numbers any more at step 6 (loss nan, gradient norm nan, learning rate ")
    assert "3 updates in a row skipped" in line and "try a lower learning_rate" in line
    # Validation still gives a good loss with them.
    assert f"the last good weights are in {tmp_path}/run/checkpoints/step-000006:" in line
    before, after = (state(tmp_path / "run", step)[0] for step in (3, 6))
    assert all(torch.equal(weight, after[name]) for name, weight in before.items())
    change = ("--allow", "learning_rate", "--set", "learning_rate=0.001")
    outcome = run("train", "--out", tmp_path / "run", "--resume", "--device", "cpu", *change)
    assert outcome.status == 0 and "changed: learning_rate: 0.002 -> 0.001" in outcome.err
    assert (tmp_path / "run/checkpoints/step-000009").exists()


def test_weights_that_exploded_are_not_saved_and_cost_no_good_checkpoint(quick, tmp_path):
    """From step 3 on the weights are finite and ruined; what was saved before outlives it."""

    def ruin(trainer):
        with torch.no_grad():
            trainer.run.replica.model.generator.weight.mul_(1e4)

    outcome = quick(
        "run",
        callback=AtUpdate(3, ruin),
        max_steps=20,
        max_skipped=5,
        checkpoint_every=1,
        keep_checkpoints=1,
        average_last=1,
    )
    line = refusal(outcome, notes=True)
    assert "training gives no numbers any more at step 7" in line
    assert f"the last good weights are in {tmp_path}/run/checkpoints/step-000002" in line
    assert [path.name for path in (tmp_path / "run/checkpoints").iterdir()] == ["step-000002"]
    assert "step 4 is not saved: its weights give no usable loss" in outcome.err
    saved = [load_file(tmp_path / "run" / name / "model.safetensors") for name in ("last", "checkpoints/step-000002")]
    assert all(torch.equal(weight, saved[1][name]) for name, weight in saved[0].items())
