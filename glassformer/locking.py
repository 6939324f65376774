"""A file by which processes keep each other out."""

import errno
import fcntl
import os
from io import TextIOWrapper
from pathlib import Path


class HeldError(Exception):
    """Another process holds the lock; `holder` is what its file says."""

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder


def _itself(name: str, flags: int) -> int:
    """Open the file itself, never what a link in its place leads to."""
    return os.open(name, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


def lock_file(path: Path, wait: bool) -> TextIOWrapper:
    """Take the exclusive lock of the file `path`, which is made where it is missing; return the open file.

    The lock is held until the file is closed, or the process ends, however it ends. Where another process holds it,
    `wait` for it, or raise HeldError. Raises OSError where the file cannot be opened or locked.
    """
    file = open(path, "a+", encoding="utf-8", opener=_itself)  # noqa: SIM115
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError as error:
        file.seek(0)
        holder = file.read().strip()
        file.close()
        if error.errno in (errno.EAGAIN, errno.EACCES):
            raise HeldError(holder) from error
        raise
    return file
