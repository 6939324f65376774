"""Going on with a run: from the newest whole checkpoint, with the same settings and data, one training at a time."""

import json
import os
import shutil
import signal
import socket
import time

import pytest
import torch
import yaml
from safetensors.torch import load_file, save
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import glassformer
from glassformer.data.cache import key_of
from glassformer.files import integrity_problem, write_checksums
from glassformer.training.run.checkpoint import checkpoints
from glassformer.training.run.lock import lock_run
from tests.commands import options, refusal, run, start, train
from tests.letters import QUICK, letters, write_tsv
from tests.training.disturbing import LossTimes
from tests.training.runs import log_of, notes_of, parameters_of


def resume(path, *arguments, **settings):
    return run("train", "--out", path, "--resume", "--device", "cpu", *options(settings), *arguments)


def numbers_of(path):
    """What the log holds of steps, but for times and speeds."""
    times = {"seconds", "target_tokens_per_second", "utilisation"}
    records = [record for record in log_of(path) if record["event"] != "note"]
    return [{key: value for key, value in record.items() if key not in times} for record in records]


# Stopping


class StopAt:
    """Sends Ctrl-C while the loss of this batch is computed; the loss stays."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __call__(self, number: int) -> float:
        if number == self.number:
            signal.raise_signal(signal.SIGINT)
        return 1.0


def test_a_run_that_was_stopped_twice_ends_as_one_that_was_not(quick, tmp_path):
    """With dropout, in the middle of an epoch, of a window of the log and between two checkpoints."""
    settings = {"max_steps": 15, "checkpoint_every": 4, "validate_every": 6, "log_every": 5, "keep_checkpoints": 3,
                "average_last": 3, "batch_tokens": 64, "accumulate": 2, "metric": "loss", "learning_rate": 0.01,
                "probe": ["a b"], "probe_every": 4}  # fmt: skip
    assert quick("straight", **settings).status == 0

    within_6, within_11 = (LossTimes(StopAt(number)) for number in (11, 9))  # of two batches for each step
    assert quick("run", callback=within_6, **settings).status == 128 + signal.SIGINT
    assert [path.name for path in checkpoints(tmp_path / "run")] == ["step-000004", "step-000006"]
    again = train(within_11, out=tmp_path / "run", resumed=True)
    assert again.status == 128 + signal.SIGINT
    assert resume(tmp_path / "run").status == 0
    names = [path.relative_to(tmp_path / "straight") for path in (tmp_path / "straight").rglob("*.safetensors")]
    for name in names:
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "straight" / name).read_bytes(), name
    assert numbers_of(tmp_path / "run") == numbers_of(tmp_path / "straight")
    averages = [[text for text in notes_of(tmp_path / name) if "average" in text] for name in ("run", "straight")]
    assert len(averages[0]) == 1 and averages[0] == averages[1]
    probes = [sorted(path.name for path in (tmp_path / name / "probes").iterdir()) for name in ("run", "straight")]
    assert probes[0] == probes[1] == [f"0-{step:08d}.json" for step in (0, 4, 8, 12)]


def test_a_run_with_subword_dropout_goes_on_in_another_process_as_if_it_had_not_stopped(quick, tmp_path):
    settings = {"subword_dropout": 0.3, "checkpoint_every": 3, "batch_tokens": 64}
    assert quick("straight", max_steps=6, **settings).status == quick("run", max_steps=3, **settings).status == 0
    process = start("train", "--out", tmp_path / "run", "--resume", "--device", "cpu", "--set", "max_steps=6")
    err = process.communicate()[1].decode()
    assert process.returncode == 0 and "the batches are others" not in err, err
    assert parameters_of(tmp_path / "run/last") == parameters_of(tmp_path / "straight/last")
    assert numbers_of(tmp_path / "run")[-1] == numbers_of(tmp_path / "straight")[-1]


# Checksums


DAMAGES = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "altered": lambda path: path.write_bytes(path.read_bytes()[:-1] + bytes([path.read_bytes()[-1] ^ 1])),
    "removed": lambda path: path.unlink(),
}
FILES = ("model.safetensors", "training_state.safetensors", "training_state.json", "config.json", "checksums.json")


def test_damage_of_every_kind_and_file_is_found(tmp_path):
    for number, (kind, harm) in enumerate(DAMAGES.items()):
        for name in FILES:
            folder = tmp_path / f"{number}-{name}"
            folder.mkdir()
            for file in FILES[:-1]:
                content = {file: torch.ones(3)}  # weights say in their header how long they are
                (folder / file).write_bytes(save(content) if file.endswith(".safetensors") else file.encode())
            write_checksums(folder)
            assert integrity_problem(folder) == ""
            harm(folder / name)
            assert name in integrity_problem(folder) or name == "checksums.json", (kind, name)
            assert integrity_problem(folder)


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_checkpoint_is_named_and_the_one_before_is_used(kind, quick, tmp_path):
    assert quick("straight", max_steps=6, checkpoint_every=2).status == 0
    assert quick("run", max_steps=4, checkpoint_every=2).status == 0
    broken = tmp_path / "run/checkpoints/step-000004"
    DAMAGES[kind](broken / "model.safetensors")
    outcome = resume(tmp_path / "run", max_steps=6)
    assert outcome.status == 0
    assert f"warning: damaged checkpoint {broken}: model.safetensors" in outcome.err
    assert "going on from" in outcome.err and "step-000002" in outcome.err
    assert not integrity_problem(broken)  # the step was done again
    assert parameters_of(tmp_path / "run/last") == parameters_of(tmp_path / "straight/last")


def test_a_damaged_checkpoint_is_not_deleted_and_takes_no_good_ones_place(quick, tmp_path):
    assert quick("run", max_steps=9, checkpoint_every=3, keep_checkpoints=2, average_last=1).status == 0
    broken = tmp_path / "run/checkpoints/step-000009"
    DAMAGES["truncated"](broken / "training_state.json")
    assert resume(tmp_path / "run", max_steps=7).status == 0
    kept = [path.name for path in checkpoints(tmp_path / "run")]
    assert kept == ["step-000006", "step-000007", "step-000009"]  # two good ones, and the one to look at
    assert integrity_problem(broken)


def test_where_all_are_damaged_each_is_named(quick, tmp_path):
    assert quick("run", max_steps=4, checkpoint_every=2).status == 0
    for step in (2, 4):
        DAMAGES["truncated"](tmp_path / f"run/checkpoints/step-00000{step}/model.safetensors")
    before = {path: path.read_bytes() for path in (tmp_path / "run/checkpoints").rglob("*") if path.is_file()}
    line = refusal(resume(tmp_path / "run"))
    assert line.startswith(f"{tmp_path}/run: no checkpoint is whole (")
    assert "step-000002: model.safetensors is truncated or altered" in line and "step-000004: " in line
    assert {path: path.read_bytes() for path in (tmp_path / "run/checkpoints").rglob("*") if path.is_file()} == before


def test_damaged_checkpoints_are_left_out_of_the_average_and_said(quick, tmp_path):
    assert quick("run", max_steps=4, checkpoint_every=2, keep_checkpoints=3, average_last=3).status == 0
    DAMAGES["truncated"](tmp_path / "run/checkpoints/step-000002/model.safetensors")
    assert resume(tmp_path / "run", max_steps=6).status == 0
    assert "1 of the last checkpoints are damaged, and not in the average" in notes_of(tmp_path / "run")


# Where there is nothing to go on with, or nothing left to do


def test_the_command_that_goes_on_also_starts_a_run(quick, tmp_path):
    """As torchrun repeats it after a failure that came before the first checkpoint."""
    outcome = quick("run", "--resume")
    assert outcome.status == 0 and f"{tmp_path}/run: no run to resume; this starts it" in outcome.err
    assert quick("straight").status == 0
    assert parameters_of(tmp_path / "run/last") == parameters_of(tmp_path / "straight/last")


def test_a_run_stopped_beyond_its_new_end_ends_where_it_is(quick, tmp_path):
    """It was stopped before it was ever validated: that is made up for."""
    assert quick("run", callback=LossTimes(StopAt(5)), max_steps=9).status == 128 + signal.SIGINT
    assert not any(record["event"] == "validation" for record in log_of(tmp_path / "run"))
    assert resume(tmp_path / "run", max_steps=3).status == 0
    assert [record["step"] for record in log_of(tmp_path / "run") if record["event"] == "validation"] == [5]
    for name in ("best", "last"):
        assert json.loads((tmp_path / "run" / name / "card.json").read_text())["steps"] == 5


# What a resumed run may change


def test_all_differences_are_shown_at_once(quick, tmp_path):
    assert quick("run").status == 0
    line = refusal(resume(tmp_path / "run", learning_rate=0.1, seed=5, max_steps=9), 2)
    assert line.startswith("--resume keeps the run's settings, but these differ: ")
    assert "learning_rate: 0.002 -> 0.1, seed: 1 -> 5;" in line and "max_steps" not in line
    assert line.endswith("if you mean it: --allow learning_rate,seed")
    line = refusal(resume(tmp_path / "run", d_model=32, preset="base"), 2)
    assert "d_model: 16 -> 32" in line and "encoder_layers: 1 -> 6" in line and "--allow" not in line
    assert "did you mean 'max_steps'?" in refusal(resume(tmp_path / "run", max_stepps=5), 2)
    assert "did you mean 'learning_rate'?" in refusal(resume(tmp_path / "run", "--allow", "learningrate"), 2)
    assert "start another run" in refusal(resume(tmp_path / "run", "--allow", "d_model", d_model=32), 2)
    assert "give it with --resume" in refusal(quick("other", "--allow", "seed"), 2)
    assert "seed: 1 -> 5" in refusal(resume(tmp_path / "run", "--allow", "learning_rate", seed=5), 2)


def test_what_is_allowed_is_changed_told_and_kept(quick, tmp_path):
    assert quick("run").status == 0
    outcome = resume(tmp_path / "run", "--allow", "learning_rate,dropout", learning_rate=0.1, dropout=0.0, max_steps=6)
    assert outcome.status == 0
    told = "changed: dropout: 0.3 -> 0.0, max_steps: 4 -> 6, learning_rate: 0.002 -> 0.1"
    assert told in outcome.err and any(record.get("text") == told for record in log_of(tmp_path / "run"))
    values = yaml.safe_load((tmp_path / "run/config.yaml").read_text())
    assert (values["learning_rate"], values["dropout"], values["max_steps"]) == (0.1, 0.0, 6)
    assert json.loads((tmp_path / "run/last/config.json").read_text())["dropout"] == 0.0
    assert "changed" not in resume(tmp_path / "run").err  # it is the run's now


def test_a_run_from_before_augmentation_goes_on_with_its_batches(quick, tmp_path):
    """Its config has no such key, and its checkpoint a hash of the settings that there were."""
    assert quick("run", max_steps=2).status == 0
    path = tmp_path / "run/config.yaml"
    values = yaml.safe_load(path.read_text())
    assert values.pop("augment") == "none"
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    fingerprint = json.loads((tmp_path / "run/data.json").read_text())["text"]
    before = ("seed", "batch_tokens", "subword_dropout", "pair_weights", "stream", "drop")
    hashed = key_of(fingerprint, [values[key] for key in before])
    progress = json.loads((tmp_path / "run/checkpoints/step-000002/training_state.json").read_text())
    assert progress["batching_key"] == hashed
    assert "the batches are others" not in resume(tmp_path / "run", max_steps=3).err
    changed = resume(tmp_path / "run", "--allow", "augment", augment="standard", max_steps=4)
    assert "changed: augment: none -> standard" in changed.err
    assert "the batches are others now" in changed.err


def test_a_run_whose_splits_were_drawn_otherwise_begins_a_new_epoch(quick, tmp_path):
    """Before splits came from `subword_regularization.py`, the hash was of the settings alone."""
    assert quick("run", max_steps=2, subword_dropout=0.1).status == 0
    values = yaml.safe_load((tmp_path / "run/config.yaml").read_text())
    fingerprint = json.loads((tmp_path / "run/data.json").read_text())["text"]
    before = ("seed", "batch_tokens", "subword_dropout", "pair_weights", "stream", "drop")
    checkpoint = tmp_path / "run/checkpoints/step-000002"
    progress = json.loads((checkpoint / "training_state.json").read_text())
    progress["batching_key"] = key_of(fingerprint, [values[key] for key in before])
    (checkpoint / "training_state.json").write_text(json.dumps(progress))
    write_checksums(checkpoint)
    assert "the batches are others now: epoch 1 begins" in resume(tmp_path / "run", max_steps=3).err
    assert "the batches are others" not in resume(tmp_path / "run", max_steps=4).err


def test_other_batches_begin_a_new_epoch(quick, tmp_path):
    assert quick("run", max_steps=2, batch_tokens=64).status == 0
    outcome = resume(tmp_path / "run", "--allow", "batch_tokens", batch_tokens=100, max_steps=3)
    assert outcome.status == 0 and "the batches are others now: epoch 1 begins" in outcome.err
    changed = parameters_of(tmp_path / "run/last")
    shutil.rmtree(tmp_path / "run/checkpoints/step-000003")  # as if it had been killed before its first checkpoint
    outcome = resume(tmp_path / "run")
    assert outcome.status == 0 and "the batches are others now: epoch 1 begins" in outcome.err
    assert parameters_of(tmp_path / "run/last") == changed
    assert "the batches are others" not in resume(tmp_path / "run", max_steps=4).err


def test_a_probe_that_is_too_long_is_refused_before_anything_is_changed(quick, tmp_path):
    assert quick("run").status == 0
    before = (tmp_path / "run/config.yaml").read_text()
    line = refusal(resume(tmp_path / "run", "--probe", "a " * 40, max_steps=6))
    assert line.startswith("probe 'a a ") and "the model admits 32" in line
    assert (tmp_path / "run/config.yaml").read_text() == before
    assert resume(tmp_path / "run", max_steps=6).status == 0


def test_when_to_stop_may_change_and_a_cosine_then_ends_elsewhere(quick, tmp_path):
    assert quick("run", schedule="cosine", max_steps=8, log_every=1).status == 0
    outcome = resume(tmp_path / "run", "--set", "max_minutes=5", "--set", "patience=7", "--max-steps", 12)
    assert outcome.status == 0 and "the decay of the learning rate ends at step 12 now" in outcome.err
    rates = [record["learning_rate"] for record in log_of(tmp_path / "run") if record["event"] == "train"]
    assert quick("straight", schedule="cosine", max_steps=12, log_every=1).status == 0
    straight = [record["learning_rate"] for record in log_of(tmp_path / "straight") if record["event"] == "train"]
    assert rates[7] == 0.0 and rates[8:] == straight[8:]


# Data


@pytest.fixture
def on_files(tmp_path):
    """A run on files of its own, which a test may change."""
    pairs = letters(40)
    write_tsv(tmp_path / "train.tsv", pairs[8:])
    write_tsv(tmp_path / "valid.tsv", pairs[:8])
    data = ("--pairs", tmp_path / "train.tsv", "--valid-pairs", tmp_path / "valid.tsv")
    words = options(QUICK | {"vocab_size": 272, "batch_tokens": 64})
    assert run("train", *data, "--out", tmp_path / "run", "--device", "cpu", *words).status == 0
    return tmp_path / "run"


@pytest.mark.parametrize("name", ["train.tsv", "valid.tsv"])
def test_changed_data_is_refused_by_the_file_and_taken_where_it_is_meant(name, on_files, tmp_path):
    path = tmp_path / name
    before = path.read_text()
    path.write_text(before + "f f f\tf f f\n")
    line = refusal(resume(on_files, max_steps=6))
    assert line.startswith(f"{on_files}: the data is not what the run began with: {path} has changed; if you mean it")
    outcome = resume(on_files, "--allow", "data", max_steps=6)
    assert outcome.status == 0 and f"changed: the data: {path} has changed" in outcome.err
    # Scores of other sentences say nothing about which is best.
    assert ("what is best is found anew" in outcome.err) == (name == "valid.tsv")
    if name == "valid.tsv":
        assert json.loads((on_files / "best/card.json").read_text())["steps"] == 6
    assert resume(on_files, max_steps=7).status == 0  # it is the run's now
    path.write_text(before)
    assert "has changed" in refusal(resume(on_files, max_steps=8))


def test_the_same_text_elsewhere_is_the_same_data(on_files, tmp_path):
    moved = tmp_path / "moved.tsv"
    (tmp_path / "train.tsv").rename(moved)
    line = refusal(resume(on_files, "--pairs", moved, max_steps=6), 2)
    assert "pairs: " in line and line.endswith("if you mean it: --allow pairs")
    outcome = resume(on_files, "--pairs", moved, "--allow", "pairs", max_steps=6)
    assert outcome.status == 0 and "the batches are others" not in outcome.err


# Two at once


def test_a_run_in_which_a_process_trains_is_refused_and_the_process_named(quick, tmp_path):
    """That the kernel lets go of a killed process's lock, test_kill shows."""
    assert quick("run").status == 0
    with lock_run(tmp_path / "run"):
        for outcome in (resume(tmp_path / "run", max_steps=6), quick("run")):
            line = refusal(outcome)
            assert line.startswith(f"{tmp_path}/run: process {os.getpid()} on {socket.gethostname()} is training in it")
    assert resume(tmp_path / "run", max_steps=6).status == 0


