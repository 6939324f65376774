"""Fail every call on a file in turn, through a training, a quickstart, and commands that read a model and write.

    python benchmarks/failing_calls.py [--every 1] [--kinds EIO,EINTR,EACCES,full,short] [--works train,quickstart,...]

The C library's own calls fail: open, read, write, fsync, rename, unlink, mkdir and rmdir, of files below the work's
folder (`failing_calls.c`, which is compiled and loaded before this process starts anew). `EIO`, `EINTR` and `EACCES`
fail one call; `full` is a disk that is full from that call on; `short` writes half of what it was given.

After each fault a work must have ended with status 0 or 1, one line of error at most, and no traceback. With status 0
it has done all it was to do. What stands under a final name must be whole: the old one, or the new one. And the work,
repeated on a mended disk, must end as if nothing had happened. Prints the numbers; the exit status is 1 where any
promise is broken.
"""

import argparse
import contextlib
import ctypes
import errno
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from faults import SETTINGS, broken_models, fresh, newest

import glassformer
from glassformer.cli import main
from glassformer.glass.record import Trace
from glassformer.quickstart import recipe
from glassformer.translator import Translator

SOURCE = Path(__file__).with_suffix(".c")
ONCE, FROM_THEN_ON, SHORT = range(3)
KINDS = {"EIO": (errno.EIO, ONCE), "EINTR": (errno.EINTR, ONCE), "EACCES": (errno.EACCES, ONCE),
         "full": (errno.ENOSPC, FROM_THEN_ON), "short": (0, SHORT)}  # fmt: skip
TINY = {**SETTINGS, "max_length": 64, "vocab_size": 1000, "probe_every": 2}
del TINY["batch_tokens"], TINY["warmup_steps"]
OLD = b"what stood here before"
TEMPLATE = Path(glassformer.__file__).parent / "glass/static/page.html"  # whose end is that of every page


@dataclass
class Work:
    """Something to do in a folder: what it begins with, the commands, and what is wrong afterwards."""

    name: str
    prepare: Callable[[Path], None]
    commands: Callable[[Path], Sequence[Sequence[str]]]
    wrong: Callable[[Path, bool], list[str]]  # given whether it says that it is done


