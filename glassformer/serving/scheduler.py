"""Sentences of all requests in batches that they share: fair between clients, of like length, and short.

A round takes one sentence of each client in turn, until it has the tokens of a batch. What one client sends, however
much, delays another's sentence by the round that runs and by its share of the next one. Rows are not refilled within a
running search: the engines keep a batch's keys and values together, and a batch is done in a fraction of a second.
"""

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from threading import Condition, Event, Thread
from typing import Any

from glassformer.batching import batches_by_length
from glassformer.serving.ticket import Ticket

BATCH_TOKENS = 4096  # of a round
Compute = Callable[[Any, Sequence[Any]], Sequence[Any]]  # (kind, items of that kind) -> a result for each


class _Call:
    """What one caller of `Scheduler.run` waits for."""

    def __init__(self, count: int, ticket: Ticket) -> None:
        self.ticket, self.results, self.left = ticket, [None] * count, count
        self.error: Exception | None = None
        self.ended = Event()

    def take(self, place: int, result: Any) -> None:
        self.results[place] = result
        self.left -= 1
        if not self.left:
            self.ended.set()

    def fail(self, error: Exception) -> None:
        self.error = error
        self.ended.set()

    @property
    def is_wanted(self) -> bool:
        """Whether its items are still worth computing: nobody went away, and none of them failed."""
        return self.ticket.is_live and self.error is None


@dataclass(frozen=True)
class _Item:
    value: Any
    tokens: int  # that it takes of a batch
    call: _Call
    place: int


Kinds = dict[Hashable, deque[_Item]]


class Scheduler:
    """Computes the items of many threads in one of its own. `compute` gets items of one kind at a time."""

    def __init__(self, compute: Compute, batch_tokens: int = BATCH_TOKENS) -> None:
        self._compute, self._batch_tokens = compute, batch_tokens
        self._clients: dict[str, Kinds] = {}  # in the order of their turns
        self._changed, self._closed = Condition(), False
        Thread(target=self._serve, daemon=True, name="scheduler").start()

    def run(self, kind: Hashable, values: Sequence[Any], tokens: Sequence[int], ticket: Ticket) -> list[Any]:
        """The result of each value, in order; it waits for them. Raises the error of a value, and UnwantedError."""
        if not values:
            return []
        call = _Call(len(values), ticket)
        items = [_Item(*each, call, place) for place, each in enumerate(zip(values, tokens, strict=True))]
        with self._changed:
            self._clients.setdefault(ticket.client, {}).setdefault(kind, deque()).extend(items)
            self._changed.notify()
        ticket.wait(call.ended)
        if call.error:
            raise call.error
        return call.results

    def close(self) -> None:
        """End the thread, once all that waits is done."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    @property
    def waiting(self) -> int:
        """How many items wait for their round."""
        with self._changed:
            return sum(len(items) for kinds in self._clients.values() for items in kinds.values())

    def _serve(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._clients or self._closed)
                if not self._clients:
                    return
                kind, items = self._next_round()
            for batch in batches_by_length([item.tokens for item in items], self._batch_tokens):
                self._run(kind, [items[row] for row in batch if items[row].call.is_wanted])

    def _next_round(self) -> tuple[Hashable, list[_Item]]:
        """The items of one kind for the next round: that of the client whose turn it is, and what others have of it."""
        kind = next(iter(next(iter(self._clients.values()))))
        turns = deque((client, kinds[kind]) for client, kinds in self._clients.items() if kind in kinds)
        items: list[_Item] = []
        tokens = 0
        while turns and tokens < self._batch_tokens:
            client, queue = turns.popleft()
            item = queue.popleft()
            if item.call.is_wanted:
                items.append(item)
                tokens += item.tokens
            if queue:
                turns.append((client, queue))
            self._end_turn(client, kind)
        return kind, items

    def _end_turn(self, client: str, kind: Hashable) -> None:
        """Put the client behind the others, and the kind behind its others; leave out what is empty."""
        kinds = self._clients.pop(client)
        if queue := kinds.pop(kind):
            kinds[kind] = queue
        if kinds:
            self._clients[client] = kinds

    def _run(self, kind: Hashable, items: list[_Item]) -> None:
        """Compute a batch. Where that fails, each of its items is tried alone, and fails alone."""
        if not items:
            return
        try:
            results = self._compute(kind, [item.value for item in items])
        except Exception as error:
            if len(items) == 1:
                items[0].call.fail(error.with_traceback(None))
            else:
                for item in items:
                    self._run(kind, [item])
            return
        for item, result in zip(items, results, strict=True):
            item.call.take(item.place, result)
