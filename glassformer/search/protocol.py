"""What search needs of a model: one step of what may follow, and a state whose rows it can rearrange.

Axes: N rows, V vocabulary, M candidates of a row.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from glassformer.errors import InputError
from glassformer.search.ranking import top

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


class State(Protocol):
    """What the model carries from step to step (its cache). Search only selects rows of it."""

    def select(self, rows_N: Ints, /) -> Self:
        """The state of the rows `rows_N`: reordered, repeated or dropped."""
        ...


class Following(Protocol):
    """What may follow the N rows of a step. Search asks for the best, and for all tokens only where a rule needs them.

    Log-probabilities are float32, and have been through log-softmax over all tokens.
    """

    def best(self, count: int, suppressed: Sequence[int]) -> tuple[Ints, Floats]:
        """The `count` likeliest tokens that are not suppressed (all if there are fewer): ids_NM and log_probs_NM.

        The best comes first, of equal ones the lowest id. A model that gives NaN raises InputError or passes it on.
        """
        ...

    def log_probs(self) -> Floats:
        """log_probs_NV of every token."""
        ...


@dataclass(frozen=True)
class Rows:
    """What may follow, as the log-probabilities of all tokens."""

    log_probs_NV: Floats

    def best(self, count: int, suppressed: Sequence[int]) -> tuple[Ints, Floats]:
        """The likeliest tokens that are not suppressed."""
        allowed_NV = refuse_nan(self.log_probs_NV).copy()
        allowed_NV[:, list(suppressed)] = -np.inf
        ids_NM = top(allowed_NV, count)
        return ids_NM, np.take_along_axis(allowed_NV, ids_NM, axis=1)

    def log_probs(self) -> Floats:
        """Those of every token."""
        return self.log_probs_NV


S = TypeVar("S", bound=State)

# tokens_N, the last token of each row, and the state before it
# -> what may follow it, and the state after it.
Step = Callable[[Ints, S], tuple[Following, S]]


def refuse_nan(log_probs_NM: Floats) -> Floats:
    """The same log-probabilities; InputError if a row has a NaN, which a maximum passes on."""
    if np.isnan(log_probs_NM.max(axis=1)).any():
        raise InputError("the model gave NaN instead of log-probabilities: check its weights")
    return log_probs_NM


def select(state: S, rows_N: Ints, count: int) -> S:
    """`state.select(rows_N)`, or `state` itself where that would be its `count` rows in their order."""
    return state if np.array_equal(rows_N, np.arange(count)) else state.select(rows_N)
