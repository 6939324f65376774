"""The cache of tokenized corpora and tokenizers: its folder, the names of its entries, one builder at a time."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from glassformer.errors import InputError
from glassformer.files import saving
from glassformer.locking import lock_file

FORMAT = 1  # of what is kept; part of every key
SIDES = "source", "target"


def cache_folder(chosen: str | None) -> Path:
    """`chosen`, or `glassformer` in the user's cache directory (`$XDG_CACHE_HOME`, else `~/.cache`)."""
    try:
        if chosen:
            return Path(chosen).expanduser()
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "glassformer"
    except RuntimeError as error:
        raise InputError("no home directory to keep the tokenized corpus in; set store to a folder") from error


def key_of(*facts: object) -> str:
    """A name for what is made from these facts: a hash of their `repr`."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]


@contextmanager
def building(path: Path) -> Iterator[None]:
    """Keep other processes from building `path` while the block runs; they wait, and then find it built."""
    with saving(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = lock_file(path.with_name(f".{path.name}.lock"), wait=True)
    with lock:
        yield
