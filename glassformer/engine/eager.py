"""The engine that runs the model as it is, with PyTorch.

Axes: B sentences, P paths of each, N = B * P rows of the search, S source length, T target length, D d_model,
V vocabulary, C candidates.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from glassformer.arguments import checked, refuse_wrong_type
from glassformer.batching import batches_by_length, pad
from glassformer.data.shortlist import Shortlist
from glassformer.device import refuse_forked
from glassformer.engine.candidates import best, log_z
from glassformer.engine.checking import (
    refuse_unknown_tokens,
    refuse_wrong_ids,
    refuse_wrong_step,
    refuse_wrong_targets,
)
from glassformer.engine.linear_maps import in_bfloat16
from glassformer.engine.protocol import TargetScore
from glassformer.model import Transformer
from glassformer.model.cache import DecoderCache
from glassformer.model.observe import observed
from glassformer.model.transformer import shift_right
from glassformer.search.protocol import Floats, Ints
from glassformer.special import PAD

BATCH_TOKENS = 4096  # on a processor: more rows share the calls of a step
DEVICE_BATCHES = 8  # times as large as a processor's: a GPU needs many rows to be busy
SCORED_TOKENS = 1024  # positions of a batch to score, padding included; each has a logit for every token there is


@dataclass(frozen=True)
class EagerState:
    """What a step leaves for the next: the decoder's cache, and which source each row reads."""

    cache: DecoderCache
    sources_N: Tensor  # on the processor
    forbidden_BV: Tensor | None = None  # what no shortlist of the sources has

    def select(self, rows_N: Ints) -> "EagerState":
        """The state of these rows: reordered, repeated or dropped."""
        chosen_N = torch.from_numpy(rows_N)
        return EagerState(self.cache.select(chosen_N), self.sources_N[chosen_N], self.forbidden_BV)


@dataclass(frozen=True)
class EagerFollowing:
    """What may follow: the logits, and log Z = log sum_v e^logit[v]. Only what search asks for leaves the device."""

    logits_NV: Tensor
    log_z_N1: Tensor
    forbidden_NV: Tensor | None = None  # by the shortlist of each row's source

    @torch.inference_mode()
    def best(self, count: int, suppressed: Sequence[int]) -> tuple[Ints, Floats]:
        """The likeliest tokens that are not suppressed, of equal ones the lowest id first; NaN is passed on."""
        listed_NV, log_z_N1 = self.logits_NV, self.log_z_N1
        if self.forbidden_NV is not None:
            listed_NV = listed_NV.masked_fill(self.forbidden_NV, -torch.inf)
            log_z_N1 = log_z(listed_NV)
        forbidden = torch.tensor(tuple(suppressed), dtype=torch.int64, device=listed_NV.device)
        ids_NC, scores_NC = best(listed_NV, count, forbidden)
        return ids_NC.cpu().numpy(), (scores_NC - log_z_N1).cpu().numpy()

    @torch.inference_mode()
    def log_probs(self) -> Floats:
        """log_probs_NV of every token."""
        log_probs_NV: Floats = (self.logits_NV.float() - self.log_z_N1).cpu().numpy()
        return log_probs_NV


class ModuleEngine:
    """What every engine has that runs the modules of a `Transformer`."""

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

    @property
    def batch_tokens(self) -> int:
        """How many source positions suit a batch, times the rows of each source (the beam's width)."""
        return BATCH_TOKENS * (DEVICE_BATCHES if self.device.type == "cuda" else 1)

    def _matrix(self, rows: Sequence[Sequence[int]]) -> Tensor:
        """Ids as one matrix, filled up on the right with `<pad>`. UsageError in a forked process."""
        refuse_forked()
        return torch.from_numpy(np.array(pad(rows, PAD), np.int64)).to(self.device)


class EagerEngine(ModuleEngine):
    """Runs a `Transformer`: the same modules and kernels as in training, one call after the other."""

    @checked
    def __init__(self, model: Transformer, bfloat16: bool = False, shortlist: Shortlist | None = None) -> None:
        """`bfloat16`: matrix products in bfloat16, for processors and GPUs that have them.

        With a `shortlist` the best next tokens are among those that it allows; a rule that needs all tokens has all.
        """
        super().__init__(model)
        self.bfloat16, self.shortlist = bfloat16, shortlist
        self._decoder = in_bfloat16(model) if bfloat16 else model

    def _precision(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16)

    @checked
    @torch.inference_mode()
    def encode(self, sources: Sequence[Sequence[int]]) -> EagerState:
        """Read the sources; cross-attention's keys and values are computed once, here."""
        refuse_wrong_ids(sources, self.model.config)
        with self._precision():
            cache = self._decoder.start(self._decoder.encode(self._matrix(sources)))
        return EagerState(cache.with_paths(), torch.arange(len(sources)), self._forbidden(sources))

    def _forbidden(self, sources: Sequence[Sequence[int]]) -> Tensor | None:
        if self.shortlist is None:
            return None
        forbidden_BV = torch.ones(len(sources), self.model.config.vocab_size, dtype=torch.bool)
        for row, source in enumerate(sources):
            forbidden_BV[row, torch.from_numpy(self.shortlist.of(source)).long()] = False
        return forbidden_BV.to(self.device)

    @torch.inference_mode()
    def step(self, tokens_N: Ints, state: EagerState) -> tuple[EagerFollowing, EagerState]:
        """Read one more token of each row: what may follow, and the state after it."""
        refuse_wrong_type(state, EagerState, "state")
        refuse_wrong_step(tokens_N, len(state.sources_N))
        refuse_unknown_tokens(tokens_N, self.model.config)
        sentences = len(state.cache.source_mask_B11S)
        tokens_BP = torch.from_numpy(np.ascontiguousarray(tokens_N)).to(self.device).view(sentences, -1)
        with self._precision():
            hidden_BPD, cache = self._decoder.decode_paths(tokens_BP, state.cache)
            logits_NV = self._decoder.logits(hidden_BPD.flatten(0, 1))
        forbidden_NV = None if state.forbidden_BV is None else state.forbidden_BV[state.sources_N]
        following = EagerFollowing(logits_NV, log_z(logits_NV), forbidden_NV)
        return following, EagerState(cache, state.sources_N, state.forbidden_BV)

    @checked
    def score(
        self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], align: bool = False
    ) -> list[TargetScore]:
        """Force each target as the translation of its source, both ids with `</s>`.

        All positions of a target are computed at once, and pairs of like length in one batch. `align` keeps the
        alignments, for which attention runs step by step instead of in a fused kernel.
        Raises InputError for a source or target longer than the model admits.
        """
        if len(sources) or len(targets):
            refuse_wrong_ids(sources, self.model.config)
            refuse_wrong_targets(sources, targets, self.model.config)
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
        weights_BTS = (
            torch.stack([seen[name].output.mean(dim=1) for name in softmaxes]).mean(dim=0).float().cpu().numpy()
        )
        sizes = zip(targets, sources, strict=True)
        alignments = [
            each[: len(target), : len(source)].copy() for each, (target, source) in zip(weights_BTS, sizes, strict=True)
        ]
        return list(map(TargetScore, rows, alignments))
