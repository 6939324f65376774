"""The engine that runs the model as it is, with PyTorch.

Axes: B sentences, N rows of the search, S source length, T target length, D d_model, V vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from glassformer.batching import batches_by_length, pad
from glassformer.model import Transformer
from glassformer.model.cache import DecoderCache
from glassformer.model.observe import observed
from glassformer.model.transformer import shift_right
from glassformer.special import PAD

SCORED_TOKENS = 1024  # positions of a batch to score, padding included; each has a logit for every token there is


@dataclass(frozen=True)
class EagerState:
    """What a step leaves for the next: the decoder's cache, and which source each row reads."""

    cache: DecoderCache
    sources_N: Tensor

    def select(self, rows_N: Tensor) -> "EagerState":
        """The state of these rows (int64): reordered, repeated or dropped."""
        sources_N = self.sources_N[rows_N]
        return EagerState(self.cache.select(rows_N, torch.equal(sources_N, self.sources_N)), sources_N)


class TargetScore(NamedTuple):
    """What the model thinks of one given target.

    `token_log_probs` has log p(token | source, tokens before it) of each token; `alignment_TS` the cross-attention,
    averaged over layers and heads, or None where only the log-probabilities were wanted.
    """

    token_log_probs: list[float]
    alignment_TS: Tensor | None


class EagerEngine:
    """Runs a `Transformer`: the same modules and kernels as in training, one call after the other."""

    def __init__(self, model: Transformer) -> None:
        self.model = model

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

    @torch.inference_mode()
    def encode(self, sources: Sequence[Sequence[int]]) -> EagerState:
        """Read the sources; cross-attention's keys and values are computed once, here."""
        memory = self.model.encode(self._matrix(sources))
        return EagerState(self.model.start(memory), torch.arange(len(sources), device=self.device))

    @torch.inference_mode()
    def step(self, tokens_N: Tensor, state: EagerState) -> tuple[Tensor, EagerState]:
        """Read one more token of each row: log_probs_NV of the next ones, and the state after it."""
        hidden_N1D, cache = self.model.decode(tokens_N[:, None], state.cache)
        log_probs_NV = self.model.logits(hidden_N1D[:, -1]).float().log_softmax(-1)
        return log_probs_NV, EagerState(cache, state.sources_N)

    def score(
        self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], align: bool = False
    ) -> list[TargetScore]:
        """Force each target as the translation of its source, both ids with `</s>`.

        All positions of a target are computed at once, and pairs of like length in one batch. `align` keeps the
        alignments, for which attention runs step by step instead of in a fused kernel.
        Raises InputError for a source or target longer than the model admits.
        """
        results: dict[int, TargetScore] = {}
        lengths = [max(map(len, pair)) for pair in zip(sources, targets, strict=True)]
        for batch in batches_by_length(lengths, SCORED_TOKENS):
            scores = self._score_batch([sources[row] for row in batch], [targets[row] for row in batch], align)
            results |= zip(batch, scores, strict=True)
        return [results[row] for row in range(len(lengths))]

    @torch.inference_mode()
    def _score_batch(
        self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], align: bool
    ) -> list[TargetScore]:
        target_BT = self._matrix(targets)
        softmaxes = [f"decoder.{layer}.cross_attention.softmax" for layer in range(len(self.model.decoder))]
        with observed(self.model, softmaxes if align else ()) as seen:
            logits_BTV = self.model(self._matrix(sources), shift_right(target_BT, self.start_id), explicit=align)
        log_probs_BT = logits_BTV.float().log_softmax(-1).gather(-1, target_BT[..., None])[..., 0]
        rows = [row[: len(target)].tolist() for row, target in zip(log_probs_BT, targets, strict=True)]
        if not align:
            return [TargetScore(row, None) for row in rows]
        weights_BTS = torch.stack([seen[name].output.mean(dim=1) for name in softmaxes]).mean(dim=0).cpu()
        sizes = zip(targets, sources, strict=True)
        alignments = [
            each[: len(target), : len(source)].clone()
            for each, (target, source) in zip(weights_BTS, sizes, strict=True)
        ]
        return list(map(TargetScore, rows, alignments))

    def _matrix(self, rows: Sequence[Sequence[int]]) -> Tensor:
        """Ids as one matrix, filled up on the right with `<pad>`."""
        return torch.tensor(pad(rows, PAD), device=self.device)
