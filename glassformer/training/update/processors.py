"""On which processors the threads of an update compute: on fewer where other processes want them too."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType

import torch

from glassformer.system import computing_threads, confine, has_libgomp, own_processors

CROWDED, FREE = 0.7, 0.9  # shares of the processors' time; an undisturbed update of two threads has 0.97
WINDOW = 1.0  # seconds of updates from one decision to the next
SHORTEST, LONGEST = 5.0, 60.0  # seconds with few processors until all are tried again; twice as long after each failure


class Processors:
    """Has the threads of updates share fewer processors while other processes use them. The numbers stay the same.

    The threads of an update wait for each other some hundred times. Where one of them stands behind another process,
    each of these times may take a slice of the system's time, some milliseconds, so that two threads on two processors
    are many times as slow as one. Their number decides the order of sums, hence the last bits, and has to stay. But
    together on one processor they take hardly longer than a single thread, if none of them waits busily there.

    What tells is the share of its processors' time that an update gets. Nothing is done where torch computes with one
    thread, or with another library than libgomp.
    """

    def __init__(self, active: bool = True) -> None:
        self._all, self._count = own_processors(), torch.get_num_threads()
        alone = self._count == 1 or 2 * self._count < len(self._all)  # or with room beside them
        self._active = active and len(self._all) > 1 and not alone and has_libgomp()
        self._used = self._all
        self._threads: list[int] = []  # none while all processors are used
        self._other_pools: _OtherPools | None = None
        self._wall = self._own = 0.0  # seconds of the updates since the latest decision; those of all processors
        self._again, self._patience = 0.0, SHORTEST

    def __enter__(self) -> "Processors":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._spread()

    @contextmanager
    def measured(self) -> Iterator[None]:
        """While the block computes an update, its threads are on the chosen processors; after it they are free."""
        if not self._active:
            yield
            return
        wall, own = time.perf_counter(), time.process_time()
        confine(self._threads, self._used)
        try:
            yield
        finally:
            confine(self._threads, self._all)
        self._wall += time.perf_counter() - wall
        self._own += time.process_time() - own
        if self._wall >= WINDOW:
            share = self._own / (self._wall * self._needed())
            self._wall = self._own = 0.0
            self._decide(share, time.monotonic())

    def _needed(self) -> int:
        """On how many of the processors used there is something to do."""
        return min(self._count, len(self._used))

    def _decide(self, share: float, now: float) -> None:
        everywhere = len(self._used) == len(self._all)
        if share < CROWDED:
            if everywhere:
                self._again, self._patience = now + self._patience, min(2 * self._patience, LONGEST)
            self._gather(max(1, self._needed() // 2))
        elif everywhere:
            self._patience = SHORTEST
        elif share < FREE:  # perhaps others are freer
            self._gather(len(self._used))
        elif now >= self._again:
            self._spread()

    def _gather(self, count: int) -> None:
        """From the next update on, on `count` processors; at random, as other trainings choose some too."""
        self._other_pools = self._other_pools or _OtherPools(self._count, len(self._all))
        self._used, self._threads = random.SystemRandom().sample(self._all, count), computing_threads()

    def _spread(self) -> None:
        """From the next update on, on all processors."""
        self._used, self._threads = self._all, []
        if self._other_pools:
            self._other_pools.close()
            self._other_pools = None


class _OtherPools:
    """Threads that have a pool of OpenMP's threads each, and sleep: so many that there are more than processors.

    While libgomp manages more threads than there are processors, none of its threads waits busily (`do_spin` in its
    config/linux/wait.h). It says so by no other means once it runs.
    """

    def __init__(self, threads: int, processors: int) -> None:
        """`threads` are those of each pool, the one that computes among them, to which a pool adds all but one."""
        count = max(0, -(-(processors + 1 - threads) // (threads - 1)))
        self._ended, self._sleeping = threading.Event(), list[threading.Thread]()
        with suppress(RuntimeError):  # the system gives no more threads
            for _ in range(count):
                made = threading.Event()
                one = threading.Thread(target=self._hold, args=(made,), daemon=True)
                one.start()
                self._sleeping.append(one)
                made.wait()

    def _hold(self, made: threading.Event) -> None:
        try:
            torch.ones(1 << 20, device="cpu").add_(1)  # large enough to be shared among threads
        finally:
            made.set()
        self._ended.wait()

    def close(self) -> None:
        """Give the pools back."""
        self._ended.set()
        for one in self._sleeping:
            one.join()
