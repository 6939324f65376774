"""Where it runs: other systems, as far as they can be played here, and surroundings that lack what is usually there."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
import types
from pathlib import Path

import pytest

import glassformer
from glassformer import Translator, system
from glassformer.locking import HeldError, lock_file
from glassformer.serving.openapi import document
from tests.commands import options, run
from tests.letters import QUICK


@pytest.fixture
def windows(monkeypatch):
    """No fcntl, and an msvcrt whose locks are those of this test."""
    locked, there = set(), types.ModuleType("msvcrt")

    def locking(descriptor, mode, count):
        place = os.fstat(descriptor).st_ino, os.lseek(descriptor, 0, os.SEEK_CUR)
        assert (mode, count) == (2, 1)
        if place in locked:
            raise PermissionError(13, "Permission denied")
        locked.add(place)

    there.locking, there.LK_NBLCK = locking, 2
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", there)
    return locked


def test_a_lock_without_fcntl(windows, tmp_path):
    with lock_file(tmp_path / "lock", wait=False) as file:
        file.write("process 1\n")
        file.flush()
        with pytest.raises(HeldError, match="process 1"):
            lock_file(tmp_path / "lock", wait=False)
        ((_, place),) = windows
        assert place > 1_000_000  # what the file says can be read though it is locked
    windows.clear()
    lock_file(tmp_path / "lock", wait=True).close()


def test_a_machine_that_does_not_tell_its_memory(monkeypatch):
    monkeypatch.delattr(os, "sysconf")
    assert system.memory() == sys.maxsize


def test_a_system_where_a_directory_cannot_be_opened(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "name", "nt")
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("opened"))
    system.sync_directory(tmp_path)


WITHOUT = """
import sys, signal, os
import sacrebleu  # whose lock is of each system
sys.modules["fcntl"] = sys.modules["resource"] = sys.modules["termios"] = None
for name in ("SIGHUP", "SIGXCPU"):
    delattr(signal, name)
del os.sched_getaffinity, os.O_NONBLOCK, os.O_NOFOLLOW
from glassformer.cli import main
import glassformer.training
sys.exit(main(["translate", sys.argv[1]]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="plays it")
def test_what_only_unix_has_is_not_needed(copying):
    """In a process without it, and without a home, a user's name, or a locale."""
    command = [sys.executable, "-W", "ignore", "-c", WITHOUT, str(copying.path)]
    bare = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"}
    outcome = subprocess.run(command, input="a b\n", capture_output=True, text=True, env=bare, timeout=120)
    assert (outcome.returncode, outcome.stdout) == (0, "a b\n"), outcome.stderr


@pytest.mark.skipif(not hasattr(os, "setresuid") or os.geteuid() != 0, reason="only root can be somebody else")
def test_a_user_without_a_name_and_a_home_that_cannot_be_written(copying, small_corpus, monkeypatch):
    """As containers have them: a number that no list of users knows. It trains and translates."""
    folder = Path(tempfile.mkdtemp())
    shutil.copytree(small_corpus, folder / "corpus")
    shutil.copytree(copying.path / "best", folder / "model")
    pairs = "--pairs", folder / "corpus/train.tsv", "--valid-pairs", folder / "corpus/valid.tsv", "--device", "cpu"
    train = "train", *pairs, *options({**QUICK, "max_steps": 2}), "--out"
    assert (
        run(*train, folder / "loads what it needs").status == run("translate", folder / "model", stdin="a").status == 0
    )
    for one in (folder, folder / "corpus"):
        one.chmod(0o777)
    store = "--set", f"store={folder / 'store'}"
    monkeypatch.setenv("HOME", "/proc")
    monkeypatch.delenv("XDG_CACHE_HOME")
    os.setresuid(54321, 54321, 0)
    try:
        refused = run(*train, folder / "run")
        trained, said = run(*train, folder / "run", *store), run("translate", folder / "model", stdin="a b")
    finally:
        os.setresuid(0, 0, 0)
    assert (said.status, said.out) == (0, "a b\n"), said.err
    assert refused.status == 1 and "set store to a folder" in refused.err and refused.err.count("\n") == 1
    assert trained.status == 0 and (folder / "run/best/config.json").is_file(), trained.err
    shutil.rmtree(folder)


def test_a_source_tree_that_was_not_installed(copying, tmp_path, monkeypatch):
    """Nothing asks the installation for the package's own version, which is not there."""
    real = importlib.metadata.Distribution.from_name

    def installed(name):
        if name == "glassformer":
            raise importlib.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(importlib.metadata.Distribution, "from_name", installed)
    assert run("--version").out.startswith(f"glassformer {glassformer.__version__} (")
    assert run("explain", copying.path, "a b", "--json", tmp_path / "trace.json").status == 0
    Translator.load(copying.path).save(tmp_path / "saved")
    assert document([])["info"]["version"] == glassformer.__version__


def test_threads_wait_asleep():
    """As libgomp, which torch brings, reports its own settings; what the environment says already stays."""
    code = "from glassformer.cli import main\nmain(['--version'])\nimport torch"
    plain = {name: value for name, value in os.environ.items() if name not in system.WAITING}
    for given, expected in (({}, "20000"), ({"GOMP_SPINCOUNT": "77"}, "77")):
        environment = plain | given | {"OMP_DISPLAY_ENV": "verbose"}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
        if "GOMP_SPINCOUNT" not in done.stderr:
            pytest.skip("torch has another library for its threads")
        assert f"GOMP_SPINCOUNT = '{expected}'" in done.stderr
