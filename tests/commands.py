"""The command line as a user meets it: run in this process, or in one of its own."""

import io
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import glassformer
from glassformer.cli import exit_status, main
from glassformer.training import Callback


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


def run(*arguments: object, stdin: str | bytes | None = None) -> Outcome:
    """`glassformer ARGUMENTS` in this process."""
    return captured(lambda: main([str(argument) for argument in arguments]), stdin)


def train(callback: Callback, **settings: Any) -> Outcome:
    """`glassformer.train` with a callback, in this process, ended as the command line ends it."""

    def work() -> int:
        glassformer.train(device="cpu", callbacks=[callback], **settings)
        return 0

    return captured(lambda: exit_status(work))


def captured(work: Callable[[], int], stdin: str | bytes | None = None) -> Outcome:
    """Do the work in this process, with standard streams of its own."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    data = stdin.encode() if isinstance(stdin, str) else stdin or b""
    before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(data))
    try:
        with redirect_stdout(out), redirect_stderr(err):
            status = work()
    except SystemExit as ended:
        status = int(ended.code or 0)
    finally:
        sys.stdin = before
    return Outcome(status, *(_text(stream) for stream in (out, err)))


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return stream.buffer.getvalue().decode()  # type: ignore[attr-defined]


def start(*arguments: object, program=("-m", "glassformer"), **settings) -> subprocess.Popen:
    """`glassformer ARGUMENTS`, or another program, in a process of its own, which listens to Ctrl-C and to a hang-up.

    A shell starts what runs in its background deaf to the one, nohup to the other, and children inherit that.
    """
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(
        [sys.executable, *program, *map(str, arguments)],
        **pipes | {"preexec_fn": _listening} | settings,
    )


def _listening() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def refusal(outcome: Outcome, status: int = 1, notes: bool = False) -> str:
    """The one line with which a command refuses; `notes`: it may have said something before."""
    assert "Traceback" not in outcome.err
    assert outcome.status == status, outcome
    assert outcome.out == ""
    *before, line = outcome.err.splitlines()
    assert line.startswith("glassformer: ")
    assert notes or not before, outcome.err
    assert not any(one.startswith("glassformer: ") for one in before)
    return line.removeprefix("glassformer: ")


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def options(settings: dict[str, object]) -> list[str]:
    """Settings as --set options."""
    return [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
