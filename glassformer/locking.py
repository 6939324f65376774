"""A file by which processes keep each other out."""

from io import TextIOWrapper
from pathlib import Path

from glassformer.system import lock, open_itself


class HeldError(Exception):
    """Another process holds the lock; `holder` is what its file says."""

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder


def lock_file(path: Path, wait: bool) -> TextIOWrapper:
    """Take the exclusive lock of the file `path`, which is made where it is missing; return the open file.

    The lock is held until the file is closed, or the process ends, however it ends. Where another process holds it,
    `wait` for it, or raise HeldError. Raises OSError where the file cannot be opened or locked.
    """
    file = open(path, "a+", encoding="utf-8", opener=open_itself)  # noqa: SIM115
    try:
        lock(file.fileno(), wait)
    except OSError as error:
        file.seek(0)
        holder = file.read().strip()
        file.close()
        if isinstance(error, BlockingIOError):
            raise HeldError(holder) from error
        raise
    return file
