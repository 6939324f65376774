"""An engine that tells the tokens of each sentence as a greedy search chooses them.

Axes: N rows of the search.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from glassformer.engine.protocol import Engine
from glassformer.search import Following, Ints
from glassformer.serving.ticket import Tell


@dataclass(frozen=True)
class _State:
    """The engine's state; which sentence each row is of, and what was chosen for it."""

    inner: Any
    sources_N: list[int]
    tokens_N: list[tuple[int, ...]]

    def select(self, rows_N: Ints) -> "_State":
        rows = rows_N.tolist()
        chosen = [self.tokens_N[row] for row in rows]
        return _State(self.inner.select(rows_N), [self.sources_N[row] for row in rows], chosen)


class Telling:
    """Any engine, which besides tells `tells[id(source)]` the tokens of that source's translation so far."""

    def __init__(self, engine: Engine[Any], tells: Mapping[int, Tell]) -> None:
        self._engine, self._tells = engine, tells
        self.start_id, self.max_length = engine.start_id, engine.max_length
        self.batch_tokens = engine.batch_tokens

    def encode(self, sources: Sequence[Sequence[int]]) -> _State:
        """Read the sources."""
        return _State(self._engine.encode(sources), list(map(id, sources)), [()] * len(sources))

    def step(self, tokens_N: Ints, state: _State) -> tuple[Following, _State]:
        """Read one more token of each row, and tell of it; the first one is where the decoder starts."""
        following, inner = self._engine.step(tokens_N, state.inner)
        pairs = zip(state.tokens_N, tokens_N.tolist(), strict=True)
        chosen = [(*before, token) for before, token in pairs]
        for source, tokens in zip(state.sources_N, chosen, strict=True):
            if len(tokens) > 1 and source in self._tells:
                self._tells[source](tokens[1:])
        return following, _State(inner, state.sources_N, chosen)
