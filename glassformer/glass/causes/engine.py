"""An engine whose model is intervened on: what it would say then.

Axes: N rows of the search, S source length, T tokens read, V vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from glassformer.batching import pad
from glassformer.glass.causes.intervening import intervening
from glassformer.glass.causes.resolving import Plan
from glassformer.model import Transformer
from glassformer.search import Ints, Rows
from glassformer.search.constraints import NOT_FORCED, force
from glassformer.special import PAD


@dataclass(frozen=True)
class ReadSoFar:
    """The state of a search: each row's source, and the tokens that it has read."""

    source_NS: Tensor
    read_NT: Tensor

    def select(self, rows_N: Ints) -> "ReadSoFar":
        """The state of these rows."""
        chosen_N = torch.from_numpy(rows_N).to(self.source_NS.device)
        return ReadSoFar(self.source_NS[chosen_N], self.read_NT[chosen_N])


class IntervenedEngine:
    """Runs the model with a plan's changes; each step reads the whole prefix again, as a change may concern any of it.

    A forced step allows its token alone, with the log-probability that the model gives it.
    """

    def __init__(self, model: Transformer, plan: Plan) -> None:
        self.model, self.plan = model, plan

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self.model.generator.weight.device

    @property
    def start_id(self) -> int:
        """The token that the decoder reads before its first one."""
        return self.model.config.decoder_start_id

    @property
    def max_length(self) -> int:
        """The most tokens of a source or of a translation, `</s>` included."""
        return self.model.config.max_length

    def encode(self, sources: Sequence[Sequence[int]]) -> ReadSoFar:
        """Remember the sources; the encoder runs with every step."""
        source_NS = torch.tensor(pad(sources, PAD), device=self.device)
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
