"""What an engine is: one model, run on token ids, one token of each translation at a time.

Axes: N rows of the search, V vocabulary.
"""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from glassformer.search import S


class Engine(Protocol[S]):
    """Reads sources, then tells step by step how likely each next token is.

    Its state S is the engine's own affair (keys and values of what was read), except for `state.select(rows_N)`,
    with which the search drops, repeats and reorders rows. A row's numbers may not depend on the other rows.
    """

    @property
    def device(self) -> torch.device:
        """Where the tensors of `step` and `select` are."""
        ...

    @property
    def start_id(self) -> int:
        """The token that the decoder reads before its first one."""
        ...

    @property
    def max_length(self) -> int:
        """The most tokens of a source or of a translation, `</s>` included."""
        ...

    def encode(self, sources: Sequence[Sequence[int]]) -> S:
        """Read sources of one token or more, `</s>` included; the state has a row for each, before its first token."""
        ...

    def step(self, tokens_N: Tensor, state: S) -> tuple[Tensor, S]:
        """Read one more token of each of the N rows (int64).

        Returns log_probs_NV, float32, of each row's next token (V is the vocabulary), and the state after this one.
        """
        ...
