"""A request's ticket: whose it is, and until when its work is worth doing."""

import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from threading import Event

Tell = Callable[[Sequence[int]], None]


class UnwantedError(Exception):
    """The work of a request is wanted no more: its client went away, or its time is over."""


class Ticket:
    """Goes with a request's work from thread to thread; any thread may cancel it."""

    def __init__(self, client: str, seconds: float) -> None:
        self.client, self._deadline = client, time.monotonic() + seconds
        self._cancelled = False
        self._waiting: Event | None = None
        self.tell: Tell | None = None  # is told the tokens of a greedy search as they come

    @property
    def is_live(self) -> bool:
        """Whether the result is still wanted."""
        return not self._cancelled and time.monotonic() < self._deadline

    def cancel(self) -> None:
        """Nobody wants the result any more; what waits for it is woken up."""
        self._cancelled = True
        if self._waiting:
            self._waiting.set()

    def check(self) -> None:
        """Raise UnwantedError if the result is wanted no more."""
        if not self.is_live:
            raise UnwantedError

    def wait(self, event: Event) -> None:
        """Wait until the event is set. Raises UnwantedError if the result is not wanted any more."""
        self._waiting = event
        self.check()
        event.wait(max(self._deadline - time.monotonic(), 0.0))
        self._waiting = None
        self.check()


TICKET: ContextVar[Ticket] = ContextVar("ticket")  # of the request that a thread works for
