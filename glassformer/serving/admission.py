"""How much work there is at a time: requests get a thread, wait for one, or are sent away."""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any

from starlette.requests import Request

from glassformer.serving.gathering import DoAll, Gathering
from glassformer.serving.limits import Limits
from glassformer.serving.refusals import RefusedError, busy, unavailable
from glassformer.serving.ticket import TICKET, Ticket, UnwantedError


class Admission:
    """Runs the work of requests in threads, at most `concurrent` at a time, while at most `queued` wait."""

    def __init__(self, limits: Limits) -> None:
        self._limits, self.pending = limits, 0
        self._counting = Lock()  # held while `pending` changes, which the requests' threads do too
        self._pool = ThreadPoolExecutor(limits.concurrent, "request")
        self._gathering = Gathering(self._pool.submit)
        self.draining = False

    async def run(self, do: Callable[[], Any], ticket: Ticket, request: Request) -> Any:
        """What `do` returns. Its thread has the ticket; it is cancelled when the client goes or its time is over.

        Raises RefusedError: 429 where too many wait or it waited too long, 503 while the server ends, 504 for what
        takes too long.
        """
        return await self._result(self.start(do, ticket), ticket, request)

    async def run_together(
        self, kind: Hashable, do: DoAll, texts: Sequence[str], ticket: Ticket, request: Request
    ) -> list[Any]:
        """What `do` returns for the texts; it is given those of other requests of this kind besides. As `run`."""
        self._admit()
        future = self._gathering.join(kind, do, texts, ticket)
        future.add_done_callback(self._done)
        result: list[Any] = await self._result(future, ticket, request)
        return result

    async def _result(self, future: "Future[Any]", ticket: Ticket, request: Request) -> Any:
        work, gone = asyncio.wrap_future(future), asyncio.ensure_future(_gone(request))
        most, first = self._limits.timeout, min(self._limits.max_wait, self._limits.timeout)
        try:
            for seconds in (first, most - first):
                await asyncio.wait({work, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
                if work.done():
                    return work.result()
                if gone.done():
                    break
                if not (future.running() or future.done()):
                    raise busy(f"it was not its turn within {first:g} seconds", 5)
        except UnwantedError:
            pass
        finally:
            ticket.cancel()
            work.cancel()
            gone.cancel()
        raise RefusedError(504, "timeout", f"not done within {most:g} seconds; ask for less at a time")

    def start(self, do: Callable[[], Any], ticket: Ticket) -> "Future[Any]":
        """Begin the work, or let it wait. Raises RefusedError as `run` does."""
        self._admit()
        future = self._pool.submit(_with_ticket, do, ticket)
        future.add_done_callback(self._done)
        return future

    def _admit(self) -> None:
        if self.draining:
            raise unavailable("the server is about to end")
        with self._counting:
            if self.pending >= self._limits.concurrent + self._limits.queued:
                raise busy("too many requests are waiting")
            self.pending += 1

    def _done(self, _: "Future[Any]") -> None:
        with self._counting:
            self.pending -= 1

    def close(self) -> None:
        """Wait for nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _with_ticket(do: Callable[[], Any], ticket: Ticket) -> Any:
    ticket.check()
    token = TICKET.set(ticket)
    try:
        return do()
    finally:
        TICKET.reset(token)


async def _gone(request: Request) -> None:
    """Return when the client has gone; its body was read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