def say(folder: Path, words: Sequence[str], arm: Callable[[], None] = lambda: None) -> tuple[int, str]:
    """Run a command, `arm`ed; its standard output is a file of the folder, as a shell's `>` makes it."""
    said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    out = os.open(folder / "stdout", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    stream = io.TextIOWrapper(io.BufferedWriter(io.FileIO(out, "w")), encoding="utf-8")
    status = -1
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(stream):
        try:
            arm()
            status = main(list(words))
        except BaseException as raised:
            said.write(f"Traceback: {raised!r}")
    with contextlib.suppress(OSError, ValueError):
        stream.close()
    said.flush()
    return status, said.buffer.getvalue().decode()


def run_words(folder: Path, *more: str) -> list[str]:
    """The training of `faults.py`."""
    settings = [word for key, value in SETTINGS.items() for word in ("--set", f"{key}={value}")]
    return ["train", "--pairs", str(folder / "train.tsv"), "--out", str(folder / "work/run"), "--device", "cpu",
            "--set", f"store={folder / 'work/store'}", *settings, *more]  # fmt: skip


def wrong_training(folder: Path, done: bool) -> list[str]:
    """Its models are whole; where it is done, the last step is there."""
    wrong = broken_models(folder / "work/run")
    return wrong + (
        [f"the newest step is {newest(folder)}"] if done and newest(folder) != SETTINGS["max_steps"] else []
    )


def wrong_quickstart(folder: Path, done: bool) -> list[str]:
    """The page is whole, or not there yet."""
    page = folder / "work/run/page.html"
    wrong = broken_models(folder / "work/run")
    if page.exists() and not page.read_bytes().endswith(TEMPLATE.read_bytes()[-1000:]):
        wrong.append("half a page")
    return wrong + (["no page"] if done and not page.exists() else [])


def model_there(folder: Path) -> None:
    """A model of the training, a text and files that are to be replaced."""
    fresh(folder)
    shutil.copytree(folder / "trained", folder / "work/model")
    lines = (folder / "train.tsv").read_text().splitlines()[:12]
    for name, column in (("text", 0), ("reference", 1)):
        text = "".join(line.split("\t")[column] + "\n" for line in lines)
        (folder / "work" / name).write_text(text)
    for name in ("trace.json", "page.html", "corpus.tsv", "scores.txt"):
        (folder / "work" / name).write_bytes(OLD)


def writes(name: str) -> Callable[[Path, bool], list[str]]:
    """What is wrong with a file that a command replaces: it is the old one, or the new one as it was undisturbed."""

    def wrong(folder: Path, done: bool) -> list[str]:
        found, expected = (folder / "work" / name).read_bytes(), (folder / f"expected.{name}")
        if not expected.exists():
            expected.write_bytes(found)
        if name == "trace.json" and found != OLD:
            Trace.from_dict(json.loads(found))
        same = len(found) == expected.stat().st_size
        return [] if same or (found == OLD and not done) else [f"{name} has {len(found)} bytes, done: {done}"]

    return wrong


def says(name: str) -> Callable[[Path, bool], list[str]]:
    """What is wrong with standard output: it is what it was undisturbed, or where an error was told its beginning."""

    def wrong(folder: Path, done: bool) -> list[str]:
        found, expected = (folder / "stdout").read_bytes(), folder / f"expected.{name}"
        if not expected.exists():
            expected.write_bytes(found)
        whole = expected.read_bytes()
        return [] if found == whole or (not done and whole.startswith(found)) else [f"{len(found)} bytes, done: {done}"]

    return wrong


def wrong_corpus(folder: Path, done: bool) -> list[str]:
    """No file is there in part: each as it was undisturbed; all of them where it is done."""
    kept, found = folder / "expected", {one.name: one.read_bytes() for one in (folder / "work").glob("names/*.tsv")}
    if not kept.exists():
        shutil.copytree(folder / "work/names", kept)
    expected = {one.name: one.read_bytes() for one in kept.glob("*.tsv")}
    whole = found == expected if done else found.items() <= expected.items()
    return [] if whole else [f"{', '.join(found)} of {', '.join(expected)}, done: {done}"]


def commands(folder: Path) -> dict[str, Work]:
    """All works by name."""
    work = folder / "work"
    model = str(work / "model")

    def one(name: str, words: Sequence[str], wrong: Callable[[Path, bool], list[str]]) -> Work:
        return Work(name, model_there, lambda _: [words], wrong)

    both = [
        Work("train", fresh, lambda folder: [run_words(folder), run_words(folder, "--resume")], wrong_training),
        Work("quickstart", fresh, lambda _: [["quickstart", "--corpus", "names", "--out", str(work / "run")]] * 2,
             wrong_quickstart),
        one("translate", ["translate", model, str(work / "text"), "--min-length", "3"], says("translations")),
        one("translate --json", ["translate", model, str(work / "text"), "--json", "--engine", "eager"], says("json")),
        one("score", ["score", model, "--source", str(work / "text"), "--target", str(work / "reference")],
            says("scores")),
        one("explain --json", ["explain", model, "a b", "--json", str(work / "trace.json")], writes("trace.json")),
        one("explain --html", ["explain", model, "a b", "--html", str(work / "page.html")], writes("page.html")),
        one("corpus --out", ["corpus", "names", "--out", str(work / "names")], wrong_corpus),
    ]  # fmt: skip
    return {one.name: one for one in both}


def attempt(
    work: Work, folder: Path, library: ctypes.CDLL, every: int, kinds: Sequence[str]
) -> tuple[int, int, list[str]]:
    """How many calls the undisturbed work makes, how many faults there were, and the promises that were broken."""
    first, *_ = work.commands(folder)
    for _ in range(2):  # once to load what it needs
        work.prepare(folder)
        status, said = say(folder, first, partial(library.failing_calls_arm, str(folder).encode(), -1, 0, ONCE))
        calls = library.failing_calls_disarm()
        assert status == 0 and not work.wrong(folder, True), (said, work.wrong(folder, True))
    tried, broken = 0, []
    for number in range(0, calls, every):
        for kind in kinds:
            work.prepare(folder)
            arm = partial(library.failing_calls_arm, str(folder).encode(), number, *KINDS[kind])
            status, said = say(folder, first, arm)
            library.failing_calls_disarm()
            hit = library.failing_calls_hit().decode().replace(str(folder), "")
            if not hit or (kind == "short" and not hit.startswith("write ")):
                continue
            tried += 1
            wrong = [] if status in (0, 1) else [f"status {status}"]
            lines = [line for line in said.splitlines() if line.startswith("glassformer: ") and "warning" not in line]
            wrong += [] if len(lines) <= 1 and "Traceback" not in said else [said[-300:]]
            wrong += [] if status == 0 or lines else [f"status {status} without a word"]
            wrong += work.wrong(folder, status == 0)
            if status or len(work.commands(folder)) > 1:  # else it has done what it was to do
                status, said = say(folder, work.commands(folder)[-1])
                wrong += [] if status == 0 else [f"repeated: {said[-300:]}"]
            wrong += [f"repeated: {one}" for one in work.wrong(folder, True)]
            told = [f"{kind} at {number}, {hit}: {one}" for one in wrong]
            print(f"{work.name}: {number} of {calls}", *told, sep="\n  ", file=sys.stderr, flush=True)
            broken += told
    return calls, tried, broken


def run() -> int:
    """Try all works; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="only every so many calls")
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--works", default="", help="some of them; all by default")
    options = parser.parse_args()
    library = ctypes.CDLL(os.environ["LD_PRELOAD"])
    library.failing_calls_hit.restype = ctypes.c_char_p
    recipe.RECIPES["names"] = {**recipe.RECIPES["names"], **TINY}
    status = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary).resolve()
        os.environ["XDG_CACHE_HOME"] = str(folder / "work/cache")
        fresh(folder)
        assert main(run_words(folder)) == 0
        Translator.load(folder / "work/run").save(folder / "trained")
        works = commands(folder)
        for name in options.works.split(",") if options.works else works:
            calls, tried, broken = attempt(works[name], folder, library, options.every, options.kinds.split(","))
            print(
                f"{name}: {calls} calls, {tried} faults, {len(broken)} promises broken", *broken, sep="\n  ", flush=True
            )
            status |= bool(broken)
    return status


def preloaded() -> int:
    """The same command in a process that has the library loaded before all others."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder, "failing_calls.so")
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", str(SOURCE), "-o", str(library), "-ldl"], check=True)
        environment = {**os.environ, "LD_PRELOAD": str(library)}
        return subprocess.run([sys.executable, *sys.argv], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(run() if "failing_calls" in os.environ.get("LD_PRELOAD", "") else preloaded())
