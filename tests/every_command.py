"""Every command of the command line, what it writes, and how it is disturbed in a process of its own.

A command that is not in WORKS, and an option that names a file and is neither in WORKS nor in READ, fail
`test_every_command.py`.
"""

import contextlib
import ctypes
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glassformer.cli import main
from glassformer.corpora import gettext
from glassformer.quickstart import recipe
from tests.letters import QUICK, letters, write_tsv

MARIAN = Path(__file__).parent / "interop" / "marian" / "words"
LEFT = "a pipe whose reader went away"
PATIENCE = 900  # seconds after which a command hangs; no measure of speed
LOADED = [  # what commands load first, which takes most of their time
    __name__, "glassformer.translator", "glassformer.explain", "glassformer.interop", "glassformer.quantize",
    "glassformer.training.train",
]  # fmt: skip
WRITING = os.O_WRONLY | os.O_RDWR
OPERATIONS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"}
TINY = ["--device", "cpu", "--set", "store=store"]
QUICKLY = [word for key, value in QUICK.items() for word in ("--set", f"{key}={value}")]
PAIRS = ["--pairs", "pairs.tsv"]
PAGES = ("page.html", "picture.svg", "solution.tex", "numbers.csv")
WEIGHTS = "encoder.0.self_attention.weights"
BOTH = ["--source", "text", "--reference", "reference"]
PAGE = ["--html", "page.html", "--svg", "picture.svg", "--latex", "solution.tex", "--csv", "numbers.csv"]


@dataclass(frozen=True)
class Work:
    """A command in the folder of `prepare`.

    - `outputs`: what it writes there, which is all or nothing; each is a word of the command.
    - `made`: whether `outputs` are new directories, which it makes; else they are files, which it replaces.
    - `prints`: whether it writes to standard output.
    - `again`: words with which the command is repeated where its output is there.
    - `resumes`: it may leave a part, which it goes on with when it is repeated.
    - `each`: of a new directory each file is all or nothing; the command repeated writes those that are missing.
    - `adds`: it adds to its file where that stands, something else every time.
    - `slow`: it is not disturbed in the usual suite.
    """

    words: tuple[str, ...]
    outputs: tuple[str, ...] = ()
    made: bool = False
    prints: bool = True
    again: tuple[str, ...] = ()
    resumes: bool = False
    each: bool = False
    adds: bool = False
    slow: bool = False


def _work(words: str, outputs: str = "", **more: Any) -> Work:
    return Work(tuple(words.split()), tuple(outputs.split()), **more)


def _export(to: str, more: str = "") -> Work:
    words = f"export model --to {to} --sentences text --out exported {more}"
    return _work(words, "exported", made=True, again=("--force",), slow=to not in ("torch", "python"))


def _corpus(name: str) -> Work:
    return _work(f"corpus {name} --out written", "written", made=True, each=True, slow=name == "phrasebook")


WORKS = [
    Work(("quickstart", "--corpus", "names", "--out", "run"), ("run",), made=True, resumes=True, slow=True),
    Work(("train", *PAIRS, "--out", "run", *TINY, *QUICKLY), ("run",), made=True, again=("--resume",), resumes=True,
         slow=True),
    _work("translate model text --min-length 3"),
    _work("translate model text --engine eager --json"),
    _work("serve --keys keys --new-key bob", "keys", adds=True),
    Work(("evaluate", "model", *BOTH, "--output", "translations"), ("translations",)),
    _work("score model --source text --target reference"),
    Work(("explain", "model", "a b", "--json", "trace.json", *PAGE, "--tensor", WEIGHTS,
          "--cell", f"{WEIGHTS}[0,0,0]"),
         ("trace.json", *PAGES), prints=False),
    _work("explain model ab --cause"),
    Work(("study", "model", *PAIRS, "--limit", "3")),
    Work(("lecture", *PAGE, "--tensor", "weights"), PAGES, prints=False),
    _work("lecture --check"),
    Work(("check-data", *PAIRS)),
    *map(_corpus, ("names", "phrasebook", "gettext:xx")),
    _work("info model"),
    Work(("quantize", "model", "--out", "small", *BOTH, "--max-loss", "100"), ("small",), made=True),
    *map(_export, ("ctranslate2", "onnx", "torch", "python")),
    _export("argos", "--languages en:hi"),
    _work("import foreign --out imported", "imported", made=True, again=("--force",)),
]  # fmt: skip
READ = {  # options that name a file or folder which is read
    "--config", "--from", "--teacher", "--pairs", "--source", "--target", "--valid-pairs", "--valid-source",
    "--valid-target", "--terms", "--reference", "--against", "--comet", "--glosses", "--shortlist", "--sentences",
    "--web",
}  # fmt: skip


