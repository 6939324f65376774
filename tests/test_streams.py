"""Standard streams that are closed, full or left: no traceback, the right status, nothing half written."""

import subprocess
import sys
from pathlib import Path

import pytest

from glassformer.cli.streams import stdout_works
from tests.commands import refusal, run


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


def test_a_full_disk_behind_stdout_is_named(copying):
    outcome = shell('"$@" > /dev/full', "info", copying.path)
    assert (outcome.returncode, outcome.stdout) == (1, "")
    assert outcome.stderr.startswith("glassformer: standard output: No space left")


def test_an_error_without_a_file_is_not_blamed_on_stdout(monkeypatch, capsys):
    from glassformer.cli import exit_status

    def work():
        raise OSError(28, "No space left on device")

    assert stdout_works()
    assert exit_status(work) == 1
    assert capsys.readouterr().err == (
        "glassformer: No space left on device; check the path, its rights and the free space\n"
    )


def test_good_lines_before_a_bad_one_are_scored(copying, tmp_path):
    (tmp_path / "s.txt").write_bytes(b"a b\nc d\n\xff\n")
    outcome = run("score", copying.path, "--source", tmp_path / "s.txt", "--target", tmp_path / "s.txt")
    assert outcome.status == 1
    assert len(outcome.lines) == 2


def test_a_corpus_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    replace, calls = Path.replace, []

    def failing(path, target):
        calls.append(target)
        if len(calls) == 2:
            raise OSError(28, "No space left on device", str(target))
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", failing)
        assert "cannot save: No space left" in refusal(run("corpus", "names:hi", "--out", tmp_path / "out"))
    assert not list((tmp_path / "out").iterdir())
    assert run("corpus", "names:hi", "--out", tmp_path / "out").status == 0
