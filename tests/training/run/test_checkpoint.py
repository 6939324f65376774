"""Checkpoints: all of the training comes back, and a full disk or a crash never costs what was there."""

import contextlib
import errno
import hashlib
import json
import os
import resource
from fnmatch import fnmatch
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file as load_arrays
from safetensors.torch import load_file as load_tensors
from safetensors.torch import save
from safetensors.torch import save_file as save_tensors

from glassformer import files
from glassformer.errors import InputError
from glassformer.files import clear_remains, recover, standing, whole_directory, write_checksums, write_whole
from glassformer.model import ModelConfig, Transformer
from glassformer.training.distributed import Group
from glassformer.training.progress import TrainingProgress, UpdateTotals
from glassformer.training.run.checkpoint import (
    average_parameters,
    checkpoints,
    prune_checkpoints,
    restore_state,
    save_checkpoint,
    state_tensors,
)
from glassformer.training.run.recovery import newest_undamaged
from glassformer.training.run.state import checkpoint_problem, read_progress
from glassformer.translator import Translator
from tests.commands import options, refusal, run
from tests.letters import QUICK

ALONE = Group(torch.device("cpu"))
ENDED = 4_194_305  # the number of no process: Linux has none above 2^22


@pytest.fixture
def translator(tokenizer):
    torch.manual_seed(1)
    shape = {"d_model": 16, "d_ff": 24, "num_heads": 2, "encoder_layers": 1, "decoder_layers": 1, "dropout": 0.2}
    return Translator(Transformer(ModelConfig(vocab_size=273, max_length=32, **shape)), tokenizer, tokenizer)


def adam(translator):
    return torch.optim.Adam(translator.model.parameters(), lr=0.01, betas=(0.9, 0.98), fused=True)


def update(translator, optimizer):
    """One step on random ids, dropout on: it uses the weights, Adam's state and the random state."""
    translator.model.train()
    source, target = torch.randint(4, 273, (2, 4, 6))
    translator.model(source, target).logsumexp(-1).mean().backward()
    optimizer.step()
    optimizer.zero_grad()


def checkpoint(run, translator, optimizer, progress):
    return save_checkpoint(run, translator, state_tensors(translator.model, optimizer, ALONE), progress)


def weights(translator):
    return {name: weight.detach().clone() for name, weight in translator.model.named_parameters()}


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


# Saving and bringing back


def test_a_restored_training_goes_on_bit_for_bit(translator, tmp_path):
    optimizer = adam(translator)
    for _ in range(3):
        update(translator, optimizer)
    progress = TrainingProgress(
        3,
        1,
        2,
        {"loss": 1.5, "bleu": 20.25, "chrf": 40.5},
        2,
        validations_since_best=1,
        seconds=7.25,
        unlogged=UpdateTotals(2, 1 / 3, 0.1),
    )
    path = checkpoint(tmp_path, translator, optimizer, progress)
    saved = weights(translator)
    for _ in range(2):
        update(translator, optimizer)
    assert not equal(weights(translator), saved)

    torch.manual_seed(99)
    again = Translator.load(path)
    assert equal(weights(again), saved)
    other = adam(again)
    assert checkpoint_problem(path) == ""
    assert read_progress(path) == progress
    restore_state(path, again.model, other, ALONE)
    for _ in range(2):
        update(again, other)
    assert equal(weights(again), weights(translator))


def test_the_progress_of_version_0_1_is_understood():
    """Its checkpoints have four other names."""
    old = {"step": 7, "stale": 2, "validated": 6, "batching": "b", "judging": "v", "unlogged": {"updates": 1}}
    assert TrainingProgress.from_dict(old) == TrainingProgress(
        step=7, validations_since_best=2, scores_step=6, batching_key="b", validation_key="v", unlogged=UpdateTotals(1)
    )


def test_a_checkpoint_is_a_model_directory_and_three_files_more(translator, tmp_path):
    optimizer = adam(translator)
    update(translator, optimizer)
    path = checkpoint(tmp_path, translator, optimizer, TrainingProgress(step=12))
    assert path == tmp_path / "checkpoints/step-000012"
    model = {"config.json", "model.safetensors", "tokenizer.spm", "card.json"}
    state = {"training_state.safetensors", "training_state.json"}
    assert {file.name for file in path.iterdir()} == model | state | {"checksums.json"}
    assert json.loads((path / "training_state.json").read_text())["step"] == 12
    sums = {name: hashlib.sha256((path / name).read_bytes()).hexdigest() for name in model | state}
    assert json.loads((path / "checksums.json").read_text()) == sums


