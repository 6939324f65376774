"""Whole trainings: that the model learns, what is saved and logged, when it ends, and how it goes on."""

import json
import math
import shlex
import shutil
import signal
import time

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.nn.modules.module import register_module_forward_pre_hook

import glassformer
from glassformer.files import write_checksums
from glassformer.model import Transformer
from glassformer.model_directory import resolve
from glassformer.special import PAD
from glassformer.training import Callback
from glassformer.training.config import RunConfig
from glassformer.training.distributed import Group
from glassformer.training.run.building import prepare_data
from glassformer.training.update.objective import Objective
from glassformer.translator import Translator
from tests.commands import options, run, start
from tests.letters import QUICK, letters, write_tsv
from tests.training.runs import log_of, notes_of, parameters_of

TRAIN = {"step", "epoch", "loss", "learning_rate", "grad_norm", "skipped", "target_tokens_per_second", "utilisation",
         "seconds"}  # fmt: skip
ALONE = Group(torch.device("cpu"))
VALIDATION = {"step", "best", "loss", "perplexity", "bleu", "chrf", "signatures", "samples"}


def done(outcome):
    assert outcome.status == 0, outcome.err
    return outcome


def steps_of(path):
    return sorted(int(folder.name.removeprefix("step-")) for folder in (path / "checkpoints").iterdir())


def card(path):
    return json.loads((path / "card.json").read_text())


# Learning


@pytest.mark.parametrize("task", ["copying", "reversing"])
def test_letters_are_learnt_perfectly(task, request):
    trained = request.getfixturevalue(task)
    sources, references = zip(*trained.held_out, strict=True)
    for beam in (1, 4):
        found = Translator.load(trained.path).translate(sources, beam=beam)
        assert [one.text for one in found] == list(references)


# What is saved


def test_best_last_average_and_checkpoints_are_whole_models(reversing):
    assert steps_of(reversing.path) == [300, 375, 450]  # keep_checkpoints = 3
    found = {}
    for name in ("best", "last", "average", *(f"checkpoints/step-{step:06d}" for step in (300, 375, 450))):
        found[name] = Translator.load(reversing.path / name).translate(["a b c", "f e"])
        assert (reversing.path / name / "card.json").exists()
    assert [one.text for one in found["average"]] == ["c b a", "e f"]
    assert parameters_of(reversing.path / "last") == parameters_of(reversing.path / "checkpoints/step-000450")
    assert resolve(reversing.path) == reversing.path / "average"
    assert not list(reversing.path.rglob(".*"))  # nothing half done is left


def test_average_is_the_mean_of_the_last_checkpoints(reversing):
    paths = [reversing.path / f"checkpoints/step-{step:06d}" for step in (375, 450)]  # average_last = 2
    one, other = (load_file(path / "model.safetensors") for path in paths)
    mean = load_file(reversing.path / "average/model.safetensors")
    assert mean.keys() == one.keys() == other.keys()
    for name, weight in mean.items():
        torch.testing.assert_close(weight, (one[name] + other[name]) / 2, rtol=1e-6, atol=1e-8)


def test_the_card_says_where_a_model_comes_from(reversing):
    values = card(reversing.path / "best")
    assert values.keys() == {"corpus", "steps", "validation", "seed", "versions", "confidence"}
    assert values["corpus"].endswith("train.tsv")
    assert values["seed"] == 1
    assert values["versions"].keys() == {"glassformer", "torch", "sentencepiece", "sacrebleu", "python"}
    record = next(r for r in log_of(reversing.path) if r["event"] == "validation" and r["step"] == values["steps"])
    assert all(record[key] == value for key, value in values["validation"].items())


def test_best_is_the_validation_with_the_highest_metric(reversing):
    validations = [record for record in log_of(reversing.path) if record["event"] == "validation"]
    assert [record["step"] for record in validations] == [150, 300, 450]
    improvements = [record["step"] for record in validations if record["best"]]
    assert improvements[0] == 150
    assert card(reversing.path / "best")["steps"] == improvements[-1]
    highest = max(record["chrf"] for record in validations)
    assert card(reversing.path / "best")["validation"]["chrf"] == highest