def test_a_lock_leaves_no_directory_of_its_own(tmp_path):
    with lock_run(tmp_path / "run"):
        assert (tmp_path / "run").is_dir()
    assert list(tmp_path.iterdir()) == []  # nothing was put into it
    (tmp_path / "mine").mkdir()
    with lock_run(tmp_path / "mine"):
        pass
    assert (tmp_path / "mine").is_dir()  # it was there before


# Time


def test_a_clock_that_is_set_back_changes_nothing(quick, tmp_path, monkeypatch):
    settings = {"checkpoint_every": 2, "validate_every": 3, "log_every": 1, "metric": "loss"}
    assert quick("straight", max_steps=8, **settings).status == 0
    now = time.time()
    assert quick("run", max_steps=4, **settings).status == 0
    monkeypatch.setattr(time, "time", lambda: now - 1e6)
    # Back to step 2, as after a crash: what was logged of steps 3 and 4 is cut off and done again.
    DAMAGES["removed"](tmp_path / "run/checkpoints/step-000004/model.safetensors")
    assert resume(tmp_path / "run", max_steps=8).status == 0
    monkeypatch.undo()
    assert parameters_of(tmp_path / "run/last") == parameters_of(tmp_path / "straight/last")
    assert [path.name for path in checkpoints(tmp_path / "run")] == [f"step-{n:06d}" for n in (2, 4, 6, 8)]
    assert numbers_of(tmp_path / "run") == numbers_of(tmp_path / "straight")
    board = EventAccumulator(str(tmp_path / "run"))
    board.Reload()
    assert [point.step for point in board.Scalars("train/loss")] == list(range(1, 9))