def test_the_newest_are_kept_by_their_step_not_their_name(translator, tmp_path):
    optimizer = adam(translator)
    update(translator, optimizer)
    for step in (5, 999_999, 1_000_000, 1_000_001):
        checkpoint(tmp_path, translator, optimizer, TrainingProgress(step=step))
    prune_checkpoints(tmp_path, 1_000_001, every=1, keep=3)
    assert [path.name for path in checkpoints(tmp_path)] == ["step-999999", "step-1000000", "step-1000001"]


# States that were sealed again: their checksums are right, their contents are not

EMBEDDING = "source_embedding.token.weight"


def with_numbers(**changes):
    def change(path):
        values = json.loads((path / "training_state.json").read_text())
        (path / "training_state.json").write_text(json.dumps(values | changes))

    return change


def with_tensors(name, change):
    def changed(path):
        tensors = load_tensors(path / "training_state.safetensors")
        changed = change(tensors.pop(name))
        save_tensors(tensors | ({} if changed is None else {name: changed}), path / "training_state.safetensors")

    return changed


def with_content(name, content):
    return lambda path: (path / name).write_bytes(content)


def infinite_weights(path):
    weights = load_tensors(path / "model.safetensors")
    weights[EMBEDDING][3, 4] = float("inf")
    save_tensors(weights, path / "model.safetensors")


RESEALED = {
    **{f"numbers {content!r}": with_content("training_state.json", content) for content in
       (b"", b"[]", b"{}", b'{"step": 3', b"null", b"3", b'{"unlogged": 3}', b'{"unlogged": {}, "x": 1}')},
    **{f"{key} {value!r}": with_numbers(**{key: value}) for key, value in [
        ("step", "2"), ("step", 1e30), ("step", -1), ("step", 7), ("step", None), ("step", True), ("epoch", 1.5),
        ("epoch", 10**20), ("batch", []), ("seconds", "x"), ("seconds", -1.0), ("best", []), ("best", {"loss": "x"}),
        ("scores", {"chrf": 3.0}), ("scores", {"loss": 1.0, "bleu": None, "chrf": 3.0}), ("processes", {}),
        ("validation_key", 5), ("unlogged", []), ("unlogged", {"updates": "x"}), ("unlogged", {"loss": -1.0})]},
    "no state": with_content("training_state.safetensors", save({"x": torch.zeros(3)})),
    "no tensors": with_content("training_state.safetensors", save({})),
    "no file of tensors": with_content("training_state.safetensors", b"{}"),
    "no random state": with_tensors("random.cpu.0", lambda state: None),
    "short random state": with_tensors("random.cpu.0", lambda state: state[:100].clone()),
    "long random state": with_tensors("random.cpu.0", lambda state: torch.cat([state, state])),
    "other random state": with_tensors("random.cpu.0", lambda state: torch.full_like(state, 255)),
    "random floats": with_tensors("random.cpu.0", lambda state: state.float()),
    "random matrix": with_tensors("random.cpu.0", lambda state: state[None].clone()),
    "moment missing": with_tensors(f"{EMBEDDING}/exp_avg", lambda moment: None),
    "step missing": with_tensors(f"{EMBEDDING}/step", lambda moment: None),
    "moment of integers": with_tensors(f"{EMBEDDING}/exp_avg", lambda moment: moment.int()),
    "moment of float64": with_tensors(f"{EMBEDDING}/exp_avg_sq", lambda moment: moment.double()),
    "moment of bfloat16": with_tensors(f"{EMBEDDING}/exp_avg_sq", lambda moment: moment.bfloat16()),
    "moment of another shape": with_tensors(f"{EMBEDDING}/exp_avg", lambda moment: moment.T.contiguous()),
    "moment of no numbers": with_tensors(f"{EMBEDDING}/exp_avg", lambda moment: moment * float("nan")),
    "negative square": with_tensors(f"{EMBEDDING}/exp_avg_sq", lambda moment: -1 - moment),
    "updates of the future": with_tensors(f"{EMBEDDING}/step", lambda step: step + 1e30),
    "half an update": with_tensors(f"{EMBEDDING}/step", lambda step: step - 0.5),
    "two updates": with_tensors(f"{EMBEDDING}/step", lambda step: torch.cat([step[None], step[None]])),
    "weights": infinite_weights,
    "weights of another model": with_content("model.safetensors", save({"x": torch.zeros(3)})),
    "config": with_content("config.json", b'{"vocab_size": 300}'),
}  # fmt: skip


