"""What search needs of a model: one step of log-probabilities, and a state whose rows it can rearrange.

Axes: N rows, V vocabulary.
"""

from collections.abc import Callable
from typing import Protocol, Self, TypeVar

import torch
from torch import Tensor

from glassformer.errors import InputError


class State(Protocol):
    """What the model carries from step to step (its cache). Search only selects rows of it."""

    def select(self, rows_N: Tensor, /) -> Self:
        """The state of the rows `rows_N` (int64): reordered, repeated or dropped."""
        ...


S = TypeVar("S", bound=State)

# tokens_N, the last token of each row (int64), and the state before it
# -> log_probs_NV of the next token, already through log-softmax, and the state after it.
Step = Callable[[Tensor, S], tuple[Tensor, S]]


def next_log_probs(step: Step[S], tokens_N: Tensor, state: S) -> tuple[Tensor, S]:
    """Take one step of the model: (log_probs_NV in float32, state). Raises InputError for a NaN."""
    log_probs_NV, state = step(tokens_N, state)
    if log_probs_NV.amax(1).isnan().any():  # a maximum passes NaN on: one cheap look at each row
        raise InputError("the model gave NaN instead of log-probabilities: check its weights")
    return log_probs_NV.float(), state


def select(state: S, rows_N: Tensor, count: int) -> S:
    """`state.select(rows_N)`, or `state` itself where that would be its `count` rows in their order."""
    unchanged = torch.equal(rows_N, torch.arange(count, device=rows_N.device))
    return state if unchanged else state.select(rows_N)
