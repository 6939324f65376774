"""NumPy, torch and pyarrow are loaded where the address space (`ulimit -v`) has room for them.

Where it has not, they end the process in ways of their own: OpenBLAS waits or exits, torch aborts in C++, pyarrow's
jemalloc breaks off, to fail again when the process ends, and what is imported halfway raises errors of any kind.
"""

import mmap
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from glassformer.system import processors

MIB = 1 << 20
THREAD = 40  # MiB for each of OpenBLAS's threads
NEEDED = {"numpy": (60, THREAD), "torch": (620, THREAD), "pyarrow": (180, 0)}  # MiB, and more for each processor


@contextmanager
def room_first() -> Iterator[None]:
    """While the block runs, a library of `NEEDED` that has too little room raises a MemoryError when it is imported."""
    sys.meta_path.insert(0, _RoomFirst)
    try:
        yield
    finally:
        sys.meta_path.remove(_RoomFirst)


class _RoomFirst:
    """A finder of the import system, which finds nothing itself."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        if name in NEEDED:
            needed, for_each = NEEDED[name]
            try:
                mmap.mmap(-1, (needed + for_each * processors()) * MIB, access=mmap.ACCESS_READ).close()
            except OSError as error:
                raise MemoryError from error
