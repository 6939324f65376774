"""`cause`: all that this room can say of one question, as one object that a record can carry.

Axes: V vocabulary.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from glassformer.arguments import checked
from glassformer.glass.causes.asking import Question, ask
from glassformer.glass.causes.attribution.comparison import deciding, felt, rank_correlation
from glassformer.glass.causes.attribution.gradients import gradient_x_input, integrated_gradients
from glassformer.glass.causes.attribution.inputs import Attribution
from glassformer.glass.causes.attribution.mixing import contributions, rollout
from glassformer.glass.causes.attribution.occlusion import occlusion
from glassformer.glass.causes.decomposition import Term, direct_attribution
from glassformer.glass.causes.lens import Neighbour, encoder_lens, logit_lens
from glassformer.glass.causes.sweep import Ablation, Sweep, sweep
from glassformer.glass.observe import observe
from glassformer.glass.tokens import piece_of
from glassformer.text.tokenizer import Tokenizer
from glassformer.translator import Translator

SAID = 3  # likeliest tokens kept of each depth of the logit lens


@dataclass(frozen=True)
class Cause:
    """Why a translation says A and not B.

    - `sweep`: what every part of the model does to the contrast, by intervention.
    - `terms`: the logit difference as a sum; empty for another measure.
    - `lens`: for each depth of the decoder the contrast there, and the likeliest tokens with their probabilities.
    - `nearest`: for each depth of the encoder and each place, the words that its state is nearest to.
    - `attributions`: what the literature's methods give each token; `gap`: what integrated gradients leave out.
    """

    question: Question
    sweep: Sweep
    terms: tuple[Term, ...]
    lens: tuple[tuple[float, tuple[tuple[dict[str, Any], float], ...]], ...]
    nearest: list[list[list[Neighbour]]]
    attributions: tuple[Attribution, ...]
    gap: float
    source_tokenizer: Tokenizer = dataclasses.field(repr=False)

    @property
    def deciding(self) -> list[int]:
        """The source places that decide: whose change, at some depth, has at least half of the largest effect."""
        return deciding(self.effects)

    @property
    def effects(self) -> list[float]:
        """For each source place the largest effect, in size, of changing it at any depth of the encoder."""
        return felt(self.sweep.map("encoder.stream"))

    @checked
    def agreement(self, attribution: Attribution) -> float | None:
        """The rank correlation of an attribution's sizes with the effects, over the source's tokens."""
        return rank_correlation([abs(one) for one in attribution.source], self.effects)

    @property
    def _other_translation(self) -> str:
        """What the model makes of the second sentence by itself."""
        other = self.question.other
        return "" if other is None else other.sentence.translator.target_tokenizer.decode(other.sentence.translation)

    def _near(self, one: Neighbour) -> dict[str, Any]:
        return piece_of(self.source_tokenizer, one.token) | {"cosine": one.cosine}

    def to_dict(self) -> dict[str, Any]:
        """As the record has it (`cause` in `trace.schema.json`)."""
        question, other = self.question, self.question.other
        contrast = question.contrast
        return {
            "contrast": {"step": contrast.step, "measure": contrast.measure, "a": question.a, "b": question.b},
            "second": None if other is None else {
                "text": other.text,
                "translation": self._other_translation,
                "tokens": [{key: one[key] for key in ("id", "piece", "text")} for one in other.source["tokens"]],
                "places": [list(pair) for pair in other.places],
            },
            "ablation": self.sweep.ablation,
            "clean": self.sweep.clean,
            "other": self.sweep.other,
            "maps": [one.to_dict() for one in self.sweep.maps],
            "deciding": self.deciding,
            "gap": self.gap,
            "decomposition": [_listed(term) for term in self.terms],
            "lens": [
                {"value": value, "candidates": [token | {"probability": p} for token, p in said]}
                for value, said in self.lens
            ],
            "nearest": [[list(map(self._near, some)) for some in places] for places in self.nearest],
            "attributions": [
                {
                    "method": one.method,
                    "source": list(one.source),
                    "target": list(one.target),
                    "agreement": self.agreement(one),
                }
                for one in self.attributions
            ],
        }  # fmt: skip


@checked
def cause(translator: Translator, source: str, ablation: Ablation | None = None, **asked: Any) -> Cause:
    """Why the translation of `source` says a word and not another: interventions, sums, lenses and attributions.

    `asked` are the options of `ask`: `word`, `step`, `against`, `versus`, `target`, `measure`, `to`. With a second
    sentence (`versus`) its numbers are put in the place of the first one's, else the mean over the sentence's positions
    is, or what `ablation` says. Raises UsageError or InputError for what makes no question.
    """
    question = ask(translator, source, **asked)
    model, contrast = translator.model, question.contrast
    tensors = observe(model, list(question.reading.source), [*question.reading.read[1:], contrast.a])
    integrated = integrated_gradients(model, question)
    return Cause(
        question=question,
        sweep=sweep(model, question, ablation),
        terms=tuple(direct_attribution(tensors, contrast)) if contrast.measure == "logit_difference" else (),
        lens=tuple(_said(translator, question, logits_V) for logits_V in logit_lens(model, tensors, contrast.step)),
        nearest=encoder_lens(model, tensors, translator.source_tokenizer),
        attributions=(
            gradient_x_input(model, question),
            integrated.attribution,
            occlusion(model, question),
            rollout(tensors, model.config).at(contrast.step, "attention rollout"),
            contributions(tensors, model.config).at(contrast.step, "ALTI+"),
        ),
        gap=integrated.gap,
        source_tokenizer=translator.source_tokenizer,
    )


def _listed(term: Term) -> dict[str, Any]:
    return dataclasses.asdict(term) | {"by_key": None if term.by_key is None else list(term.by_key)}


def _said(
    translator: Translator, question: Question, logits_V: Tensor
) -> tuple[float, tuple[tuple[dict[str, Any], float], ...]]:
    best = logits_V.softmax(-1).topk(min(SAID, len(logits_V)))
    named = [piece_of(translator.target_tokenizer, token) for token in best.indices.tolist()]
    return float(question.contrast(logits_V)), tuple(zip(named, best.values.tolist(), strict=True))
