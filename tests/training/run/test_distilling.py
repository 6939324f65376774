"""Training on a teacher's translations: which pairs it is, that a stop loses nothing, and what is refused."""

import errno
import io
import os
from pathlib import Path

import pytest

import glassformer
from glassformer.model_directory import read_json
from glassformer.translator import Translator
from glassformer.yaml_config import read_yaml
from tests.commands import options, refusal, run, write
from tests.letters import SMALL, write_tsv

SHORT = options(SMALL | {"max_steps": 2, "validate_every": 2, "checkpoint_every": 2})


@pytest.fixture
def text(reversing, tmp_path):
    """Sources that the teacher knows to reverse, with targets that it would never give."""
    return [(source, "z z z") for source, _ in reversing.held_out]


def lines(path):
    return [tuple(line.split("\t")) for line in path.read_text().splitlines()]


def only(path, pattern):
    [found] = path.glob(pattern)
    return found


def teach(reversing, tmp_path, text, *more):
    pairs, valid = write_tsv(tmp_path / "train.tsv", text), write_tsv(tmp_path / "valid.tsv", reversing.held_out[:9])
    return run(
        "train", "--teacher", reversing.path, "--pairs", pairs, "--valid-pairs", valid, "--device", "cpu", *SHORT,
        "--out", tmp_path / "run", *more,
    )  # fmt: skip


def test_the_targets_are_what_the_teacher_says(reversing, text, tmp_path):
    outcome = teach(reversing, tmp_path, text)
    assert outcome.status == 0, outcome.err
    assert f"the teacher translates: {len(text)} of {len(text)} sentences" in outcome.err
    written = only(tmp_path / "run", "distilled-*.tsv")
    found = Translator.load(reversing.path).translate([source for source, _ in text])
    assert lines(written) == [(one.source, one.text) for one in found]
    settings = read_yaml(tmp_path / "run/config.yaml")
    assert settings["teacher"] == str(reversing.path)
    assert (settings["pairs"], settings["valid_pairs"]) == ([str(written)], [str(tmp_path / "valid.tsv")])
    assert read_json(tmp_path / "run/last/card.json")["teacher"] == str(reversing.path)
    again = teach(reversing, tmp_path, text, "--resume", "--max-steps", "3")
    assert again.status == 0 and "teacher translates" not in again.err


def test_a_stop_loses_nothing(reversing, text, tmp_path, monkeypatch):
    """Stopped within a line, and gone on with by the same command: the same file, and each sentence once."""
    monkeypatch.setattr("glassformer.training.run.distilling.CHUNK", 30)
    usual, asked = Translator.translate, []

    def stopped(self, sentences, *arguments, **more):
        if len(sentences) <= 30 and len(asked) == 2:
            raise KeyboardInterrupt
        asked.append(list(sentences))
        return usual(self, sentences, *arguments, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Translator, "translate", stopped)
        assert teach(reversing, tmp_path, text).status == 130
    partial = only(tmp_path / "run", ".distilled-*.partial")
    assert len(lines(partial)) == 60
    with partial.open("a") as file:
        file.write("half a li")
    outcome = teach(reversing, tmp_path, text)
    assert outcome.status == 0 and "translates: 30 of" not in outcome.err and "translates: 90 of" in outcome.err
    assert [source for source, _ in lines(only(tmp_path / "run", "distilled-*.tsv"))] == [source for source, _ in text]
    assert not list((tmp_path / "run").glob(".distilled*"))


@pytest.mark.parametrize(
    "left",
    [
        lambda lines: [*lines[:30], "x y\tz\n"],  # of another text
        lambda lines: ["x y\tz\n"],
        lambda lines: lines + ["a b\tb a\n"] * 5,
        lambda lines: [*lines[:2], lines[2].replace("\t", "\ta\tb ")],
        lambda lines: [*lines[:2], "\n", *lines[3:]],
        lambda lines: [*lines[:2], lines[2].partition("\t")[0], "\t\udce0\udca4"],  # half a character
        lambda lines: [*lines[:2], lines[2].partition("\t")[0], "\t\udce0\udca4\n", *lines[3:]],
        lambda lines: ["\0" * 5_000_000],
    ],
)  # fmt: skip
def test_of_a_part_only_what_is_of_this_text_stays(reversing, text, tmp_path, left):
    assert teach(reversing, tmp_path, text).status == 0
    written = only(tmp_path / "run", "distilled-*.tsv")
    whole = written.read_bytes()
    part = tmp_path / "other" / f".{written.name}.partial"
    write(part, "".join(left(whole.decode().splitlines(keepends=True))).encode(errors="surrogateescape"))
    outcome = teach(reversing, tmp_path, text, "--out", part.parent)
    assert outcome.status == 0, outcome.err
    assert only(part.parent, "distilled-*.tsv").read_bytes() == whole and not part.exists()