@pytest.fixture
def two_checkpoints(translator, tmp_path):
    """The run and its newer checkpoint, of step 2."""
    optimizer = adam(translator)
    for step in (1, 2):
        update(translator, optimizer)
        path = checkpoint(tmp_path, translator, optimizer, TrainingProgress(step=step))
    return tmp_path, path


@pytest.mark.parametrize("change", RESEALED.values(), ids=RESEALED.keys())
def test_a_state_that_was_sealed_again_is_told_and_the_one_before_used(two_checkpoints, change):
    run, newer = two_checkpoints
    assert newest_undamaged(run) == (newer, [])
    change(newer)
    write_checksums(newer)
    found, (problem,) = newest_undamaged(run)
    assert found.name == "step-000001"
    assert problem.startswith(f"{newer}: ")
    assert len(problem) < len(str(newer)) + 250 and "\n" not in problem


def test_a_checkpoint_before_the_first_update_has_no_moments(translator, tmp_path):
    path = checkpoint(tmp_path, translator, adam(translator), TrainingProgress(step=3, skipped=3))
    assert checkpoint_problem(path) == ""
    with_numbers(skipped=2)(path)
    write_checksums(path)
    assert "is missing" in checkpoint_problem(path)


def test_average_is_the_mean_of_all(translator, tmp_path):
    optimizer = adam(translator)
    paths = []
    for step in range(1, 5):
        update(translator, optimizer)
        paths.append(checkpoint(tmp_path, translator, optimizer, TrainingProgress(step=step)))
    arrays = [load_arrays(path / "model.safetensors") for path in paths]
    for name, weight in average_parameters(paths).items():
        mean = np.mean([array[name].astype(np.float64) for array in arrays], axis=0).astype(np.float32)
        assert weight.dtype == torch.float32
        np.testing.assert_array_equal(weight.numpy(), mean)
    assert equal(average_parameters(paths[:1]), {n: torch.from_numpy(a) for n, a in arrays[0].items()})
    assert not equal(average_parameters(paths), average_parameters(paths[:1]))


# Whole or not at all


class PowerCut(BaseException):
    """The machine stops: nothing after this runs but what the operating system does."""


def filled(path, text):
    with whole_directory(path) as partial:
        (partial / "file").write_text(text)
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_directory_takes_the_place_of_the_old_one(tmp_path):
    path = filled(tmp_path / "best", "old")
    assert (path / "file").read_text() == "old"
    filled(path, "new")
    assert (path / "file").read_text() == "new"
    assert names(tmp_path) == ["best"]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, PowerCut])
def test_a_failure_while_filling_leaves_the_old_one(failure, tmp_path):
    path = filled(tmp_path / "best", "old")
    with pytest.raises(failure), whole_directory(path) as partial:
        (partial / "file").write_text("half")
        assert (path / "file").read_text() == "old"  # all the while
        raise failure
    assert (path / "file").read_text() == "old"
    assert names(tmp_path) == ["best"]


