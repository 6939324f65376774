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
        self.client, self.deadline = client, time.monotonic() + seconds  # on that clock
        self._cancelled = False
        self._waiting: Event | None = None
        self._shared: SharedTicket | None = None
        self.tell: Tell | None = None  # is told the tokens of a greedy search as they come

    @property
    def is_live(self) -> bool:
        """Whether the result is still wanted."""
        return not self._cancelled and time.monotonic() < self.deadline

    def cancel(self) -> None:
        """Nobody wants the result any more; what waits for it is woken up."""
        self._cancelled = True
        if self._waiting:
            self._waiting.set()
        if self._shared and not self._shared.is_live:
            self._shared.cancel()

    def check(self) -> None:
        """Raise UnwantedError if the result is wanted no more."""
        if not self.is_live:
            raise UnwantedError

    def wait(self, event: Event) -> None:
        """Wait until the event is set. Raises UnwantedError if the result is not wanted any more."""
        self._waiting = event
        self.check()
        event.wait(max(self.deadline - time.monotonic(), 0.0))
        self._waiting = None
        self.check()


class SharedTicket(Ticket):
    """Of several requests of one client that are done together: wanted as long as one of them is."""

    def __init__(self, tickets: Sequence[Ticket]) -> None:
        super().__init__(tickets[0].client, 0.0)
        self.deadline = max(ticket.deadline for ticket in tickets)
        self._tickets = tickets
        for ticket in tickets:
            ticket._shared = self

    @property
    def is_live(self) -> bool:
        """Whether one of the results is still wanted."""
        return any(ticket.is_live for ticket in self._tickets)


TICKET: ContextVar[Ticket] = ContextVar("ticket")  # of the request that a thread works for
