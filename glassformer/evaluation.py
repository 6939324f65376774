"""BLEU, chrF and TER through sacreBLEU, each with the signature that makes it comparable.

Post 2018, "A Call for Clarity in Reporting BLEU Scores".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sacrebleu.metrics import BLEU, CHRF, TER

from glassformer.errors import InputError, UsageError, nearest

_CHRF = CHRF()


@dataclass(frozen=True)
class Score:
    """One metric over a corpus: 0 to 100, and the signature of how it was computed."""

    name: str
    value: float
    signature: str


def check_tokenizer(name: str) -> None:
    """UsageError if sacreBLEU has no tokenizer of this name, InputError if its package is not installed."""
    if name not in BLEU.TOKENIZERS:
        raise UsageError(f"unknown tokenizer '{name}' for BLEU; {nearest(name, BLEU.TOKENIZERS)}")
    try:
        BLEU(tokenize=name)
    except (ImportError, RuntimeError) as error:
        raise InputError(f"sacreBLEU's tokenizer '{name}' is not installed: {error}") from error


def score_corpus(hypotheses: Sequence[str], references: Sequence[str], tokenize: str = "13a") -> dict[str, Score]:
    """BLEU, chrF (higher is better) and TER (lower is better) by lower-case name.

    `tokenize` is sacreBLEU's for BLEU: `13a` for raw text, `none` for text tokenised already.
    """
    result = {}
    for metric in (BLEU(tokenize=tokenize, force=True), CHRF(), TER()):
        value = metric.corpus_score(list(hypotheses), [list(references)])
        name = str(value.name)
        result[name.split("2")[0].lower()] = Score(name, float(value.score), str(metric.get_signature()))
    return result


def exact_match(hypotheses: Sequence[str], references: Sequence[str]) -> float:
    """Share of hypotheses that equal their reference, in percent."""
    return 100 * sum(h == r for h, r in zip(hypotheses, references, strict=True)) / max(len(references), 1)


def sentence_chrf(hypothesis: str, reference: str) -> float:
    """chrF of one sentence, 0 to 100."""
    return float(_CHRF.sentence_score(hypothesis, [reference]).score)
