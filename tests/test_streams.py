"""Standard streams that are closed, full or left: no traceback, the right status, nothing half written."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.commands import options, refusal, run, start
from tests.letters import QUICK


def shell(command, *arguments, **settings):
    """`command` of a shell, in which "$@" is `glassformer ARGUMENTS`."""
    words = [sys.executable, "-m", "glassformer", *map(str, arguments)]
    shell = ["bash", "-c", command, "bash", *words]
    return subprocess.run(shell, capture_output=True, text=True, timeout=120, **settings)


def test_with_stderr_closed_warnings_are_not_among_the_translations(copying):
    text = "a b\n" + "a " * 60 + "\nc d\n"  # the second is too long
    outcome = shell('"$@" 2>&-', "translate", copying.path, input=text)
    assert outcome.returncode == run("translate", copying.path, stdin=text).status
    assert outcome.stdout == run("translate", copying.path, stdin=text).out
    assert outcome.stderr == ""


@pytest.mark.parametrize("closed", ["<&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_with_streams_closed_there_is_no_traceback(copying, closed):
    outcome = shell(f'"$@" {closed}', "translate", copying.path)
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "", "")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", [("info", "MODEL"), ("--version",), ("--help",)], ids=" ".join)
def test_a_full_disk_behind_stdout_is_named(words, unbuffered, copying, monkeypatch):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    outcome = shell('"$@" > /dev/full', *(copying.path if word == "MODEL" else word for word in words))
    assert (outcome.returncode, outcome.stdout) == (1, "")
    assert outcome.stderr.startswith("glassformer: standard output: No space left")


def test_an_error_without_a_file_is_not_blamed_on_stdout(monkeypatch, capsys):
    from glassformer.cli import exit_status

    def work():
        raise OSError(28, "No space left on device")

    assert exit_status(work) == 1
    assert capsys.readouterr().err == (
        "glassformer: No space left on device; check the path, its rights and the free space\n"
    )


def _training(folder, small_corpus, **settings):
    slow = QUICK | {"max_steps": 100_000, "checkpoint_every": 50_000}
    command = ("train", "--pairs", small_corpus / "train.tsv", "--out", folder, "--device", "cpu", *options(slow))
    return start(*command, **settings)


def _wait_for(path, process):
    until = time.monotonic() + 120
    while not path.exists() and time.monotonic() < until:
        assert process.poll() is None
        time.sleep(0.1)
    time.sleep(0.5)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGXCPU])
def test_a_terminal_that_hangs_up_saves_the_run(tmp_path, small_corpus, number):
    process = _training(tmp_path / "run", small_corpus, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _wait_for(tmp_path / "run" / "log.jsonl", process)
    process.stderr.close()  # the terminal is gone
    process.send_signal(number)
    assert process.wait(120) == 128 + number
    assert list((tmp_path / "run" / "checkpoints").glob("step-*"))


def test_a_dead_reader_of_stderr_does_not_end_training(tmp_path, small_corpus):
    process = _training(tmp_path / "run", small_corpus, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _wait_for(tmp_path / "run" / "log.jsonl", process)
    process.stderr.close()
    time.sleep(2)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(120) == 130
    assert list((tmp_path / "run" / "checkpoints").glob("step-*"))


TORCH = """
import os, signal
try:
    os.kill(os.getpid(), signal.SIGINT)
    os.write(1, b"goes on")
except KeyboardInterrupt:
    os.abort()  # as C++ does where no exception may pass
"""


def test_ctrl_c_while_torch_is_loaded_does_not_abort(tmp_path, monkeypatch):
    (tmp_path / "torch.py").write_text(TORCH)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    process = start("lecture")
    assert process.communicate(timeout=60) == (b"", b"glassformer: stopped\n")
    assert process.returncode == 130


def test_good_lines_before_a_bad_one_are_scored(copying, tmp_path):
    (tmp_path / "s.txt").write_bytes(b"a b\nc d\n\xff\n")
    outcome = run("score", copying.path, "--source", tmp_path / "s.txt", "--target", tmp_path / "s.txt")
    assert outcome.status == 1
    assert len(outcome.lines) == 2


def test_each_file_of_a_corpus_is_written_whole_and_the_command_goes_on(tmp_path, monkeypatch):
    replace, calls = Path.replace, []

    def failing(path, target):
        calls.append(target)
        if len(calls) == 2:
            raise OSError(28, "No space left on device", str(target))
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", failing)
        assert "cannot save: No space left" in refusal(run("corpus", "names:hi", "--out", tmp_path / "out"))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["train.tsv"]
    assert run("corpus", "names:hi", "--out", tmp_path / "out").status == 0
    assert len(list((tmp_path / "out").iterdir())) == 3
    other = "is there already, and has other text"
    assert other in refusal(run("corpus", "names:hi", "--seed", 2, "--out", tmp_path / "out"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("translate", "no\x1b[31m"),
        ("corpus", "\x1b]0;x\x07", "--out", "x"),
        ("train", "--out", "x", "--corpus", "names", "--set", "\u202ex=1"),
        ("\x9b2J",),
    ],
)
def test_a_name_does_not_reach_the_terminal_as_a_command(arguments):
    outcome = run(*arguments)
    assert outcome.status in (1, 2)
    assert "\\u" in outcome.err or "\\x" in outcome.err
    assert all(character.isprintable() for character in outcome.err.rstrip("\n"))


def test_a_run_whose_name_is_no_utf_8_is_refused_before_it_trains(small_corpus, tmp_path):
    outcome = run("train", "--pairs", small_corpus / "train.tsv", "--out", f"{tmp_path}/out\udcff")
    assert "is no UTF-8" in refusal(outcome, status=2)
    assert not list(tmp_path.iterdir())
