"""An engine whose model is intervened on: what it would say then.

Axes: N rows of the search, S source length, T tokens read, V vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from glassformer.engine.eager import ModuleEngine
from glassformer.glass.causes.intervening import intervening
from glassformer.glass.causes.resolving import Plan
from glassformer.model import Transformer
from glassformer.search import Ints, Rows
from glassformer.search.constraints import NOT_FORCED, force


@dataclass(frozen=True)
class ReadSoFar:
    """The state of a search: each row's source, and the tokens that it has read."""

    source_NS: Tensor
    read_NT: Tensor

    def select(self, rows_N: Ints) -> "ReadSoFar":
        """The state of these rows."""
        chosen_N = torch.from_numpy(rows_N).to(self.source_NS.device)
        return ReadSoFar(self.source_NS[chosen_N], self.read_NT[chosen_N])


class IntervenedEngine(ModuleEngine):
    """Runs the model with a plan's changes; each step reads the whole prefix again, as a change may concern any of it.

    A forced step allows its token alone, with the log-probability that the model gives it.
    """

    def __init__(self, model: Transformer, plan: Plan) -> None:
        super().__init__(model)
        self.plan = plan

    def encode(self, sources: Sequence[Sequence[int]]) -> ReadSoFar:
        """Remember the sources; the encoder runs with every step."""
        source_NS = self._matrix(sources)
        return ReadSoFar(source_NS, source_NS.new_empty(len(sources), 0))

    @torch.inference_mode()
    def step(self, tokens_N: Ints, state: ReadSoFar) -> tuple[Rows, ReadSoFar]:
        """What may follow each row, and the state after this one."""
        tokens_N1 = torch.from_numpy(np.ascontiguousarray(tokens_N)).to(self.device)[:, None]
        read_NT = torch.cat([state.read_NT, tokens_N1], 1)
        with intervening(self.model, self.plan.changes):
            logits_NTV = self.model(state.source_NS, read_NT, explicit=True)
        log_probs_NV = logits_NTV[:, -1].float().log_softmax(-1).cpu().numpy()
        forced_N = np.full_like(tokens_N, self.plan.forced.get(read_NT.shape[1] - 1, NOT_FORCED))
        return Rows(force(log_probs_NV, log_probs_NV, forced_N)), ReadSoFar(state.source_NS, read_NT)