@dataclass
class Disturbance:
    """What happens to a command.

    - `at`: the operation on files (opened for writing, renamed, removed, made) before which it happens; none: never.
    - `error`: what that operation raises; else `signal` comes.
    - `limit`: bytes that a file may have at most, a disk that is full after them.
    - `closed`: standard streams that are; `out`: what standard output is, a file or LEFT, else it is read.
    - `powerless`: the rights of files are obeyed, whoever runs the tests.
    """

    at: int | None = None
    error: int = 0
    signal: int = 0
    limit: int | None = None
    closed: tuple[int, ...] = ()
    out: str | None = None
    powerless: bool = False


@dataclass(frozen=True)
class Ended:
    """How it ended: the exit status, or less than 0 the signal; what it said; its operations on files."""

    status: int
    out: str
    err: str
    operations: int


def prepare(folder: Path, model: Path) -> None:
    """A model, texts, what is to be imported, a catalogue, and a file of keys."""
    folder.mkdir(parents=True)
    shutil.copytree(model, folder / "model")
    pairs = letters(60)
    write_tsv(folder / "pairs.tsv", pairs)
    for name, side in (("text", 0), ("reference", 1)):
        (folder / name).write_text("".join(f"{pair[side]}\n" for pair in pairs[:6]))
    (folder / "keys").write_text("alice\t" + "0" * 64 + "\n")
    shutil.copytree(MARIAN, folder / "foreign", ignore=shutil.ignore_patterns("said.json"))
    (catalogues := folder / "locale" / "xx").mkdir(parents=True)
    messages = "".join(f'msgid "{source} word"\nmsgstr "{target} mot"\n\n' for source, target in pairs)
    (catalogues / "a.po").write_text(f'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n{messages}')


class Processes:
    """Runs commands, each in a process that begins with everything loaded."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(LOADED)

    def run(self, words: Sequence[str], folder: Path, disturbance: Disturbance | None = None) -> Ended:
        """`glassformer WORDS` in a folder, disturbed."""
        with tempfile.TemporaryDirectory() as temporary:
            said = [Path(temporary, name) for name in ("out", "operations")]
            reader, writer = self._context.Pipe(duplex=False)
            process = self._context.Process(
                target=_command, args=(list(words), folder, disturbance or Disturbance(), writer, *said)
            )
            process.start()
            writer.close()
            process.join(PATIENCE)
            if process.exitcode is None:
                process.kill()
                process.join()
                raise TimeoutError(f"{' '.join(words)} did not end, {disturbance}")
            with open(os.dup(reader.fileno()), "rb") as file:  # noqa: PTH123
                err = file.read().decode(errors="replace")
            reader.close()
            out, operations = (one.read_bytes().decode(errors="replace") if one.exists() else "" for one in said)
            return Ended(process.exitcode, out, err, len(operations))


def _command(words: list[str], folder: Path, how: Disturbance, err: Any, out: Path, operations: Path) -> None:
    """What the process does."""
    os.chdir(folder)
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    recipe.RECIPES["names"] = {**recipe.RECIPES["names"], **QUICK, "max_length": 64, "vocab_size": 1000}
    gettext.usual_folders = lambda: [Path("locale")]
    counter = os.open(operations, os.O_WRONLY | os.O_CREAT)
    os.dup2(err.fileno(), 2)  # a pipe: where the disk is full, it is heard all the same
    for stream, path in ((0, os.devnull), (1, how.out or out)):
        if path == LEFT:
            reader, target = os.pipe()
            os.close(reader)
        else:
            target = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        os.dup2(target, stream)
    standard = {"stdin": (0, "r"), "stdout": (1, "w"), "stderr": (2, "w")}
    for name, (number, mode) in standard.items():  # as Python finds them when it starts
        stream = None if number in how.closed else open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
        if number in how.closed:
            os.close(number)
    if how.powerless:  # capset(2), version 3: no capability, so that rights are root's too
        ctypes.CDLL(None).capset((ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)())
    _disturb(folder, how, counter)
    status = main(words)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def _disturb(folder: Path, how: Disturbance, counter: int) -> None:
    """Have it happen."""
    count = 0

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal count
        if event not in OPERATIONS or (event == "open" and not _writes(arguments)):
            return
        first = arguments[0]
        if isinstance(first, int) or not Path.cwd().joinpath(os.fsdecode(first)).is_relative_to(folder):
            return
        count += 1
        if os.getpid() == own:
            os.write(counter, b".")
        if count - 1 != how.at:
            return
        if how.error:
            raise OSError(how.error, os.strerror(how.error), first)
        os.kill(own, how.signal)

    own = os.getpid()
    sys.addaudithook(hear)
    if how.limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (how.limit, how.limit))


def _writes(arguments: tuple[Any, ...]) -> bool:
    return isinstance(arguments[2], int) and bool(arguments[2] & WRITING)
