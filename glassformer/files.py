"""Saving so that a file or a directory appears whole or not at all: write beside, fsync, rename.

A directory may carry the checksums of its files, by which one that was truncated or altered is told.
"""

import glob
import hashlib
import itertools
import json
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from glassformer.errors import InputError, UsageError, is_out_of_memory
from glassformer.reading import MIB, open_regular, parse_json, read_regular
from glassformer.system import is_running, sync_directory
from glassformer.tensor_file import NotWholeError, open_tensors

CHECKSUMS = "checksums.json"
LARGEST = 1 << 50  # bytes of a file whose checksum is taken: it is read piece by piece
WEIGHTS, LARGEST_OTHER = ".safetensors", 1024 * MIB  # the files that may be large, and what others have at most
# What stands beside NAME, as .NAME.STATE: the new one (.NAME.PROCESS-NUMBER.partial), the old one, one to remove.
STATES = "partial", "old", "gone"
SHOWN = 50  # characters of NAME there, so that a long one leaves room for the rest
_numbers = itertools.count()  # of what this process writes


class SavingError(InputError):
    """The disk failed, or has no room; what was saved before is intact."""


@contextmanager
def saving(what: Path) -> Iterator[None]:
    """Turns a failure of the disk into one line, a SavingError; what was saved before is left as it was."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise SavingError(
            f"{what}: cannot save: {reason}; make room or mend the path and go on: what was saved before is intact"
        ) from error


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` to `path`; a reader sees the old file or the new one, never a part."""
    refuse_nameless(path)
    partial = _partial(path)
    with saving(path):
        try:
            with partial.open("xb") as file:  # a new file: nothing that a link in its place leads to
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
            sync_directory(path.parent)
        finally:
            _remove(partial)


def refuse_nameless(path: Path) -> None:
    """Raise UsageError for a path that ends in no name, as the empty one and the top of all."""
    if not path.name:
        raise UsageError(f"'{path}' is no name of a file or folder; name one")


def write_output(path: Path, content: bytes) -> None:
    """Write a file that the user named, whole; InputError if the folder is not there or the disk is full.

    A pipe or a device (`/dev/stdout`) is written to, never replaced.
    """
    check_output(path)
    if path.exists() and not path.is_file():
        with saving(path):
            path.write_bytes(content)
    else:
        write_whole(_followed(path), content)


def check_output(path: Path) -> None:
    """Raise InputError where `write_output` would, a full disk aside; nothing is touched."""
    with saving(path):
        if path.is_dir():
            raise InputError(f"{path}: is a folder; name a file")
        if not path.parent.is_dir():
            raise InputError(f"{path}: its folder is not there; make it, or choose another place")
        special = path.exists() and not path.is_file()
        if not os.access(path if special else _followed(path).parent, os.W_OK):
            raise InputError(f"{path}: no right to write there; choose another place")


def _followed(path: Path) -> Path:
    """Where the links of a path lead; InputError for those that lead in a circle."""
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:  # the latter until Python 3.12
        raise InputError(f"{path}: is a link that leads in a circle; remove it, or choose another place") from error


@contextmanager
def whole_directory(path: Path) -> Iterator[Path]:
    """A new directory to fill; when the block ends without an error it takes the place of `path`.

    The old one steps aside first and goes only when the new one stands: if the machine stops in between, `standing`
    finds it and `recover` brings it back. Raises InputError where `path` is something else than a directory, and
    UsageError where it names none.
    """
    refuse_nameless(path)
    partial, old = _partial(path), _beside(path, "old")
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise InputError(f"{path}: is no folder, and would be lost; choose another place")
    with saving(path):
        make_directory(path.parent)
        partial.mkdir()
        try:
            yield partial
            sync_directory(partial)
            if path.exists():
                _remove(old)
                path.rename(old)
            partial.rename(path)
            sync_directory(path.parent)
            _remove(old)
        finally:
            _remove(partial)
            recover(path)


def make_directory(path: Path) -> None:
    """Make `path` and its parents where they are missing, each of them fsynced into its parent."""
    if not path.exists():
        make_directory(path.parent)
        path.mkdir(exist_ok=True)
        sync_directory(path.parent)


def remove_directory(path: Path) -> None:
    """Remove `path`, which at no moment stands there in part."""
    aside = _beside(path, "gone")
    with saving(path):
        _remove(aside)
        path.rename(aside)
        shutil.rmtree(aside)


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


def clear_remains(directory: Path) -> None:
    """Remove what saves and removals that were cut off have left in `directory`; first `recover` what is wanted."""
    for state in STATES:
        for path in directory.glob(f".*.{state}"):
            _remove(path)


def checksum(path: Path, named: bool = False) -> str:
    """The SHA-256 of a file of ours, or of one that the user `named`; see `open_regular`."""
    with open_regular(path, LARGEST, named) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_checksums(directory: Path) -> None:
    """Write `checksums.json`: the SHA-256 of every other file that is in `directory` now."""
    sums = {path.name: checksum(path) for path in sorted(directory.iterdir()) if path.name != CHECKSUMS}
    write_whole(directory / CHECKSUMS, (json.dumps(sums, indent=2) + "\n").encode())


def integrity_problem(directory: Path, of: Collection[str] = ()) -> str:
    """What is wrong with a directory that was saved with its checksums; nothing if it is whole.

    `of`: the files that are looked at, all if there are none named.
    """
    try:
        sums = parse_json(read_regular(directory / CHECKSUMS, MIB))
        files = {path.name: path for path in directory.iterdir()}  # nothing is opened because the list names it
        for name, expected in sums.items():
            if of and name not in of:
                continue
            if name not in files:
                return f"{name} is missing"
            if _sealed_sum(files[name]) != expected:
                return f"{name} is truncated or altered"
    except OSError as error:
        if is_out_of_memory(error):
            raise
        return f"{Path(error.filename or CHECKSUMS).name} cannot be read ({error.strerror})"
    except (ValueError, AttributeError):
        return f"{CHECKSUMS} is truncated or altered"
    return ""


def _sealed_sum(path: Path) -> str:
    """The SHA-256 of a file that has one to compare with; none where its size alone says that it is another.

    So nobody waits for the checksum of a file without end. Raises OSError where it cannot be read.
    """
    open_regular(path, LARGEST if path.suffix == WEIGHTS else LARGEST_OTHER).close()
    if path.suffix == WEIGHTS:
        try:
            with open_tensors(path):  # which compares the size with the header
                pass
        except NotWholeError:
            return ""
    return checksum(path)


def _beside(path: Path, state: str) -> Path:
    return path.with_name(f".{path.name}.{state}")


def _partial(path: Path) -> Path:
    """Where the new `path` is written: a free name that no other process or thread uses.

    What processes that have ended left under such names is removed.
    """
    begin = f".{path.name[:SHOWN]}."
    for left in path.parent.glob(f"{glob.escape(begin)}*-*.partial"):
        process = left.name.split(".")[-2].partition("-")[0]
        if process.isdecimal() and not is_running(int(process)):
            _remove(left)
    partial = path.with_name(f"{begin}{os.getpid()}-{next(_numbers)}.partial")
    _remove(partial)  # left by a process that had this one's number
    return partial


def _remove(path: Path) -> None:
    """Remove what stands at `path`, if it can be, and never what a link there leads to."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()
