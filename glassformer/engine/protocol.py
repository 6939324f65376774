"""What an engine is: one model, run on token ids, one token of each translation at a time.

Axes: N rows of the search, T target tokens, S source tokens.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from glassformer.search import Following, Ints, S
from glassformer.search.protocol import Floats


class TargetScore(NamedTuple):
    """What the model thinks of one given target.

    `token_log_probs` has log p(token | source, tokens before it) of each token; `alignment_TS` the cross-attention,
    averaged over layers and heads, or None where only the log-probabilities were wanted.
    """

    token_log_probs: list[float]
    alignment_TS: Floats | None


@runtime_checkable
class Engine(Protocol[S]):
    """Reads sources, then tells step by step what may follow.

    Its state S is the engine's own affair (keys and values of what was read), except for `state.select(rows_N)`,
    with which the search drops, repeats and reorders rows. A row's numbers may not depend on the other rows.

    An engine that searches by itself, which saves the calls of each step, has a method `search(sources, limits, end,
    suppressed, options)` besides: what `glassformer.search.search` finds with the same, or None for what only that can.
    """

    @property
    def start_id(self) -> int:
        """The token that the decoder reads before its first one."""
        ...

    @property
    def max_length(self) -> int:
        """The most tokens of a source or of a translation, `</s>` included."""
        ...

    @property
    def batch_tokens(self) -> int:
        """How many source positions suit a batch, times the rows of each source (the beam's width)."""
        ...

    def encode(self, sources: Sequence[Sequence[int]]) -> S:
        """Read sources of one token or more, `</s>` included; the state has a row for each, before its first token."""
        ...

    def step(self, tokens_N: Ints, state: S) -> tuple[Following, S]:
        """Read one more token of each of the N rows (int64): what may follow, and the state after this one.

        What may follow is asked for before the next step.
        """
        ...
