"""Validation: the loss, and BLEU and chrF of translations."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import exp, isfinite
from random import Random
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np
import torch

from glassformer.data.batches import TokenizedPairs
from glassformer.errors import InputError
from glassformer.evaluation import choose_tokenizer, score_corpus
from glassformer.search import SearchOptions
from glassformer.special import PAD
from glassformer.text.directions import rows_of_each
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


def validation_sample(pairs: Sequence[Pair], sentences: int) -> list[Pair]:
    """The pairs that are translated, always the same: one drawn from each of `sentences` stretches of equal length."""
    if sentences >= len(pairs):
        return list(pairs)
    chance = Random(0)  # not every k-th: the text may have a period, as where two directions take turns
    ends = [number * len(pairs) // sentences for number in range(sentences + 1)]
    return [pairs[chance.randrange(*stretch)] for stretch in pairwise(ends)]


class Part(NamedTuple):
    """The validation pairs of one direction: their rows, those that are translated, BLEU's tokenizer, and a note on it.

    The note is empty, or says that another tokenizer would suit better.
    """

    rows: list[int]
    sample: list[Pair]
    tokenizer: str
    note: str


def validation_parts(pairs: Sequence[Pair], settings: TrainingConfig) -> dict[str, Part]:
    """The validation pairs by direction, each of which has an equal part of `validate_sentences`."""
    each = rows_of_each(pair.direction for pair in pairs)
    sentences = max(1, settings.validate_sentences // len(each))
    parts = {}
    for direction, rows in each.items():
        sample = validation_sample([pairs[row] for row in rows], sentences)
        chosen = choose_tokenizer(settings.validate_tokenize, [pair.target for pair in sample])
        parts[direction] = Part(rows, sample, *chosen)
    return parts


def validation_notes(pairs: Sequence[Pair], settings: TrainingConfig) -> list[str]:
    """What the reader should know of the scores to come."""
    notes = []
    for direction, (rows, sample, tokenizer, note) in validation_parts(pairs, settings).items():
        of = (
            f"all {len(rows):,}" if len(sample) == len(rows) else f"{len(sample):,}, drawn evenly, of the {len(rows):,}"
        )
        where = f" {direction}" if direction else ""
        notes += [f"BLEU and chrF{where} are of {of} validation pairs; BLEU's tokenizer is {tokenizer}"]
        notes += [note] if note else []
    return notes


def validate(translator: Translator, ids: TokenizedPairs, pairs: list[Pair], settings: TrainingConfig) -> Validation:
    """Loss over all pairs; BLEU and chrF of greedy translations of a sample of them.

    Where the pairs have several directions, each is scored by itself, and the means count.
    Raises InputError if the loss is not finite.
    """
    parts = validation_parts(pairs, settings)
    if len(parts) == 1:
        return _validate(translator, ids, next(iter(parts.values())), settings)
    return _mean(
        {
            direction: _validate(translator, ids.take(np.array(part.rows)), part, settings)
            for direction, part in parts.items()
        }
    )


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


def _validate(translator: Translator, ids: TokenizedPairs, part: Part, settings: TrainingConfig) -> Validation:
    """The scores of pairs of one direction, which have these ids."""
    loss = validation_loss(translator, ids, settings.batch_tokens, settings.precision)
    if not isfinite(loss):
        raise InputError(f"the weights give a validation loss of {loss}; what was saved before is intact: {ADVICE}")
    translator.model.eval()
    sources, targets = [pair.source for pair in part.sample], [pair.direction for pair in part.sample]
    texts = [t.text for t in translator.translate(sources, GREEDY, to=targets)]
    references = [pair.target for pair in part.sample]
    scores = score_corpus(texts, references, tokenize=part.tokenizer, metrics=("bleu", "chrf"))
    translator.model.train()
    samples = tuple(zip(sources[:SAMPLES], texts, references, strict=False))
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