def test_the_resolved_config_makes_the_same_model_again(quick, tmp_path):
    done(quick("one"))
    values = yaml.safe_load((tmp_path / "one/config.yaml").read_text())
    assert values.keys() >= {"d_model", "num_kv_heads", "max_steps", "pairs", "seed", "tokenizer"}
    assert (values["d_model"], values["max_steps"], values["precision"]) == (16, 4, "float32")
    done(run("train", "--config", tmp_path / "one/config.yaml", "--out", tmp_path / "two", "--device", "cpu"))
    assert yaml.safe_load((tmp_path / "two/config.yaml").read_text()) == values
    assert parameters_of(tmp_path / "two/last") == parameters_of(tmp_path / "one/last")
    config = ("train", "--config", tmp_path / "one/config.yaml", "--out", tmp_path / "three", "--seed", 2)
    done(run(*config))
    assert parameters_of(tmp_path / "three/last") != parameters_of(tmp_path / "one/last")


def test_the_python_face_trains_as_the_command_does(quick, small_corpus, tmp_path, capsys):
    done(quick("one"))
    pairs = {"pairs": [str(small_corpus / "train.tsv")], "valid_pairs": [str(small_corpus / "valid.tsv")]}
    translator = glassformer.train(tmp_path / "two", device="cpu", **pairs, **QUICK)
    assert parameters_of(tmp_path / "two/last") == parameters_of(tmp_path / "one/last")
    assert translator.translate(["a b"])[0].source == "a b"
    assert capsys.readouterr().out == ""


def test_precision_auto_is_settled_and_written_down(quick, tmp_path):
    done(quick("run", precision="auto", max_steps=1))
    precision = yaml.safe_load((tmp_path / "run/config.yaml").read_text())["precision"]
    assert precision in ("float32", "bfloat16")
    assert any(f"; {precision} on cpu; seed 1; " in note for note in notes_of(tmp_path / "run"))


def test_precision_auto_measures_what_fits_into_memory(quick, tmp_path):
    def limited(module, inputs):
        if isinstance(module, Objective) and module.model.training and len(inputs[0]) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")

    hook = register_module_forward_pre_hook(limited)
    try:
        outcome = done(quick("run", precision="auto", max_steps=1, batch_tokens=64))
    finally:
        hook.remove()
    assert "memory did not suffice; batches that were halved" in outcome.err


def test_bfloat16_keeps_its_weights_in_float32(quick, tmp_path):
    done(quick("run", precision="bfloat16"))
    saved = load_file(tmp_path / "run/last/model.safetensors")
    assert {weight.dtype for weight in saved.values()} == {torch.float32}
    done(quick("exact"))
    exact = load_file(tmp_path / "exact/last/model.safetensors")
    assert any(not torch.equal(saved[name], exact[name]) for name in saved)  # it did compute in another format


# What is logged


def test_log_lines_have_the_documented_keys(reversing):
    records = log_of(reversing.path)
    expected = {"train": TRAIN | {"event"}, "validation": VALIDATION | {"event"}, "note": {"event", "text"}}
    for record in records:
        assert record.keys() == expected[record["event"]]
    last = [record for record in records if record["event"] == "train"][-1]
    assert last["step"] == 450
    first = next(record for record in records if record["event"] == "train")
    assert last["loss"] < first["loss"] / 10
    assert all(record["utilisation"] > 0 for record in records if record["event"] == "train")
    for record in records:
        if record["event"] == "validation":
            assert record["perplexity"] == pytest.approx(math.exp(record["loss"]), abs=0.01)
            assert all(len(sample) == 3 for sample in record["samples"])


def test_the_learning_rate_logged_is_that_of_the_schedule(quick, tmp_path):
    done(quick("run", max_steps=8, validate_every=2, schedule="inverse_sqrt"))
    rates = {
        record["step"]: record["learning_rate"] for record in log_of(tmp_path / "run") if record["event"] == "train"
    }
    expected = {2: 0.001, 4: 0.002, 6: 0.002 * math.sqrt(4 / 6), 8: 0.002 * math.sqrt(4 / 8)}
    assert rates == pytest.approx(expected)


def test_tensorboard_holds_the_same_numbers(reversing):
    board = EventAccumulator(str(reversing.path))
    board.Reload()
    records = log_of(reversing.path)
    for event, keys in (("train", TRAIN), ("validation", VALIDATION - {"signatures", "samples"})):
        logged = [record for record in records if record["event"] == event]
        for key in keys - {"step"}:
            points = board.Scalars(f"{event}/{key}")
            assert [point.step for point in points] == [record["step"] for record in logged]
            assert [point.value for point in points] == pytest.approx([float(record[key]) for record in logged])
    assert len(board.Tags()["scalars"]) == len(TRAIN) + len(VALIDATION) - 4  # two steps, and what is no number


