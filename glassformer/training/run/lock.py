"""One training at a time in a run directory."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from glassformer.errors import InputError
from glassformer.files import make_directory, saving
from glassformer.locking import HeldError, lock_file
from glassformer.model_directory import CONFIG

LOCK = "run.lock"  # names the process that trains, or was the last to


@contextmanager
def lock_run(run: Path) -> Iterator[None]:
    """Keep the run directory to this process while the block runs; make it first where it is missing.

    Where the block leaves nothing in a directory made here, that is removed too. Raises InputError where another
    process trains in it, which it names.
    """
    if run.exists() and not run.is_dir():
        raise InputError(f"{run}: is a file; --out wants a directory")
    if (run / CONFIG).exists():
        raise InputError(f"{run}: is a model, which what is trained there would never replace; choose another --out")
    made = not run.exists()
    try:
        with saving(run):
            make_directory(run)
        with saving(run / LOCK):
            file = lock_file(run / LOCK, wait=False)
            file.truncate(0)
            file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
            file.flush()
    except HeldError as error:
        holder = error.holder or "another process"
        raise InputError(f"{run}: {holder} is training in it; wait for it, or choose another --out") from error
    try:
        yield
    finally:
        if made and [path.name for path in run.iterdir()] == [LOCK]:
            (run / LOCK).unlink()
            run.rmdir()
        file.close()
