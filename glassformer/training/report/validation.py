"""Validation: the loss, and BLEU and chrF of translations."""

from dataclasses import dataclass, field
from math import exp, isfinite
from statistics import fmean
from typing import Any

import numpy as np
import torch

from glassformer.data.batches import TokenizedPairs
from glassformer.errors import InputError
from glassformer.evaluation import score_corpus
from glassformer.search import SearchOptions
from glassformer.special import PAD
from glassformer.text.directions import rows_of_each
from glassformer.text.pairs import Pair
from glassformer.training.update.faults import ADVICE
from glassformer.training.update.objective import Objective, on_device
from glassformer.training.update.precision import autocast
from glassformer.translator import Translator

GREEDY = SearchOptions(beam=1)
SAMPLES = 3


@dataclass(frozen=True)
class Validation:
    """Scores of one validation; `loss` is in nats per target token, without label smoothing.

    Of a validation set of several directions they are the means over these, each of which counts the same.
    """

    loss: float
    bleu: float
    chrf: float
    signatures: dict[str, str]
    samples: tuple[tuple[str, str, str], ...]  # source, translation, reference
    directions: "dict[str, Validation]" = field(default_factory=dict)  # of each, where there are several

    def numbers(self) -> dict[str, Any]:
        """The scores as the log and the card have them."""
        return {
            "loss": round(self.loss, 4),
            "perplexity": round(exp(min(self.loss, 50)), 2),
            "bleu": round(self.bleu, 2),
            "chrf": round(self.chrf, 2),
            "signatures": self.signatures,
        } | ({"directions": {name: one.numbers() for name, one in self.directions.items()}} if self.directions else {})


def quality(scores: dict[str, Any], metric: str) -> tuple[float, float]:
    """What validations are compared by, from their `numbers`: higher is better, and the lower loss breaks a tie."""
    return (-scores["loss"] if metric == "loss" else scores[metric]), -scores["loss"]


def validate(
    translator: Translator, ids: TokenizedPairs, pairs: list[Pair], sentences: int, batch_tokens: int, precision: str
) -> Validation:
    """Loss over all pairs; BLEU and chrF of greedy translations of the first `sentences`.

    Where the pairs have several directions, each is scored by itself, on its part of `sentences`, and the means count.
    Raises InputError if the loss is not finite.
    """
    rows = rows_of_each(pair.direction for pair in pairs)
    if len(rows) == 1:
        return _validate(translator, ids, pairs, sentences, batch_tokens, precision)
    part = max(1, sentences // len(rows))
    each = {
        direction: _validate(
            translator, ids.take(np.array(own)), [pairs[row] for row in own], part, batch_tokens, precision
        )
        for direction, own in rows.items()
    }
    return _mean(each)


def _mean(each: dict[str, Validation]) -> Validation:
    """The unweighted means over directions, and a sample of each."""
    scores = each.values()
    return Validation(
        fmean(one.loss for one in scores),
        fmean(one.bleu for one in scores),
        fmean(one.chrf for one in scores),
        {name: " or ".join(sorted({one.signatures[name] for one in scores})) for name in next(iter(scores)).signatures},
        tuple(one.samples[0] for one in scores),
        each,
    )


def _validate(
    translator: Translator, ids: TokenizedPairs, pairs: list[Pair], sentences: int, batch_tokens: int, precision: str
) -> Validation:
    """The scores of pairs of one direction."""
    loss = validation_loss(translator, ids, batch_tokens, precision)
    if not isfinite(loss):
        raise InputError(f"the weights give a validation loss of {loss}; what was saved before is intact: {ADVICE}")
    translator.model.eval()
    chosen = pairs[:sentences]
    sources, targets = [pair.source for pair in chosen], [pair.to for pair in chosen]
    texts = [t.text for t in translator.translate(sources, GREEDY, to=targets)]
    scores = score_corpus(texts, [pair.target for pair in chosen])
    translator.model.train()
    samples = tuple((pair.source, text, pair.target) for pair, text in zip(chosen[:SAMPLES], texts, strict=False))
    signatures = {name: scores[name].signature for name in ("bleu", "chrf")}
    return Validation(loss, scores["bleu"].value, scores["chrf"].value, signatures, samples)


@torch.inference_mode()
def validation_loss(translator: Translator, ids: TokenizedPairs, batch_tokens: int, precision: str) -> float:
    """The loss over all pairs, in nats per target token, without label smoothing."""
    translator.model.eval()
    objective, total, count = Objective(translator.model, smoothing=0.0), 0.0, 0
    for batch in ids.batches(batch_tokens, seed=0, epoch=0):
        with autocast(precision, translator.device):
            total += float(objective(*on_device(batch, translator.device)))
        count += int((batch.target_BT != PAD).sum())
    translator.model.train()
    return total / count