def test_the_log_goes_by_steps_and_not_by_time(quick, tmp_path):
    done(quick("each", max_steps=7, log_every=1))
    done(quick("some", max_steps=7, log_every=3))
    each, some = ([r for r in log_of(tmp_path / name) if r["event"] == "train"] for name in ("each", "some"))
    assert [record["step"] for record in each] == [1, 2, 3, 4, 5, 6, 7]
    assert [record["step"] for record in some] == [3, 6, 7]  # the last step is validated, and so in the log
    for record, steps in zip(some, ([0, 1, 2], [3, 4, 5], [6]), strict=True):
        for key in ("loss", "grad_norm"):
            mean = sum(each[step][key] for step in steps) / len(steps)
            assert record[key] == pytest.approx(mean, abs=1.1e-4)  # all are rounded to four decimals


def test_a_line_that_was_cut_off_does_not_spoil_the_log(quick, tmp_path):
    done(quick("run", max_steps=2))
    with (tmp_path / "run/log.jsonl").open("a", encoding="utf-8") as log:
        log.write('{"event": "train", "st')
    before = len(log_of_whole_lines(tmp_path / "run"))
    done(run("train", "--out", tmp_path / "run", "--resume", "--max-steps", 3))
    assert len(log_of(tmp_path / "run")) > before


def test_lines_that_are_no_records_do_not_spoil_the_log(quick, tmp_path):
    done(quick("run", max_steps=2))
    log = tmp_path / "run/log.jsonl"
    records = log.read_text()
    lines = [
        '{"step": 1e400}',
        "[" * 9000,
        '{"step": []}',
        '{"step": {}}',
        '{"step": NaN}',
        '{"step": "x"}',
        "[1]",
        "5",
    ]
    log.write_text("\n".join(lines) + "\n" + records)
    done(run("train", "--out", tmp_path / "run", "--resume", "--max-steps", 3))
    assert log.read_text().startswith(records)


def log_of_whole_lines(path):
    return (path / "log.jsonl").read_text().splitlines()[:-1]


def test_data_that_is_dropped_is_reported(tmp_path):
    pairs = [pair for pair in letters(40) if len(pair[0]) <= 7]
    rows = [*pairs, pairs[3], pairs[3], ("a b", ""), ("a " * 20, "b"), ("a b", "a " * 20)]
    train, valid = write_tsv(tmp_path / "t.tsv", rows), write_tsv(tmp_path / "v.tsv", [*pairs[:2], ("e d", "d e")])
    settings = options(QUICK | {"max_length": 16, "max_steps": 1, "vocab_size": 268})
    outcome = run("train", "--pairs", train, "--valid-pairs", valid, "--out", tmp_path / "run", *settings)
    note = f"{len(pairs) - 2} pairs to train on, 3 to validate; dropped: 1 empty, 2 too_long, 2 duplicate, "
    assert note + "2 in_validation" in done(outcome).err
    assert note + "2 in_validation" in notes_of(tmp_path / "run")


def test_validation_pairs_that_are_left_out_are_reported(tmp_path):
    train = write_tsv(tmp_path / "t.tsv", letters(40))
    valid = write_tsv(tmp_path / "v.tsv", [("e d", "d e"), ("a", ""), ("a " * 40, "b")])
    arguments = ("train", "--pairs", train, "--valid-pairs", valid, "--out", tmp_path / "run", *options(QUICK))
    assert "2 validation pairs with an empty or too long side are left out" in done(run(*arguments)).err


# When it ends


def test_training_that_no_longer_improves_ends(quick, tmp_path):
    outcome = done(quick("run", learning_rate=1e-30, validate_every=1, patience=2, max_steps=50, metric="loss"))
    validations = [record for record in log_of(tmp_path / "run") if record["event"] == "validation"]
    assert [(record["step"], record["best"]) for record in validations] == [(1, True), (2, False), (3, False)]
    assert "ended at step 3: no better loss in 2 validations (patience = 2)" in outcome.err
    assert steps_of(tmp_path / "run") == [3]


def test_max_minutes_ends_a_training(quick, tmp_path):
    outcome = done(quick("run", max_minutes=0.01, max_steps=10**6))
    [step] = steps_of(tmp_path / "run")
    assert 1 <= step < 10**6
    assert f"ended at step {step:,}: max_minutes = 0.01" in outcome.err
    *_, validation = (record for record in log_of(tmp_path / "run") if record["event"] == "validation")
    assert validation["step"] == step == card(tmp_path / "run/last")["steps"]
    assert card(tmp_path / "run/last")["validation"]["loss"] == validation["loss"]


