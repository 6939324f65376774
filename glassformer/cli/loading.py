"""NumPy and torch are loaded where the address space (`ulimit -v`) has room for them.

Where it has not, they end the process in ways of their own: OpenBLAS waits or exits, torch aborts in C++, and what is
imported halfway raises errors of any kind.
"""

import mmap
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from glassformer.system import processors

MIB = 1 << 20
NEEDED = {"numpy": 60, "torch": 620}  # MiB, torch with the NumPy that it loads
THREAD = 40  # MiB more for each of OpenBLAS's threads


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
            try:
                mmap.mmap(-1, (NEEDED[name] + THREAD * processors()) * MIB, access=mmap.ACCESS_READ).close()
            except OSError as error:
                raise MemoryError from error
