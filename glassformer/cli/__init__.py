"""The command line. Results go to stdout; progress, notes and errors to stderr.

Exit status: 0 done, 1 the input is wrong, 2 the usage is wrong, 128 + n stopped by signal n.
Heavy imports happen inside commands, so that `--help` answers at once.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from glassformer.cli.loading import room_first
from glassformer.cli.outputs import refuse_lost
from glassformer.cli.parser import make_parser
from glassformer.cli.streams import STDOUT, abandon_stdout, ctrl_c_ends_loading, say_error, speak_utf8
from glassformer.errors import GlassformerError, InputError, is_for_memory, is_out_of_memory
from glassformer.system import leave, wait_asleep

NO_MEMORY = "not enough memory; raise its limit, or take a smaller model, fewer batch_tokens or a narrower beam"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; no user's mistake ends in a traceback."""
    speak_utf8()
    wait_asleep()

    def command() -> int:
        try:
            options = make_parser().parse_args(arguments)
        except SystemExit as end:  # after --help and --version, whose text may be unwritten yet
            return int(end.code or 0)
        _refuse_without_folder()
        refuse_lost(options)
        status: int = options.run(options) or 0
        return status

    with ctrl_c_ends_loading(), room_first():
        status = exit_status(command)
    if arguments is None:  # the process's own, which has nothing left to do: to give back all that it holds takes time
        leave(status)
    return status


def _refuse_without_folder() -> None:
    """Raise InputError where the working directory was removed, in which libraries end the process by themselves."""
    try:
        Path.cwd()
    except OSError as error:
        raise InputError(f"the working directory: {error.strerror}; change to another folder") from error


def exit_status(work: Callable[[], int]) -> int:
    """Do the work and return its exit status; an error that a user can cause becomes one line on stderr."""
    try:
        status = work()
        sys.stdout.flush()
    except GlassformerError as error:
        return _fail(NO_MEMORY, 1) if is_for_memory(error) else _fail(str(error), error.status)
    except KeyboardInterrupt:
        return _fail("stopped", 130)
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        abandon_stdout()
        return 141
    except MemoryError as error:
        error.__traceback__ = None  # which holds what took the memory: there might be none left to say so
        return _fail(NO_MEMORY, 1)
    except Exception as error:
        return _fail(*_told(error))
    return status


def _told(error: Exception) -> tuple[str, int]:
    """The line and the exit status of an error that is none of ours but can be a user's to mend; others are raised."""
    if is_out_of_memory(error):
        return NO_MEMORY, 1
    if isinstance(error, OSError):
        where = error.filename or ""
        if where == STDOUT:
            abandon_stdout()
        reason = error.strerror or str(error)
        return f"{where}{': ' if where else ''}{reason}; check the path, its rights and the free space", 1
    if (signal := getattr(error, "stop_status", None)) is None:
        raise error
    return str(error), int(signal)


def _fail(message: str, status: int) -> int:
    say_error(message)
    return status
