"""Saving so that a file or a directory appears whole or not at all: write beside, fsync, rename."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from glassformer.errors import InputError


@contextmanager
def saving(what: Path) -> Iterator[None]:
    """Turns a failure of the disk into one line; what was saved before is left as it was."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"{what}: cannot save: {reason}; make room or mend the path and go on: what was saved before is intact"
        ) from error


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` to `path`; a reader sees the old file or the new one, never a part."""
    partial = path.with_name(f".{path.name}.partial")
    with saving(path):
        try:
            with partial.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
            _sync_directory(path.parent)
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def whole_directory(path: Path) -> Iterator[Path]:
    """A new directory to fill; when the block ends without an error it takes the place of `path`.

    The old one steps aside first and goes only when the new one stands: if the machine stops in
    between, `standing` finds it and `recover` brings it back.
    """
    partial, old = _beside(path, "partial"), _beside(path, "old")
    with saving(path):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            yield partial
            _sync_directory(partial)
            if path.exists():
                shutil.rmtree(old, ignore_errors=True)
                path.rename(old)
            partial.rename(path)
            _sync_directory(path.parent)
            shutil.rmtree(old, ignore_errors=True)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
            recover(path)


def standing(path: Path) -> Path:
    """`path`, or the previous one if `whole_directory` is just between its two renames, or was cut off there."""
    if path.exists():
        return path
    old = _beside(path, "old")
    return old if old.exists() else path


def recover(path: Path) -> None:
    """Bring back the previous `path` if `whole_directory` was cut off between its two renames."""
    old = standing(path)
    if old != path:
        old.rename(path)


def _beside(path: Path, state: str) -> Path:
    return path.with_name(f".{path.name}.{state}")


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
