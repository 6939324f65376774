"""The errors a user can cause, each a single line that says what, where, and what to do."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

LONGEST = 5000  # characters of a message: more than any path
MANY = 20  # names, more than which no error lists
UNLOADED = (  # as glibc's loader says that a library found no memory
    "failed to map segment from shared object",
    "cannot create shared object descriptor",
    "cannot map zero-fill pages",
)
NO_ROOM = (  # for a thread's stack, as Python and pyarrow say; for a traceback, as Python does
    "can't start new thread",
    "Failed to launch worker thread",
    "error return without exception set",
)


class GlassformerError(Exception):
    """Base of every error that is the user's to mend; `status` is the process's exit status.

    Its message is one line that can be written as UTF-8, whatever the names and texts in it hold, and not longer than a
    name may be.
    """

    status = 1

    def __init__(self, message: str) -> None:
        line = " ".join(message.splitlines()).encode(errors="backslashreplace").decode()
        half = LONGEST // 2  # the middle goes: the reason stands at the end, behind a name
        super().__init__(line if len(line) <= LONGEST else f"{line[:half]}...{line[-half:]}")


class InputError(GlassformerError):
    """The input or the data is wrong (exit status 1)."""


class UsageError(GlassformerError):
    """A command, an option or a config key is wrong (exit status 2)."""

    status = 2


def nearest(name: str, known: Iterable[str]) -> str:
    """Ending for an error about an unknown name: the nearest known one, else all of them unless they are many."""
    import difflib  # here, for few errors need it

    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5 if len(known) <= MANY else 0.0)
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(known)}"


def is_out_of_memory(error: BaseException) -> bool:
    """Python's error, or torch's (a class of its own on a GPU, a RuntimeError on the CPU), or that of C or C++.

    Also the loader's, for which there is no room in the address space (`ulimit -v`) for a library, and one of a thread.
    """
    names = {kind.__name__ for kind in type(error).__mro__}
    words = "DefaultCPUAllocator", "bad_alloc", "Cannot allocate memory", *UNLOADED, *NO_ROOM
    return bool(names & {"MemoryError", "OutOfMemoryError"}) or any(word in str(error) for word in words)


def is_for_memory(error: GlassformerError) -> bool:
    """Whether an error that speaks of something else, such as a broken file, was raised from one of memory."""
    cause = error.__cause__
    while cause is not None and not is_out_of_memory(cause):
        cause = cause.__cause__
    return cause is not None


@contextmanager
def importing(told: Callable[[ImportError], GlassformerError]) -> Iterator[None]:
    """Raise what is `told` where the block imports a library that is missing; one without room in memory is not."""
    try:
        yield
    except ImportError as error:
        if is_out_of_memory(error):
            raise
        raise told(error) from error
