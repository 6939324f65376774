"""Warnings and a confidence for a translation, from what a model directory knows of its training and validation."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from glassformer.quality_estimation.calibration import UNSURE_BELOW, Calibration, mean_log_prob
from glassformer.quality_estimation.lexicon import Lexicon
from glassformer.quality_estimation.warnings import Kind, TranslationWarning, observed_warnings

CONFIDENCE = "confidence"  # the calibration's key in card.json


class Estimate(NamedTuple):
    """`confidence` is from 0 to 1, None without a calibration."""

    warnings: tuple[TranslationWarning, ...]
    confidence: float | None


@dataclass(frozen=True)
class Estimator:
    """Estimates the quality of translations. A model of an older version has an empty lexicon and no calibration."""

    lexicon: Lexicon = field(default_factory=Lexicon)
    calibration: Calibration | None = None

    @classmethod
    def of_model(cls, lexicon: Lexicon, card: dict[str, Any]) -> "Estimator":
        """With the calibration that a model's card holds, if it does; InputError for a damaged one."""
        values = card.get(CONFIDENCE)
        return cls(lexicon, None if values is None else Calibration.from_dict(values))

    def estimate(self, source: str, text: str, token_log_probs: Sequence[float], finished: bool) -> Estimate:
        """Estimate the quality of the translation `text` of a normalised `source`."""
        warnings = tuple(observed_warnings(source, text, finished, self.lexicon))
        if self.calibration is None:
            return Estimate(warnings, None)
        warnings = tuple(one for one in warnings if one.kind not in self.calibration.silent)
        confidence = self.confidence(token_log_probs, warnings)
        if self.calibration.confidence(mean_log_prob(token_log_probs), 0) < UNSURE_BELOW:
            warnings = (*warnings, TranslationWarning(Kind.UNSURE))
        return Estimate(warnings, confidence)

    def confidence(self, token_log_probs: Sequence[float], warnings: Sequence[TranslationWarning]) -> float | None:
        """The confidence of a translation with these warnings, of which UNSURE, which it decides, does not count."""
        if self.calibration is None:
            return None
        return self.calibration.confidence(
            mean_log_prob(token_log_probs), sum(one.kind is not Kind.UNSURE for one in warnings)
        )
