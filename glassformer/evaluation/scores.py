"""BLEU, chrF, chrF++ and TER through sacreBLEU, each with the signature that makes it comparable.

Post 2018, "A Call for Clarity in Reporting BLEU Scores".
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sacrebleu.metrics import BLEU, CHRF, TER
from sacrebleu.metrics.base import Metric

from glassformer.evaluation.tokenizers import AUTO, Stream, choose_tokenizer

METRICS = ("bleu", "chrf", "chrf++", "ter")


@dataclass(frozen=True)
class Score:
    """One metric over a corpus, in percent, and the signature of how it was computed."""

    name: str
    value: float
    signature: str


def score_corpus(
    hypotheses: Sequence[str], *references: Stream, tokenize: str = AUTO, metrics: Iterable[str] = METRICS
) -> dict[str, Score]:
    """BLEU, chrF, chrF++ (higher is better) and TER (lower is better), or those of them in `metrics`, by name.

    Each of `references` has one text for each hypothesis, or None; a hypothesis needs at least one. `tokenize` is
    sacreBLEU's for BLEU: `13a` for raw text, `none` for text tokenised already, `auto` what suits the language.
    """
    streams, result = aligned(hypotheses, references), {}
    for name, metric in make_metrics(metrics, tokenize, references).items():
        value = metric.corpus_score(list(hypotheses), streams)
        result[name] = Score(str(value.name), float(value.score), str(metric.get_signature()))
    return result


def exact_match(hypotheses: Sequence[str], *references: Stream) -> float:
    """Share of hypotheses that equal one of their references, in percent."""
    equal = sum(text in right for text, *right in zip(hypotheses, *references, strict=True))
    return 100 * equal / max(len(hypotheses), 1)


def make_metrics(names: Iterable[str], tokenize: str, references: Sequence[Stream]) -> dict[str, Metric]:
    """sacreBLEU's metrics by our names for them."""
    makers: dict[str, Callable[[], Metric]] = {
        "bleu": lambda: BLEU(tokenize=choose_tokenizer(tokenize, *references).name, force=True),
        "chrf": CHRF,
        "chrf++": lambda: CHRF(word_order=2),
        "ter": TER,
    }
    return {name: makers[name]() for name in names}


def aligned(hypotheses: Sequence[str], references: Sequence[Stream]) -> list[Any]:
    """The references as sacreBLEU takes them. ValueError unless each has as many texts as there are hypotheses: it
    would drop the rest.
    """
    for stream in references:
        if len(stream) != len(hypotheses):
            raise ValueError(f"{len(hypotheses)} hypotheses, but {len(stream)} references")
    return [list(stream) for stream in references]


@cache
def _chrf() -> CHRF:
    return CHRF()


def sentence_chrf(hypothesis: str, reference: str) -> float:
    """chrF of one sentence, 0 to 100."""
    return float(_chrf().sentence_score(hypothesis, [reference]).score)
