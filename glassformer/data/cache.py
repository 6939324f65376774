"""Where tokenized corpora and tokenizers are kept, and by which names they are found again."""

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
    """While the block runs, no other process builds `path`; it waits, and then finds what was built."""
    with saving(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = lock_file(path.with_name(f".{path.name}.lock"), wait=True)
    with lock:
        yield