@pytest.mark.parametrize("stands", [lambda at: at.mkdir(), os.mkfifo, lambda at: at.symlink_to("nowhere")])
def test_a_part_that_is_no_file_is_named(reversing, text, tmp_path, stands):
    assert teach(reversing, tmp_path, text).status == 0
    written = only(tmp_path / "run", "distilled-*.tsv")
    part = written.with_name(f".{written.name}.partial")
    written.unlink()
    stands(part)
    said = refusal(teach(reversing, tmp_path, text, "--resume", "--max-steps", "3"))
    assert said.startswith(f"{part}: cannot save") and not (tmp_path / "run/nowhere").exists()


def test_the_pairs_are_on_the_disk_before_they_have_their_name(reversing, text, tmp_path, monkeypatch):
    """Else a power loss leaves a part of them, which would count as all."""
    sync, replace, done = os.fsync, Path.replace, []

    def synced(descriptor):
        sync(descriptor)
        done.append((Path(f"/proc/self/fd/{descriptor}").resolve().name, os.fstat(descriptor).st_size))

    def replaced(self, target):
        done.append((self.name, self.stat().st_size))
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    assert teach(reversing, tmp_path, text).status == 0
    [first, second] = [one for one in done if one[0].startswith(".distilled-")]
    assert first == second and first[1] > 0


def test_pairs_that_are_no_file_are_not_waited_for(reversing, text, tmp_path):
    assert teach(reversing, tmp_path, text).status == 0
    written = only(tmp_path / "run", "distilled-*.tsv")
    written.unlink()
    os.mkfifo(written)
    assert "no regular file" in refusal(teach(reversing, tmp_path, text, "--resume", "--max-steps", "3"))


def test_pairs_that_are_held_out_stay_as_they_were(reversing, text, tmp_path):
    """Where no validation text is given, it is drawn from the text, and is none of what the teacher translates."""
    settings = SMALL | {"max_steps": 1, "validate_every": 1, "checkpoint_every": 1}
    path = tmp_path / "run"
    glassformer.train(
        path, teacher=str(reversing.path), device="cpu", pairs=[str(write_tsv(tmp_path / "t.tsv", text))], **settings
    )
    learnt, held_out = lines(only(path, "distilled-*.tsv")), lines(only(path, "valid-*.tsv"))
    assert held_out and set(held_out) < set(text)
    assert {source for source, _ in learnt} | {source for source, _ in held_out} == {source for source, _ in text}
    assert not {source for source, _ in learnt} & {source for source, _ in held_out}
    assert "z z z" not in {target for _, target in learnt}


def test_what_is_too_long_for_the_teacher_is_dropped_and_counted(reversing, text, tmp_path):
    outcome = teach(reversing, tmp_path, [*text, ("a " * 200, "b")])
    assert outcome.status == 0 and "dropped: 1 empty" in outcome.err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--directions", "en-hi"), "in one direction"),
        (("--set", "stream=true"), "a stream has no end"),
        (("--set", "pair_weights=[2]"), "one file"),
        (("--teacher", "nowhere"), "no such model"),
    ],
)
def test_what_no_teacher_can_do(reversing, text, tmp_path, more, message):
    outcome = teach(reversing, tmp_path, text, *more)
    assert message in refusal(outcome, status=1 if more[0] == "--teacher" else 2)


class Gone(io.StringIO):
    """A stream to which nothing can be written."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def write(self, text):
        raise self.error


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(errno.ENOSPC, "full"), ValueError("closed file"), None])
def test_where_nobody_hears_what_is_said_the_work_goes_on(reversing, text, tmp_path, monkeypatch, error):
    """Of distilling, storing and training, called from Python; rich itself ends the process."""
    monkeypatch.setattr("sys.stderr", Gone(error) if error else None)
    monkeypatch.setattr("glassformer.data.store.LONG_WORK", 1)
    pairs, valid = write_tsv(tmp_path / "train.tsv", text), write_tsv(tmp_path / "valid.tsv", reversing.held_out[:9])
    glassformer.train(
        tmp_path / "run", teacher=str(reversing.path), pairs=[str(pairs)], valid_pairs=[str(valid)], device="cpu",
        store=str(tmp_path / "store"), **SMALL | {"max_steps": 2, "validate_every": 2, "checkpoint_every": 2},
    )  # fmt: skip
    assert (tmp_path / "run/last/config.json").is_file()
