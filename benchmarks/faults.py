"""Fail every file operation of a small training in turn, and cut the power before every one of them.

    python benchmarks/faults.py [--every 1] [--errors ENOSPC,EIO,EACCES] [--folder DIR]

A training of four steps (two checkpoints, a validation, a tokenized corpus, a log) runs once to count its operations:
files opened for writing, renamed and removed, directories made and removed, and every fsync.

Faults: it runs again for every operation and error, which that operation raises. It must end with status 0 or 1 and
at most one line of error; afterwards each of its model directories must be as it was saved, and --resume, with the
disk mended, must end at the last step.

Power: the operations of the undisturbed training are replayed up to each of them, as a file system sees them that
keeps the order of names but of contents only what was fsynced: whatever was not is empty. After each, no model
directory and no tokenized corpus may be there in part, and what was saved must be found. Then once more without the
names whose directory was not fsynced: what a training had said was saved must still be there.

Prints the numbers; the exit status is 1 where any promise is broken.
"""

# ruff: noqa: PTH100, PTH112, PTH115, PTH118, PTH120

import argparse
import contextlib
import errno
import io
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from glassformer.cli import main
from glassformer.data.store import open_store
from glassformer.files import integrity_problem
from glassformer.model_directory import CONFIG, OF_A_RUN
from glassformer.training.run.recovery import newest_undamaged

SETTINGS = {
    "vocab_size": 273, "d_model": 16, "d_ff": 16, "num_heads": 2, "encoder_layers": 1, "decoder_layers": 1,
    "max_length": 32, "batch_tokens": 256, "warmup_steps": 4, "validate_every": 2, "validate_sentences": 4,
    "checkpoint_every": 2, "keep_checkpoints": 1,
    "average_last": 1, "precision": "float32", "max_steps": 4,
}  # fmt: skip
OPERATIONS = {"open": "open", "os.rename": "rename", "os.remove": "remove", "os.mkdir": "mkdir", "os.rmdir": "rmdir"}
WRITING = os.O_WRONLY | os.O_RDWR


