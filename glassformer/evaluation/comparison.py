"""Whether one system is better than another: paired bootstrap resampling (Koehn 2004), by sacreBLEU."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sacrebleu.significance import PairedTest

from glassformer.evaluation.scores import METRICS, aligned, make_metrics
from glassformer.evaluation.tokenizers import AUTO, Stream


@dataclass(frozen=True)
class Comparison:
    """One metric of two systems on the same sentences; pairs are (first, second)."""

    name: str
    values: tuple[float, float]  # of all sentences
    margins: tuple[float, float]  # half of each 95 % confidence interval
    p_value: float  # how likely so large a difference is, in the direction seen, if there is none
    signature: str


def compare_corpora(
    first: Sequence[str],
    second: Sequence[str],
    *references: Stream,
    tokenize: str = AUTO,
    metrics: Iterable[str] = METRICS,
) -> dict[str, Comparison]:
    """Two systems' translations of the same sentences compared by each metric; the rest is as for `score_corpus`.

    1,000 times as many sentences as there are, are drawn with replacement, the same for both. The seed is 12345, or
    that of the environment's SACREBLEU_SEED, and stands in the signature.
    """
    streams, names = aligned(first, [second, *references])[1:], tuple(metrics)
    systems: list[tuple[str, Sequence[str]]] = [("first", list(first)), ("second", list(second))]
    signatures, results = PairedTest(systems, make_metrics(names, tokenize, references), streams, test_type="bs")()
    return {
        name: _comparison(full, results[full], str(signature))
        for name, (full, signature) in zip(names, signatures.items(), strict=True)
    }


def _comparison(name: str, results: Any, signature: str) -> Comparison:
    """From sacreBLEU's two results. It gives equal scores the lowest p-value; here theirs is 1."""
    first, second = results
    p_value = 1.0 if first.score == second.score else float(second.p_value)
    return Comparison(name, (first.score, second.score), (float(first.ci), float(second.ci)), p_value, signature)
