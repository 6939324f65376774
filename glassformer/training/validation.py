"""Validation by loss, and by really translating."""

from dataclasses import dataclass
from math import exp
from typing import Any

import torch

from glassformer.evaluation import score_corpus
from glassformer.model.transformer import real_tokens, shift_right
from glassformer.search import SearchOptions
from glassformer.text.batches import TokenizedPairs
from glassformer.text.pairs import Pair
from glassformer.training.loss import label_smoothed_loss
from glassformer.training.utilisation import autocast
from glassformer.translator import Translator

GREEDY = SearchOptions(beam=1)
SAMPLES = 3


@dataclass(frozen=True)
class Validation:
    """Scores of one validation; `loss` is nats a target token without smoothing."""

    loss: float
    bleu: float
    chrf: float
    signatures: dict[str, str]
    samples: tuple[tuple[str, str, str], ...]  # source, translation, reference

    def metric(self, name: str) -> float:
        """`chrf`, `bleu`, or minus the loss: higher is better."""
        return -self.loss if name == "loss" else float(getattr(self, name))

    def numbers(self) -> dict[str, Any]:
        """What the log and the card record."""
        return {
            "loss": round(self.loss, 4),
            "perplexity": round(exp(min(self.loss, 50)), 2),
            "bleu": round(self.bleu, 2),
            "chrf": round(self.chrf, 2),
            "signatures": self.signatures,
        }


def validate(
    translator: Translator, ids: TokenizedPairs, pairs: list[Pair], sentences: int, batch_tokens: int, precision: str
) -> Validation:
    """Loss over all pairs; BLEU and chrF of greedy translations of the first `sentences`."""
    translator.model.eval()
    loss = _loss(translator, ids, batch_tokens, precision)
    chosen = pairs[:sentences]
    texts = [t.text for t in translator.translate([pair.source for pair in chosen], GREEDY, align=False)]
    scores = score_corpus(texts, [pair.target for pair in chosen])
    translator.model.train()
    samples = tuple((pair.source, text, pair.target) for pair, text in zip(chosen[:SAMPLES], texts, strict=False))
    signatures = {name: scores[name].signature for name in ("bleu", "chrf")}
    return Validation(loss, scores["bleu"].value, scores["chrf"].value, signatures, samples)


@torch.inference_mode()
def _loss(translator: Translator, ids: TokenizedPairs, batch_tokens: int, precision: str) -> float:
    model, total, count = translator.model, 0.0, 0
    device = translator.device
    for rows in ids.plan(batch_tokens, seed=0, epoch=0):
        batch = ids.batch(rows)
        target_BT = torch.from_numpy(batch.target_BT).to(device)
        with autocast(precision, device):
            logits = model(
                torch.from_numpy(batch.source_BS).to(device), shift_right(target_BT, model.config.decoder_start_id)
            )
        real = real_tokens(target_BT)
        total += float(label_smoothed_loss(logits[real], target_BT[real], 0.0))
        count += int(real.sum())
    return total / count
