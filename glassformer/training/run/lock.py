"""One training at a time in a run directory."""

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path

from glassformer.errors import InputError
from glassformer.files import make_directory, saving

LOCK = "run.lock"  # says who trains, or was the last to


@contextmanager
def locked(run: Path) -> Iterator[None]:
    """Keep `run` to this process while the block runs; make it first where it is missing.

    The kernel lets go of the lock when the process ends, however it ends. Where the block leaves nothing in a
    directory made here, that goes too. Raises InputError where another process trains, which it names.
    """
    if run.exists() and not run.is_dir():
        raise InputError(f"{run}: is a file; --out wants a directory")
    made = not run.exists()
    with saving(run):
        make_directory(run)
        file = _hold(run / LOCK)
    try:
        yield
    finally:
        if made and [path.name for path in run.iterdir()] == [LOCK]:
            (run / LOCK).unlink()
            run.rmdir()
        file.close()


def _hold(path: Path) -> TextIOWrapper:
    """The lock's file, open and locked: as long as it stays open nobody else has it."""
    file = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        file.flush()
    except OSError as error:
        file.seek(0)
        holder = file.read().strip() or "another process"
        file.close()
        if error.errno in (errno.EAGAIN, errno.EACCES):
            raise InputError(
                f"{path.parent}: {holder} is training in it; wait for it, or choose another --out"
            ) from error
        raise
    return file