def test_at_most_n_checkpoints_are_kept(quick, tmp_path):
    done(quick("run", max_steps=7, checkpoint_every=2, keep_checkpoints=2, average_last=1))
    assert steps_of(tmp_path / "run") == [6, 7]


# One update


def updated(out, quick, **settings):
    """The weights after one update, and Adam's mean of the gradient, which then is the gradient times 0.1."""
    done(quick(out.name, max_steps=1, dropout=0.0, clip_norm="null", **settings))
    state = load_file(out / "checkpoints/step-000001/training_state.safetensors")
    gradient = {key.removesuffix("/exp_avg"): value for key, value in state.items() if key.endswith("/exp_avg")}
    return load_file(out / "last/model.safetensors"), gradient


def test_accumulated_batches_equal_one_large_batch(quick, tmp_path):
    halves = updated(tmp_path / "halves", quick, batch_tokens=180, accumulate=2)
    whole = updated(tmp_path / "whole", quick, batch_tokens=100_000)
    config = RunConfig.from_flat(yaml.safe_load((tmp_path / "halves/config.yaml").read_text()))
    pairs = prepare_data(config, ALONE).train
    tokens = [int((batch.target_BT != PAD).sum()) for batch in pairs.batches(180, config.training.seed, 0)]
    assert len(tokens) == 2
    assert tokens[0] != tokens[1]  # else a mean of means would do as well
    assert len(list(pairs.batches(100_000, 1, 0))) == 1
    for name, gradient in whole[1].items():
        # float32 sums in another order: some 1e-8 where gradients are up to 0.01
        torch.testing.assert_close(halves[1][name], gradient, rtol=1e-4, atol=1e-7)
        sure = gradient.abs() > 1e-5  # Adam's first step is the gradient's sign: that of noise is noise
        torch.testing.assert_close(halves[0][name][sure], whole[0][name][sure], rtol=0, atol=1e-6)
    assert max(float(gradient.abs().max()) for gradient in whole[1].values()) > 1e-3


def test_the_gradient_is_that_of_the_mean_loss_of_a_target_token(quick, tmp_path):
    """Against torch's own loss and autograd, from the same first weights."""
    _, gradient = updated(tmp_path / "run", quick, batch_tokens=100_000, label_smoothing=0.1)
    config = RunConfig.from_flat(yaml.safe_load((tmp_path / "run/config.yaml").read_text()))
    model, pairs = first_weights(config), prepare_data(config, ALONE).train
    batch = next(pairs.batches(100_000, 1, 0))
    source_BS, target_BT = torch.from_numpy(batch.source_BS), torch.from_numpy(batch.target_BT)
    begun_BT = torch.cat([torch.full_like(target_BT[:, :1], 2), target_BT[:, :-1]], 1)
    logits = model(source_BS, begun_BT).flatten(0, 1)
    torch.nn.functional.cross_entropy(logits, target_BT.flatten(), ignore_index=PAD, label_smoothing=0.1).backward()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(gradient[name], 0.1 * parameter.grad, rtol=1e-3, atol=1e-7)


def first_weights(config):
    torch.manual_seed(config.training.seed)
    return Transformer(config.model)


class SeenRows(Callback):
    """Keeps which pairs each batch has."""

    def __init__(self):
        self.batches = []

    def on_update_start(self, trainer, batches):
        self.batches += [batch.rows.tolist() for batch in batches]


def test_every_pair_is_seen_once_an_epoch(quick, tmp_path):
    seen = SeenRows()
    done(quick("run", callback=seen, batch_tokens=64, accumulate=3, max_steps=12))
    epochs = [record["epoch"] for record in log_of(tmp_path / "run") if record["event"] == "train"]
    assert epochs[-1] >= 1
    count = 0
    for number in range(epochs[-1]):
        epoch = []
        while len(epoch) < 60:
            epoch += seen.batches[count]
            count += 1
        assert sorted(epoch) == list(range(60)), number


# Going on


