"""The standard streams, as the command line uses them."""

import io
import os
import sys


def speak_utf8() -> None:
    """Text goes out as it comes in, UTF-8, whatever the locale; file names keep their bytes."""
    if sys.stdout is None:  # closed (`>&-`): nobody listens
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")


def say(line: str) -> None:
    print(line, file=sys.stderr)


def say_error(message: object) -> None:
    """An error is one line, whatever a file's name or a text in it holds."""
    say(f"glassformer: {' '.join(str(message).splitlines())}")


def abandon_stdout() -> None:
    """What is still unwritten can go nowhere; without this Python would try again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