# Ties


def test_ties_of_the_metric_are_broken_by_the_lower_loss(quick, tmp_path):
    """chrF of so small a model is 0 each time; the loss falls."""
    assert quick("run", max_steps=12, validate_every=4, dropout=0.0).status == 0
    validations = [record for record in log_of(tmp_path / "run") if record["event"] == "validation"]
    losses = [record["loss"] for record in validations]
    assert {record["chrf"] for record in validations} == {0.0}
    assert losses == sorted(losses, reverse=True) and all(record["best"] for record in validations)
    assert json.loads((tmp_path / "run/best/card.json").read_text())["steps"] == 12


# Fine-tuning


@pytest.fixture
def origin(quick, tmp_path):
    assert quick("origin").status == 0
    return tmp_path / "origin"


def test_fine_tuning_begins_with_the_models_weights_and_tokenizers(origin, tmp_path):
    other = write_tsv(tmp_path / "other.tsv", letters(30, reverse=True, seed=2))
    words = options({"max_steps": 1, "learning_rate": 1e-12, "checkpoint_every": 1, "precision": "float32"})
    fine = ("train", "--from", origin, "--pairs", other, "--out", tmp_path / "fine", "--device", "cpu", *words)
    assert run(*fine).status == 0
    before, after = (load_file(path / "model.safetensors") for path in (origin / "best", tmp_path / "fine/last"))
    for name, weight in before.items():
        assert (after[name] - weight).abs().max() < 1e-9
    for name in ("source.spm", "target.spm"):
        assert (tmp_path / "fine/last" / name).read_bytes() == (origin / "best" / name).read_bytes()
    assert (tmp_path / "fine/last/config.json").read_text() == (origin / "best/config.json").read_text()
    card = json.loads((tmp_path / "fine/last/card.json").read_text())
    assert card["start_from"] == str(origin) and card["steps"] == 1 and card["corpus"] == str(other)
    state = load_file(tmp_path / "fine/checkpoints/step-000001/training_state.safetensors")
    assert {float(value) for key, value in state.items() if key.endswith("/step")} == {1.0}  # Adam is a new one


