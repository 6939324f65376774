"""On which processors the threads of an update compute: on fewer where other processes want them too."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
        self._all = own_processors()
        threads = torch.get_num_threads()
        enough = threads > 1 and 2 * threads - 1 > len(self._all) > 1  # for _OtherPool to be of use
        self._active = active and enough and has_libgomp()
        self._used = self._all
        self._threads: list[int] = []  # none while all processors are used
        self._other_pool: _OtherPool | None = None
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
            share, self._wall, self._own = self._own / (self._wall * len(self._used)), 0.0, 0.0
            self._decide(share, time.monotonic())

    def _decide(self, share: float, now: float) -> None:
        used = len(self._used)
        everywhere = used == len(self._all)
        if share < CROWDED:
            if everywhere:
                self._again, self._patience = now + self._patience, min(2 * self._patience, LONGEST)
            self._gather(max(1, used // 2))
        elif everywhere:
            self._patience = SHORTEST
        elif share < FREE:  # perhaps others are freer
            self._gather(used)
        elif now >= self._again:
            self._spread()

    def _gather(self, count: int) -> None:
        """From the next update on, on `count` processors; at random, as other trainings choose some too."""
        self._other_pool = self._other_pool or _OtherPool()
        self._used, self._threads = random.SystemRandom().sample(self._all, count), computing_threads()

    def _spread(self) -> None:
        """From the next update on, on all processors."""
        self._used, self._threads = self._all, []
        if self._other_pool:
            self._other_pool.close()
            self._other_pool = None


class _OtherPool:
    """A thread that has a pool of OpenMP's threads of its own, and sleeps.

    While libgomp manages more threads than there are processors, none of its threads waits busily (`do_spin` in its
    config/linux/wait.h). It says so by no other means once it runs.
    """

    def __init__(self) -> None:
        self._ended, made = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._hold, args=(made,), daemon=True)
        self._thread.start()
        made.wait()

    def _hold(self, made: threading.Event) -> None:
        torch.ones(1 << 20, device="cpu").add_(1)  # large enough to be shared among threads
        made.set()
        self._ended.wait()

    def close(self) -> None:
        """Give the pool back."""
        self._ended.set()
        self._thread.join()