def test_a_run_that_ended_goes_on_as_if_it_had_not(quick, tmp_path):
    """Bit for bit, with dropout: the random state, Adam's moments and the place in the epoch come back."""
    done(quick("straight", max_steps=11))
    done(quick("halted", max_steps=5))
    outcome = done(run("train", "--out", tmp_path / "halted", "--resume", "--max-steps", 11, "--device", "cpu"))
    assert outcome.lines == [str(tmp_path / "halted")]
    assert steps_of(tmp_path / "halted") == [5, 11]
    assert parameters_of(tmp_path / "halted/last") == parameters_of(tmp_path / "straight/last")
    states = [tmp_path / name / "checkpoints/step-000011/training_state.safetensors" for name in ("halted", "straight")]
    assert states[0].read_bytes() == states[1].read_bytes()
    done(quick("other", max_steps=11, dropout=0.0))
    assert parameters_of(tmp_path / "other/last") != parameters_of(tmp_path / "straight/last")  # dropout was on


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_says_how_to_go_on(number, quick, small_corpus, tmp_path):
    settings = options(QUICK | {"max_steps": 10**6, "checkpoint_every": 3, "keep_checkpoints": 1, "average_last": 1})
    out = tmp_path / "a run"  # a name that the shell would split
    data = ("--pairs", small_corpus / "train.tsv", "--valid-pairs", small_corpus / "valid.tsv")
    process = start("train", *data, "--out", out, "--device", "cpu", *settings)
    while not (out / "last/config.json").exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    process.send_signal(number)
    printed, err = process.communicate(timeout=120)
    assert process.returncode == 128 + number
    assert printed == b""
    *notes, line = err.decode().splitlines()
    assert not any("Traceback" in note for note in notes)
    told = "glassformer: stopped and saved; go on with: "
    assert line.startswith(told)
    [step] = steps_of(out)
    # The command it gave goes on, to the very weights of a run that was never stopped.
    program, *command = shlex.split(line.removeprefix(told))
    assert program == "glassformer"
    done(run(*command, "--max-steps", step + 4, "--device", "cpu"))
    done(quick("straight", max_steps=step + 4))
    assert steps_of(out) == steps_of(tmp_path / "straight") == [step + 4]
    assert parameters_of(out / "last") == parameters_of(tmp_path / "straight/last")


def test_the_same_command_with_resume_goes_on(quick, tmp_path):
    done(quick("run", max_steps=2, precision="auto"))
    done(quick("run", "--resume", max_steps=3, precision="auto"))
    assert steps_of(tmp_path / "run") == [2, 3]


def test_a_run_never_stands_for_a_beaten_average(quick, tmp_path):
    """An average/ of the first sitting that the second surpasses must not be what the run means."""
    learning = {"dropout": 0.0, "metric": "loss", "learning_rate": 0.01, "average_last": 2, "checkpoint_every": 2}
    done(quick("run", max_steps=4, **learning))
    average = tmp_path / "run/average"
    if not average.exists():  # as it is where the average was no better than best/
        shutil.copytree(tmp_path / "run/best", average)
    first = card(average)["validation"]["loss"]
    done(run("train", "--out", tmp_path / "run", "--resume", "--max-steps", 40))
    found = [tmp_path / "run" / name for name in ("best", "last", "average")]
    losses = {path.name: card(path)["validation"]["loss"] for path in found if path.exists()}
    assert losses["best"] < first
    assert card(resolve(tmp_path / "run"))["validation"]["loss"] == min(losses.values())


def test_best_is_never_replaced_by_a_worse_one_after_going_on(quick, tmp_path):
    """The checkpoint at the end knows of the validation at the end."""
    done(quick("run", max_steps=30, dropout=0.0, metric="loss", learning_rate=0.01, checkpoint_every=10))
    best = card(tmp_path / "run/best")
    assert best["steps"] == 30
    # Going on with ruined weights: whatever they give is no new best.
    for path in (tmp_path / "run/checkpoints").iterdir():
        ruined = {name: torch.zeros_like(weight) for name, weight in load_file(path / "model.safetensors").items()}
        save_file(ruined, path / "model.safetensors")
        write_checksums(path)
    done(run("train", "--out", tmp_path / "run", "--resume", "--max-steps", 32))
    assert card(tmp_path / "run/best") == best
    assert card(tmp_path / "run/last")["steps"] == 32


def test_going_on_with_a_run_that_is_done_changes_nothing(quick, tmp_path):
    done(quick("run", max_steps=3))
    files = {path: path.read_bytes() for path in tmp_path.rglob("*.safetensors")}
    done(run("train", "--out", tmp_path / "run", "--resume"))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.safetensors")} == files
    assert steps_of(tmp_path / "run") == [3]
    assert sum(record["event"] == "validation" for record in log_of(tmp_path / "run")) == 1
