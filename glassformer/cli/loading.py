"""NumPy, torch and pyarrow are loaded where the address space (`ulimit -v`) has room for them.

Where it has not, they end the process in ways of their own: OpenBLAS waits or exits, torch aborts in C++, pyarrow's
jemalloc breaks off, to fail again when the process ends, and what is imported halfway raises errors of any kind.
So does torch for a variable of the environment that it does not understand.
"""

import mmap
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

from glassformer.errors import InputError, is_out_of_memory
from glassformer.system import processors

MIB = 1 << 20
REASON = 200  # characters of a library's error: torch lists all that would be right
THREAD = 40  # MiB for each of OpenBLAS's threads
NEEDED = {"numpy": (60, THREAD), "torch": (620, THREAD), "pyarrow": (180, 0)}  # MiB, and more for each processor


@contextmanager
def room_first() -> Iterator[None]:
    """While the block runs, a library of `NEEDED` that has too little room raises a MemoryError when it is imported.

    What it raises itself, of a mistake in the environment, becomes an InputError.
    """
    sys.meta_path.insert(0, _RoomFirst)
    try:
        yield
    finally:
        sys.meta_path.remove(_RoomFirst)


class _RoomFirst:
    """A finder of the import system."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name not in NEEDED:
            return None
        needed, for_each = NEEDED[name]
        try:
            mmap.mmap(-1, (needed + for_each * processors()) * MIB, access=mmap.ACCESS_READ).close()
        except OSError as error:
            raise MemoryError from error
        spec = PathFinder.find_spec(name)
        if spec and spec.loader:
            setattr(spec.loader, "exec_module", partial(_load, spec.loader.exec_module))  # noqa: B010 (one object's)
        return spec


def _load(execute: Callable[[ModuleType], None], module: ModuleType) -> None:
    """Execute a library's module; an error of its own, other than of memory or of a part that is missing, is told."""
    try:
        execute(module)
    except Exception as error:
        if is_out_of_memory(error) or isinstance(error, ImportError):
            raise
        name = module.__name__
        reason = " ".join(str(error).split())[:REASON] or type(error).__name__
        named = ", ".join(sorted(key for key in os.environ if name.upper() in key))
        advice = f"mend or unset what the environment has for it: {named}" if named else "install it again"
        raise InputError(f"{name} cannot be loaded: {reason}; {advice}") from error
