"""The engine that runs the model as it is, with PyTorch."""

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor

from glassformer.batching import pad
from glassformer.model import Transformer
from glassformer.model.cache import DecoderCache
from glassformer.model.observe import observed
from glassformer.model.transformer import shift_right
from glassformer.search import Hypothesis, SearchOptions, Watch, search
from glassformer.special import BOS, EOS, PAD, UNK

SUPPRESSED = (PAD, UNK, BOS)  # control tokens that no translation contains


@dataclass(frozen=True)
class _State:
    """What search carries from step to step: the decoder's cache, and whose source each row reads."""

    cache: DecoderCache
    sources_N: Tensor

    def select(self, rows_N: Tensor) -> "_State":
        sources_N = self.sources_N[rows_N]
        return _State(self.cache.select(rows_N, torch.equal(sources_N, self.sources_N)), sources_N)


class EagerEngine:
    """Runs a `Transformer`: the same modules and kernels as in training, one call after the other."""

    def __init__(self, model: Transformer) -> None:
        self.model = model

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self.model.generator.weight.device

    @torch.inference_mode()
    def search(
        self,
        sources: list[list[int]],
        options: SearchOptions,
        prefixes: list[list[int]] | None = None,
        watch: Watch | None = None,
    ) -> list[list[Hypothesis]]:
        """The best hypotheses for each of the sources' ids, in one batch; see `search.search`."""
        model, device = self.model, self.device
        memory = model.encode(self._padded(sources))
        return search(
            self._step,
            _State(model.start(memory), torch.arange(len(sources), device=device)),
            start=model.config.decoder_start_id,
            end=EOS,
            limits=[options.limit(len(ids), model.config.max_length) for ids in sources],
            options=options,
            prefixes=prefixes,
            forbidden=SUPPRESSED,
            watch=watch,
            seeds=[_seed(options.seed, ids) for ids in sources],
            device=device,
        )

    def _step(self, tokens_N: Tensor, state: _State) -> tuple[Tensor, _State]:
        hidden_N1D, cache = self.model.decode(tokens_N[:, None], state.cache)
        return self.model.logits(hidden_N1D[:, -1]).float().log_softmax(-1), _State(cache, state.sources_N)

    @torch.inference_mode()
    def forced(self, source: list[int], targets: list[list[int]]) -> tuple[list[list[float]], list[Tensor]]:
        """Each target's token log-probabilities and alignment (T, S), given the one source."""
        target_BT = self._padded(targets)
        source_BS = self._padded([source] * len(targets))
        names = [f"decoder.{layer}.cross_attention.softmax" for layer in range(len(self.model.decoder))]
        with observed(self.model, names) as seen:
            logits = self.model(source_BS, shift_right(target_BT, self.model.config.decoder_start_id), explicit=True)
        log_probs_BT = logits.float().log_softmax(-1).gather(-1, target_BT[..., None])[..., 0]
        weights_BTS = torch.stack([seen[name].output.mean(dim=1) for name in names]).mean(dim=0).cpu()
        lengths = [len(target) for target in targets]
        log_probs = [row[:length].tolist() for row, length in zip(log_probs_BT, lengths, strict=True)]
        return log_probs, [row[:length] for row, length in zip(weights_BTS, lengths, strict=True)]

    def _padded(self, sentences: list[list[int]]) -> Tensor:
        return torch.tensor(pad(sentences, PAD), device=self.device)


def _seed(seed: int, ids: list[int]) -> int:
    """A seed from the sentence itself, so that a sample does not depend on the batch around it."""
    return int.from_bytes(hashlib.sha256(repr((seed, ids)).encode()).digest()[:7])
