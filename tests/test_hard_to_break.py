"""A little of what benchmarks/faults.py and benchmarks/fuzz.py do: every n-th operation, some files of each kind."""

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.commands import options, run
from tests.letters import QUICK

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def said_by(script, *arguments):
    command = [sys.executable, "-W", "ignore", str(BENCHMARKS / script), *arguments]
    outcome = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="names of open files are Linux's")
def test_a_fault_or_a_power_loss_leaves_the_old_or_the_new():
    said = said_by("faults.py", "--every", "120", "--errors", "EIO")
    assert "states after a power loss: 0 promises broken" in said
    assert "faults: 0 promises broken" in said


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("cc"), reason="needs Linux and a C compiler")
def test_whichever_call_fails_an_output_is_the_old_one_or_the_new():
    said = said_by("failing_calls.py", "--every", "20", "--works", "explain --json")
    assert "faults, 0 promises broken" in said


def test_damaged_files_are_taken_or_refused():
    assert ", 0 neither taken nor refused" in said_by("fuzz.py", "--seconds", "3")


class Listener:
    """Hears of every socket, and of every file that is opened for writing, renamed, made or removed."""

    def __init__(self):
        self.heard, self.listening = [], False
        sys.addaudithook(self._hear)

    @contextmanager
    def on(self):
        self.heard, self.listening = [], True
        try:
            yield self.heard
        finally:
            self.listening = False

    def _hear(self, event, arguments):
        if not self.listening:
            return
        if event.startswith("socket.") and event != "socket.gethostname":
            self.heard.append(event)
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if (writes or event in ("os.rename", "os.mkdir", "os.remove")) and isinstance(arguments[0], str | os.PathLike):
            self.heard.append(os.path.abspath(arguments[0]))  # noqa: PTH100


def test_nothing_opens_a_socket_or_writes_but_where_it_was_told(copying, small_corpus, tmp_path, monkeypatch):
    (home := tmp_path / "home").mkdir()
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "TMPDIR"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.chdir(home)
    (tmp_path / "s.txt").write_text("a b\n")
    named = tmp_path / "out"
    named.mkdir()
    commands = [
        ("translate", copying.path, tmp_path / "s.txt"),
        ("score", copying.path, "--source", tmp_path / "s.txt", "--target", tmp_path / "s.txt"),
        ("evaluate", copying.path, "--source", tmp_path / "s.txt", "--reference", tmp_path / "s.txt"),
        ("explain", copying.path, "a b", "--html", named / "page.html", "--json", named / "t.json"),
        ("explain", copying.path, "a b", "--cause"),
        ("study", copying.path, "--pairs", small_corpus / "train.tsv", "--limit", "2", "--contrast", "a:b"),
        ("quantize", copying.path, "--out", named / "small", "--source", tmp_path / "s.txt", "--reference",
         tmp_path / "s.txt", "--max-loss", "100"),
        ("export", copying.path, "--to", "python", "--out", named / "file", "--sentences", tmp_path / "s.txt"),
        ("corpus", "names", "--out", named / "names"),
        ("info", copying.path),
        ("check-data", "--pairs", small_corpus / "train.tsv"),
        ("lecture", "--check"),
        ("train", "--pairs", small_corpus / "train.tsv", "--out", named / "run", "--device", "cpu", "--set",
         f"store={named / 'store'}", *options(QUICK)),
    ]  # fmt: skip
    listener = Listener()
    for command in commands:
        with listener.on() as heard:
            assert run(*command).status == 0, command
        assert [one for one in heard if not one.startswith((f"{named}/", "/dev/null"))] == [], command
    assert list(home.iterdir()) == []