@dataclass
class Watch:
    """Sees every operation on files below `folder`: notes it, and makes the one of number `failing` fail."""

    folder: Path | None = None
    failing: int = -1
    error: int = 0
    seen: list[tuple[str, str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        sys.addaudithook(self._hear)
        self._fsync: Any = os.fsync
        setattr(os, "fsync", self.fsync)  # noqa: B010

    @contextlib.contextmanager
    def on(self, folder: Path, failing: int = -1, error: int = 0) -> Iterator[None]:
        """Watch `folder` while the block runs."""
        self.folder, self.failing, self.error, self.seen = folder, failing, error, []
        try:
            yield
        finally:
            self.folder = None

    def fsync(self, descriptor: int) -> None:
        """What stands in for os.fsync; the content that it secures is noted."""
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        if self._is_mine(path):
            content = None if os.path.isdir(path) else Path(path).read_bytes()
            self._note("fsync", path, content)
        self._fsync(descriptor)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.folder is None or event not in OPERATIONS:
            return
        first, second = arguments[0], arguments[1]
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & WRITING):
            return
        if isinstance(first, str | os.PathLike) and self._is_mine(os.path.abspath(first)):
            target = os.path.abspath(second) if event == "os.rename" else None
            self._note(OPERATIONS[event], os.path.abspath(first), target)
        elif (
            event in ("os.remove", "os.rmdir") and isinstance(second, int) and second >= 0
        ):  # relative, as rmtree has it
            path = os.path.join(os.readlink(f"/proc/self/fd/{second}"), os.fspath(first))
            if self._is_mine(path):
                self._note(OPERATIONS[event], path, None)

    def _is_mine(self, path: str) -> bool:
        return self.folder is not None and path.startswith(f"{self.folder}/")

    def _note(self, operation: str, path: str, more: Any) -> None:
        number = len(self.seen)
        self.seen.append((operation, path, more))
        if number == self.failing:
            raise OSError(self.error, os.strerror(self.error), path)


def command(folder: Path, *more: str) -> tuple[int, str]:
    """Train in `folder`; the status and what was said."""
    settings = [word for key, value in SETTINGS.items() for word in ("--set", f"{key}={value}")]
    words = ["train", "--pairs", str(folder / "train.tsv"), "--out", str(folder / "work/run"), "--device", "cpu",
             "--set", f"store={folder / 'work/store'}", *settings, *more]  # fmt: skip
    said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        status = main(words)
    said.flush()
    return status, said.buffer.getvalue().decode()


def fresh(folder: Path) -> None:
    """The folder with a corpus and nothing else."""
    shutil.rmtree(folder / "work", ignore_errors=True)
    (folder / "work").mkdir(parents=True)
    if not (folder / "train.tsv").exists():
        chance = random.Random(1)
        words = {" ".join(chance.choices("abcdef", k=chance.randint(2, 5))) for _ in range(90)}
        (folder / "train.tsv").write_text("".join(f"{word}\t{word}\n" for word in sorted(words)))


def broken_models(run: Path) -> list[str]:
    """What is wrong with the model directories and the newest checkpoint that are in a run."""
    found = [run / name for name in OF_A_RUN if (run / name / CONFIG).exists() or (run / name).exists()]
    return [f"{one.name}: {problem}" for one in found if (problem := integrity_problem(one))]


def faults(folder: Path, watch: Watch, every: int, errors: list[int]) -> tuple[int, list[str]]:
    """Run with each fault; how many there were, and the promises that were broken."""
    broken: list[str] = []
    tried = 0
    for number in range(0, count_operations(folder, watch), every):
        for error in errors:
            fresh(folder)
            with watch.on(folder / "work", number, error):
                try:
                    status, said = command(folder)
                except BaseException as raised:
                    status, said = -1, repr(raised)
            operation, path, _ = watch.seen[min(number, len(watch.seen) - 1)]
            name = f"{errno.errorcode[error]} at {number}, {operation} {path.removeprefix(str(folder))}"
            tried += 1
            wrong = [] if status in (0, 1) else [f"status {status}: {said[-200:]}"]
            lines = [line for line in said.splitlines() if line.startswith("glassformer: ")]
            wrong += [] if len(lines) <= 1 and "Traceback" not in said else [said[-300:]]
            wrong += broken_models(folder / "work/run")
            status, said = command(folder, "--resume")
            wrong += [] if status == 0 and newest(folder) == SETTINGS["max_steps"] else [f"--resume: {said[-300:]}"]
            broken += [f"{name}: {one}" for one in wrong]
    return tried, broken


def count_operations(folder: Path, watch: Watch) -> int:
    """How many operations the undisturbed training has; they are in `watch.seen` afterwards."""
    fresh(folder)
    with watch.on(folder / "work"):
        status, said = command(folder)
    assert status == 0, said
    return len(watch.seen)


def newest(folder: Path) -> int:
    """The step of the newest undamaged checkpoint; 0 where there is none."""
    found, _ = newest_undamaged(folder / "work/run")
    return int(found.name.removeprefix("step-")) if found else 0


@dataclass
class Disk:
    """What a file system holds after a power loss: names in order, of contents what was fsynced."""

    files: dict[str, list[bytes]] = field(
        default_factory=dict
    )  # a list, so that a name can change and keep its content
    folders: set[str] = field(default_factory=set)

    def do(self, operation: str, path: str, more: Any) -> None:
        """One operation; a file that is written again keeps what it held until it is fsynced."""
        if operation == "open":
            self.files.setdefault(path, [b""])
        elif operation == "fsync" and more is not None:
            self.files.setdefault(path, [b""])[0] = more
        elif operation == "mkdir":
            self.folders.add(path)
        elif operation == "remove":
            self.files.pop(path, None)
        elif operation == "rmdir":
            self.folders.discard(path)
        elif operation == "rename":
            self.files = {renamed(name, path, more): content for name, content in self.files.items()}
            self.folders = {renamed(name, path, more) for name in self.folders}

    def write(self, folder: Path, to: Path) -> None:
        """Make it real."""
        for path in sorted(self.folders):
            (to / Path(path).relative_to(folder)).mkdir(parents=True, exist_ok=True)
        for path, (content,) in self.files.items():
            place = to / Path(path).relative_to(folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)


def renamed(name: str, path: str, to: str) -> str:
    """A name after `path` became `to`."""
    return to + name[len(path) :] if name == path or name.startswith(f"{path}/") else name


def power(folder: Path, watch: Watch, every: int) -> tuple[int, list[str]]:
    """Replay the operations up to each; how many states were looked at, and the promises that were broken."""
    count_operations(folder, watch)
    operations, work, broken, states = list(watch.seen), folder / "work", [], 0
    saved = 0  # the newest checkpoint that a training has gone on from
    for number in range(len(operations) + 1):
        if number and operations[number - 1][0] == "fsync" and operations[number - 1][1].endswith("run/checkpoints"):
            saved = max(saved, *steps_in(operations[:number]), 0)
        if number % every and number < len(operations):
            continue
        for name, kept in (("ordered", operations[:number]), ("unsynced names lost", synced(operations[:number]))):
            states += 1
            shutil.rmtree(folder / "replayed", ignore_errors=True)
            disk = Disk()
            for one in kept:
                disk.do(*one)
            disk.write(work, folder / "replayed")
            wrong = lost(folder / "replayed", saved)
            broken += [f"power lost at {number} ({operations[number - 1][:2]}), {name}: {one}" for one in wrong]
    return states, broken


def steps_in(operations: list[tuple[str, str, Any]]) -> list[int]:
    """The steps of the checkpoints that were given their names."""
    names = [Path(more).name for operation, _, more in operations if operation == "rename"]
    return [int(name.removeprefix("step-")) for name in names if name.startswith("step-")]


def synced(operations: list[tuple[str, str, Any]]) -> list[tuple[str, str, Any]]:
    """Without the names that no fsync of their directory has made sure of; contents that were fsynced stay."""
    last = {path: number for number, (operation, path, more) in enumerate(operations)
            if operation == "fsync" and more is None}  # fmt: skip

    def is_sure(number: int, operation: str, path: str, more: Any) -> bool:
        where = os.path.dirname(more if operation == "rename" else path)
        return operation == "fsync" or number < last.get(where, -1)

    return [one for number, one in enumerate(operations) if is_sure(number, *one)]


def lost(work: Path, saved: int) -> list[str]:
    """The promises that are broken in what a power loss has left."""
    wrong = broken_models(work / "run")
    for path in (work / "store").glob("corpus-*"):
        if not path.name.endswith(".lock") and path.is_dir() and open_store(path) is None:
            wrong.append(f"{path.name} is there in part")
    if saved:
        found, _ = newest_undamaged(work / "run")
        if not found or int(found.name.removeprefix("step-")) < saved:
            wrong.append(f"the checkpoint of step {saved} was saved, and there is {found and found.name}")
    return wrong


def run() -> int:
    """Do both; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="only every so many operations")
    parser.add_argument("--errors", default="ENOSPC,EIO,EACCES")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary one by default")
    options = parser.parse_args()
    watch, errors = Watch(), [getattr(errno, name) for name in options.errors.split(",")]
    attempts: list[tuple[str, Callable[[Path], tuple[int, list[str]]]]] = [
        ("states after a power loss", lambda folder: power(folder, watch, options.every)),
        ("faults", lambda folder: faults(folder, watch, options.every, errors)),
    ]
    status = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.folder or Path(temporary)).resolve()
        print(f"{count_operations(folder, watch)} operations on files in a training of {SETTINGS['max_steps']} steps")
        for name, attempt in attempts:
            tried, broken = attempt(folder)
            print(f"{tried} {name}: {len(broken)} promises broken", *broken, sep="\n  ", flush=True)
            status |= bool(broken)
    return status


if __name__ == "__main__":
    sys.exit(run())
