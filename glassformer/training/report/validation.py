"""Validation: the loss, and BLEU and chrF of translations."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, isfinite
from random import Random
from typing import Any

import torch

from glassformer.data.batches import TokenizedPairs
from glassformer.errors import InputError
from glassformer.evaluation import choose_tokenizer, score_corpus
from glassformer.search import SearchOptions
from glassformer.special import PAD
from glassformer.text.pairs import Pair
from glassformer.training.config import TrainingConfig
from glassformer.training.update.faults import ADVICE
from glassformer.training.update.objective import Objective, on_device
from glassformer.training.update.precision import autocast
from glassformer.translator import Translator

GREEDY = SearchOptions(beam=1)
SAMPLES = 3


@dataclass(frozen=True)
class Validation:
    """Scores of one validation; `loss` is in nats per target token, without label smoothing."""

    loss: float
    bleu: float
    chrf: float
    signatures: dict[str, str]
    samples: tuple[tuple[str, str, str], ...]  # source, translation, reference

    def numbers(self) -> dict[str, Any]:
        """The scores as the log and the card have them."""
        return {
            "loss": round(self.loss, 4),
            "perplexity": round(exp(min(self.loss, 50)), 2),
            "bleu": round(self.bleu, 2),
            "chrf": round(self.chrf, 2),
            "signatures": self.signatures,
        }


def quality(scores: dict[str, Any], metric: str) -> tuple[float, float]:
    """What validations are compared by, from their `numbers`: higher is better, and the lower loss breaks a tie."""
    return (-scores["loss"] if metric == "loss" else scores[metric]), -scores["loss"]


def validation_sample(pairs: Sequence[Pair], sentences: int) -> list[Pair]:
    """The pairs that are translated, always the same: one drawn from each of `sentences` stretches of equal length."""
    if sentences >= len(pairs):
        return list(pairs)
    chance = Random(0)  # not every k-th: the text may have a period, as where two directions take turns
    ends = [number * len(pairs) // sentences for number in range(sentences + 1)]
    return [pairs[chance.randrange(*stretch)] for stretch in pairwise(ends)]


def validation_tokenizer(sample: Sequence[Pair], settings: TrainingConfig) -> tuple[str, str]:
    """The tokenizer of BLEU for a sample, and a note where another would suit better."""
    return choose_tokenizer(settings.validate_tokenize, [pair.target for pair in sample])


def validation_notes(pairs: Sequence[Pair], settings: TrainingConfig) -> list[str]:
    """What the reader should know of the scores to come."""
    sample = validation_sample(pairs, settings.validate_sentences)
    tokenizer, note = validation_tokenizer(sample, settings)
    of = f"all {len(pairs):,}" if len(sample) == len(pairs) else f"{len(sample):,}, drawn evenly, of the {len(pairs):,}"
    return [f"BLEU and chrF are of {of} validation pairs; BLEU's tokenizer is {tokenizer}", *filter(None, [note])]


def validate(translator: Translator, ids: TokenizedPairs, pairs: list[Pair], settings: TrainingConfig) -> Validation:
    """Loss over all pairs; BLEU and chrF of greedy translations of a sample of them.

    Raises InputError if the loss is not finite.
    """
    loss = validation_loss(translator, ids, settings.batch_tokens, settings.precision)
    if not isfinite(loss):
        raise InputError(f"the weights give a validation loss of {loss}; what was saved before is intact: {ADVICE}")
    translator.model.eval()
    sample = validation_sample(pairs, settings.validate_sentences)
    texts = [t.text for t in translator.translate([pair.source for pair in sample], GREEDY)]
    references, (tokenizer, _) = [pair.target for pair in sample], validation_tokenizer(sample, settings)
    scores = score_corpus(texts, references, tokenize=tokenizer, metrics=("bleu", "chrf"))
    translator.model.train()
    samples = tuple((pair.source, text, pair.target) for pair, text in zip(sample[:SAMPLES], texts, strict=False))
    signatures = {name: score.signature for name, score in scores.items()}
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
