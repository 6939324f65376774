"""The standard streams, as the command line uses them."""

import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from glassformer.text.printable import escaped

STDOUT = "standard output"


def speak_utf8() -> None:
    """Text goes out as it comes in, UTF-8, whatever the locale; file names keep their bytes."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed (`>&-`): nobody listens
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115
    if sys.stderr is sys.__stderr__ and isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr = _through(_Unheard, sys.stderr, line_buffering=True, errors="backslashreplace")
    if sys.stdout is sys.__stdout__ and isinstance(sys.stdout, io.TextIOWrapper):
        at_once = sys.stdout.line_buffering or sys.stdout.write_through
        sys.stdout = _through(_Named, sys.stdout, line_buffering=at_once)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")


class _Unheard(io.FileIO):
    """A file whose reader may go away, as a terminal that hangs up: what is written then is lost, and no error."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError:
            return len(data)


class _Named(io.FileIO):
    """Standard output, whose name is in the errors of writing there."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            error.filename = STDOUT
            raise


def _through(
    kind: type[io.FileIO], stream: io.TextIOWrapper, line_buffering: bool, errors: str | None = None
) -> io.TextIOWrapper:
    """A stream to where `stream` goes, whose bytes a file of this kind writes."""
    stream.flush()
    raw = io.BufferedWriter(kind(stream.fileno(), "w", closefd=False))
    return io.TextIOWrapper(raw, encoding=stream.encoding, errors=errors, line_buffering=line_buffering)


def say(line: str) -> None:
    """A line for people: what a terminal would obey, or nobody could see, is shown as its escape."""
    print(escaped(line), file=sys.stderr)


def say_error(message: object) -> None:
    """An error is one line, whatever a file's name or a text in it holds."""
    say(f"glassformer: {' '.join(str(message).splitlines())}")


def abandon_stdout() -> None:
    """What is still unwritten can go nowhere; without this Python would try again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_whole(lines: str) -> None:
    """Print complete lines: Ctrl-C stops before or after them, never within; a second one does not wait."""
    with _ctrl_c_waits():
        sys.stdout.write(lines)
        sys.stdout.flush()


@contextmanager
def ctrl_c_ends_loading() -> Iterator[None]:
    """While the block runs, Ctrl-C ends the process at once if torch is just being loaded.

    It calls Python from C++ there, where a KeyboardInterrupt would abort the process. Nothing is half written then.
    """
    if not _is_usual(signal.default_int_handler):
        yield
        return
    signal.signal(signal.SIGINT, _stop)
    try:
        yield
    finally:
        if _is_usual(_stop):
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _stop(number: int, frame: FrameType | None) -> None:
    loading = getattr(sys.modules.get("torch"), "__spec__", None)
    if getattr(loading, "_initializing", False):  # as importlib has it
        say_error("stopped")
        os._exit(128 + number)
    signal.default_int_handler(number, frame)


def _is_usual(*handlers: object) -> bool:
    """Whether Ctrl-C comes to this thread, and to one of these handlers."""
    return threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) in handlers


@contextmanager
def _ctrl_c_waits() -> Iterator[None]:
    """While the block runs, Ctrl-C is noted; after it, it is obeyed."""
    if not _is_usual(signal.default_int_handler, _stop):
        yield
        return
    usual: Any = signal.getsignal(signal.SIGINT)
    pressed = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            usual(number, frame)
        pressed = True

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
    if pressed:
        raise KeyboardInterrupt
