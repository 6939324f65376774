"""The cache of tokenized corpora and tokenizers: its folder, the names of its entries, one builder at a time."""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from glassformer.arguments import path_of
from glassformer.errors import InputError
from glassformer.files import SavingError, saving
from glassformer.locking import lock_file

FORMAT = 1  # of what is kept; part of every key
SIDES = "source", "target"


def cache_folder(chosen: str | None) -> Path:
    """`chosen`, or `glassformer` in the user's cache directory (`$XDG_CACHE_HOME`, else `~/.cache`)."""
    try:
        if chosen:
            return path_of(chosen, "store").expanduser()
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "glassformer"
    except RuntimeError as error:
        raise InputError("no home directory to keep the tokenized corpus in; set store to a folder") from error


def key_of(*facts: object) -> str:
    """A name for what is made from these facts: a hash of their `repr`."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]


@contextmanager
def building(path: Path) -> Iterator[None]:
    """Keep other processes from building `path` while the block runs; they wait, and then find it built.

    What is there already can be read where nothing can be written. SavingError, which names `store`, where it must be.
    """
    try:
        with saving(path):
            lock = _locked(path)
        with lock:
            yield
    except SavingError as error:
        raise SavingError(f"{error}; or set store to a folder with room") from error


def _locked(path: Path) -> AbstractContextManager[object]:
    """The lock of `path`; none where it is built, and nobody may write beside it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return lock_file(path.with_name(f".{path.name}.lock"), wait=True)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EROFS) and path.exists():
            return nullcontext()
        raise