def test_fine_tuning_goes_on_without_the_model_it_began_with(origin, small_corpus, tmp_path):
    pairs = [str(small_corpus / "train.tsv")]
    settings = {"pairs": pairs, "precision": "float32", "max_steps": 2, "dropout": 0.1, "device": "cpu"}
    glassformer.train(tmp_path / "fine", start_from=str(origin), **settings)
    assert json.loads((tmp_path / "fine/last/config.json").read_text())["dropout"] == 0.1
    origin.rename(tmp_path / "away")
    assert resume(tmp_path / "fine", max_steps=3).status == 0


def test_a_shape_that_contradicts_the_model_is_refused(origin, small_corpus, tmp_path):
    fine = ("train", "--from", origin, "--pairs", small_corpus / "train.tsv", "--out", tmp_path / "fine")
    line = refusal(run(*fine, *options({"d_model": 32, "vocab_size": 300, "dropout": 0.5})), 2)
    assert "d_model: 16 -> 32, vocab_size: 273 -> 300;" in line and "dropout" not in line
    assert "encoder_layers: 1 -> 6" in refusal(run(*fine, "--preset", "base"), 2)
    missing = ("train", "--from", tmp_path / "nowhere", "--pairs", small_corpus / "train.tsv", "--out", tmp_path / "x")
    assert "nowhere: no such model" in refusal(run(*missing))
    assert not (tmp_path / "fine").exists() and not (tmp_path / "x").exists()