def test_a_failure_between_the_two_renames_brings_the_old_one_back(tmp_path, monkeypatch):
    path = filled(tmp_path / "best", "old")
    rename = Path.rename

    def failing(self, target):
        if self.name.startswith(".best.") and self.name.endswith(".partial"):
            raise OSError(errno.EIO, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(InputError, match="best: cannot save: Input/output error"):
        filled(path, "new")
    assert (path / "file").read_text() == "old"
    assert names(tmp_path) == ["best"]


def cut_between_renames(path):
    """What a machine that stops between the two renames leaves."""
    path.rename(path.with_name(f".{path.name}.old"))
    (path.parent / f".{path.name}.{ENDED}-0.partial").mkdir()


def test_after_a_crash_the_old_one_is_found_and_comes_back(tmp_path):
    path = filled(tmp_path / "best", "old")
    cut_between_renames(path)
    assert (standing(path) / "file").read_text() == "old"
    recover(path)
    assert (path / "file").read_text() == "old"
    filled(path, "new")
    assert names(tmp_path) == ["best"]


def test_after_a_crash_the_next_save_works_without_recovery(tmp_path):
    path = filled(tmp_path / "best", "old")
    cut_between_renames(path)
    filled(path, "new")
    assert (path / "file").read_text() == "new"
    assert names(tmp_path) == ["best"]


def test_recover_never_overwrites_what_stands(tmp_path):
    path = filled(tmp_path / "best", "new")
    (tmp_path / ".best.old").mkdir()
    recover(path)
    assert (path / "file").read_text() == "new"
    assert standing(path) == path
    assert standing(tmp_path / "nowhere") == tmp_path / "nowhere"
    recover(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_file_is_the_old_or_the_new_one(tmp_path, monkeypatch):
    path = tmp_path / "config.yaml"
    write_whole(path, b"old")

    def full(descriptor):
        assert path.read_bytes() == b"old"
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"config\.yaml: cannot save: No space left on device; make room"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    monkeypatch.undo()
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["config.yaml"]


def test_two_who_write_one_directory_do_not_mix_their_files(tmp_path):
    path = tmp_path / "model"
    with whole_directory(path) as first:
        (first / "a").write_text("first")
        with whole_directory(path) as second:
            (second / "a").write_text("second")
        assert [file.read_text() for file in path.iterdir()] == ["second"]
        (first / "b").write_text("first")
    assert {file.name: file.read_text() for file in path.iterdir()} == {"a": "first", "b": "first"}
    assert names(tmp_path) == ["model"]


def test_two_who_write_one_file_do_not_mix_their_bytes(tmp_path, monkeypatch):
    path, sync = tmp_path / "page.html", os.fsync

    def overtaken(descriptor):
        monkeypatch.setattr(os, "fsync", sync)
        write_whole(path, b"short")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", overtaken)
    write_whole(path, b"a long one")
    assert path.read_bytes() == b"a long one"
    assert names(tmp_path) == ["page.html"]


@pytest.mark.parametrize("kind", ["link", "link to a folder", "pipe", "folder"])
def test_what_somebody_put_in_the_place_of_a_partial_file_is_neither_followed_nor_waited_for(
    kind, tmp_path, monkeypatch
):
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "mine").write_text("mine")
    make = {
        "link": lambda place: place.symlink_to(outside / "mine"),
        "link to a folder": lambda place: place.symlink_to(outside),
        "pipe": os.mkfifo,
        "folder": Path.mkdir,
    }[kind]
    monkeypatch.setattr(files, "_numbers", count())
    make(inside / f".best.{os.getpid()}-0.partial")
    make(inside / ".best.old")
    make(inside / f".page.html.{os.getpid()}-1.partial")
    make(inside / f".page.html.{ENDED}-9.partial")
    make(inside / ".other.partial")
    filled(inside / "best", "old")
    write_whole(inside / "page.html", b"page")
    filled(inside / "best", "new")
    clear_remains(inside)
    assert names(inside) == ["best", "page.html"]
    assert (inside / "best/file").read_text() == "new"
    assert (inside / "page.html").read_bytes() == b"page"
    assert {file.name: file.read_text() for file in outside.iterdir()} == {"mine": "mine"}


@pytest.mark.parametrize("name", ["a" * 255, "क" * 85])
def test_a_file_may_have_the_longest_name_that_there_is(name, tmp_path):
    write_whole(tmp_path / name, b"page")
    assert names(tmp_path) == [name]


def test_what_another_process_is_writing_is_left_to_it(tmp_path):
    theirs = tmp_path / f".page.html.{os.getppid()}-0.partial"
    theirs.write_text("half")
    write_whole(tmp_path / "page.html", b"page")
    assert names(tmp_path) == [theirs.name, "page.html"]


# The same in a run


@pytest.fixture
def halted(small_corpus, tmp_path):
    """A run that has got to step 4 and has two checkpoints; larger than most, so that sizes tell files apart."""
    settings = options(QUICK | {"d_model": 64, "d_ff": 128, "max_steps": 4, "checkpoint_every": 2, "average_last": 1})
    data = ("--pairs", small_corpus / "train.tsv", "--valid-pairs", small_corpus / "valid.tsv")
    outcome = run("train", *data, "--out", tmp_path / "run", "--device", "cpu", *settings)
    assert outcome.status == 0, outcome.err
    return tmp_path / "run"


def whole(path):
    """All models of the run, each of which can be loaded and translates."""
    found = {}
    for config in sorted(path.rglob("config.json")):
        assert len(Translator.load(config.parent).translate(["a b"])) == 1
        found[str(config.parent.relative_to(path))] = (config.parent / "model.safetensors").read_bytes()
    return found


@contextlib.contextmanager
def at_most(size):
    """No file may grow beyond `size` bytes: as on a full disk, writing fails in the middle."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_fills_while_a_checkpoint_is_saved(halted):
    before = whole(halted)
    assert before.keys() == {"best", "last", "checkpoints/step-000002", "checkpoints/step-000004"}
    model = (halted / "last/model.safetensors").stat().st_size
    state = (halted / "checkpoints/step-000004/training_state.safetensors").stat().st_size
    go_on = ("train", "--out", halted, "--resume", "--device", "cpu", "--max-steps")
    with at_most((model + state) // 2):  # room for the weights, not for the optimizer's state
        line = refusal(run(*go_on, 7), notes=True)
    partial = f"{halted}/checkpoints/.step-000006.*.partial/training_state.safetensors"
    assert fnmatch(line, f"{partial}: cannot save: File too large; make room*")
    assert line.endswith("what was saved before is intact")
    after = whole(halted)
    assert {name: model for name, model in after.items() if name != "last"} == {
        name: model for name, model in before.items() if name != "last"
    }
    assert run(*go_on, 7).status == 0
    assert [path.name for path in checkpoints(halted)] == [f"step-{step:06d}" for step in (2, 4, 6, 7)]


def test_a_disk_that_fills_while_best_is_saved(halted):
    before = whole(halted)
    go_on = ("train", "--out", halted, "--resume", "--device", "cpu", "--max-steps", 60)
    model = (halted / "best/model.safetensors").stat().st_size
    # The metric is chrF, which stays 0 for so bad a model; any score is better than one below 0.
    checkpoint = halted / "checkpoints/step-000004"
    state = json.loads((checkpoint / "training_state.json").read_text())
    state["best"]["chrf"] = -1.0
    (checkpoint / "training_state.json").write_text(json.dumps(state))
    write_checksums(checkpoint)
    config = halted / "config.yaml"
    config.write_text(config.read_text().replace("validate_every: 1000", "validate_every: 5"))
    with at_most(model // 2):
        line = refusal(run(*go_on), notes=True)
    assert fnmatch(line, f"{halted}/.best.*.partial/model.safetensors: cannot save: File too large; make room*")
    assert whole(halted) == before


@pytest.mark.parametrize("calls", range(0, 14, 3))
def test_a_disk_that_is_full_at_any_moment(halted, calls, monkeypatch):
    """Each save is refused at a later moment; never is anything lost, and the same command goes on."""
    before = whole(halted)
    fsync, done = os.fsync, []

    def full(descriptor):
        done.append(descriptor)
        if len(done) > calls:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    go_on = ("train", "--out", halted, "--resume", "--device", "cpu", "--max-steps", 5)
    line = refusal(run(*go_on), notes=True)
    assert "cannot save: No space left on device" in line
    monkeypatch.undo()
    after = whole(halted)
    for name, model in before.items():
        assert after[name] == model or name in ("best", "last")  # these two may have been renewed, as a whole
    assert run(*go_on).status == 0
    assert checkpoints(halted)[-1].name == "step-000005"


def test_a_full_disk_at_the_start_of_a_run(small_corpus, tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    arguments = ("train", "--pairs", small_corpus / "train.tsv", "--out", tmp_path / "run", *options(QUICK))
    line = refusal(run(*arguments))
    assert line.startswith(f"{tmp_path}/run: cannot save: No space left on device")
    monkeypatch.undo()
    assert run(*arguments).status == 0  # what is left of the attempt is in nobody's way


@pytest.mark.parametrize("name", ["best", "last"])
def test_a_run_whose_machine_stopped_while_saving_can_be_used_and_resumed(name, halted):
    expected = Translator.load(halted / name).translate(["a b c"])[0]
    cut_between_renames(halted / name)
    found = Translator.load(halted / name).translate(["a b c"])[0]  # found where it was set aside
    assert (found.text, found.log_prob) == (expected.text, expected.log_prob)
    meant = ".best.old" if name == "best" else "best"
    assert json.loads(run("info", halted).out)["model"] == str(halted / meant)
    assert not (halted / name).exists()  # to read changes nothing
    assert run("train", "--out", halted, "--resume", "--device", "cpu").status == 0
    found = Translator.load(halted / name).translate(["a b c"])[0]
    assert (found.text, found.log_prob) == (expected.text, expected.log_prob)
    assert f".{name}.old" not in names(halted)


def test_a_full_disk_behind_the_log(halted, monkeypatch):
    before = whole(halted)
    with (halted / "log.jsonl").open("a") as log:  # the largest file that going on writes
        log.write(json.dumps({"event": "note", "text": "-" * 1_000_000}) + "\n")
    size = (halted / "log.jsonl").stat().st_size
    with at_most(size + 20):
        line = refusal(run("train", "--out", halted, "--resume", "--device", "cpu", "--max-steps", 5), notes=True)
    assert line.startswith(f"{halted}/log.jsonl: cannot save: File too large")
    assert whole(halted) == before
    assert run("train", "--out", halted, "--resume", "--device", "cpu", "--max-steps", 5).status == 0
    for record in (halted / "log.jsonl").read_text().splitlines():
        json.loads(record)
