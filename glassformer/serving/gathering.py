"""Short requests that wait at the same time are done by one call, whose cost they share."""

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Lock
from typing import Any

from glassformer.serving.ticket import TICKET, SharedTicket, Ticket, UnwantedError

DoAll = Callable[[Sequence[str]], Sequence[Any]]  # a result for each text
MOST = 1_000  # characters of a call, unless its first request has more; the engine needs no more to be at its fastest
CALLS = 4  # of a kind at a time: one is computed while others are encoded or put into words
ENOUGH = 8  # requests for a further call: of fewer in a batch each costs more than it takes to wait


@dataclass(frozen=True)
class _Request:
    texts: Sequence[str]
    ticket: Ticket
    done: "Future[list[Any]]"

    def begin(self) -> bool:
        """Whether it is still wanted now that its turn has come."""
        if not self.done.set_running_or_notify_cancel():
            return False
        if live := self.ticket.is_live:  # asked once: a deadline may pass at any moment
            return live
        self.done.set_exception(UnwantedError())
        return False


class _Kind:
    """The requests of one kind that wait, and how many calls do such ones now."""

    def __init__(self) -> None:
        self.waiting: deque[_Request] = deque()
        self.calls = 0


class Gathering:
    """Gathers requests of one kind, which `do` can do together. `start` runs a function in a thread."""

    def __init__(self, start: Callable[..., Any]) -> None:
        self._start = start
        self._kinds: dict[Hashable, _Kind] = {}
        self._lock = Lock()

    def join(self, kind: Hashable, do: DoAll, texts: Sequence[str], ticket: Ticket) -> "Future[list[Any]]":
        """The results of the texts, whose call begins at once if none of that kind is at work.

        Else they wait: for ENOUGH others, if there are fewer than CALLS, or until a call is done.
        """
        request = _Request(texts, ticket, Future())
        with self._lock:
            state = self._kinds.setdefault(kind, _Kind())
            state.waiting.append(request)
            if state.calls == CALLS or (state.calls and len(state.waiting) < ENOUGH):
                return request.done
            state.calls += 1
        self._start(self._call, kind, do)
        return request.done

    def _call(self, kind: Hashable, do: DoAll) -> None:
        """Do the next requests of a kind. Those after them go behind what waits for a thread."""
        requests = self._next(kind)
        if requests:
            _do(do, [request for request in requests if request.begin()])
            self._start(self._call, kind, do)

    def _next(self, kind: Hashable) -> list[_Request]:
        with self._lock:
            state, requests, size = self._kinds[kind], [], 0
            while state.waiting and size < MOST:
                requests.append(state.waiting.popleft())
                size += sum(map(len, requests[-1].texts))
            if not requests:
                state.calls -= 1
                if not state.calls:
                    del self._kinds[kind]
            return requests


def _do(do: DoAll, requests: list[_Request]) -> None:
    """Do them by one call. Where that fails, each is tried alone, and fails alone."""
    if not requests:
        return
    token = TICKET.set(SharedTicket([request.ticket for request in requests]))
    try:
        results = do([text for request in requests for text in request.texts])
    except BaseException as error:
        if len(requests) == 1:
            requests[0].done.set_exception(error)
        else:
            for request in requests:
                _do(do, [request])
        return
    finally:
        TICKET.reset(token)
    end = 0
    for request in requests:
        start, end = end, end + len(request.texts)
        request.done.set_result(list(results[start:end]))
