"""Measure how well warnings and confidence tell wrong translations from right ones.

    python benchmarks/confidence.py MODEL                       # a model of the phrasebook
    python benchmarks/confidence.py MODEL SOURCE REFERENCE      # any other, on two files aligned line by line

A translation of the phrasebook is wrong if it is not exactly the reference (of the everyday sentences: none of the
accepted ones), any other if its sentence chrF is among the lowest third. Prints for each sign the area under the ROC
curve and the share of the wrong ones that it finds at 5 % false alarms; and for each kind of warning the share of
wrong and of right translations that have it.
"""

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from pathlib import Path

import everyday

from glassformer.corpora.phrasebook import Sentence, held_out, unseen_patterns
from glassformer.evaluation import sentence_chrf
from glassformer.quality_estimation.calibration import mean_log_prob
from glassformer.quality_estimation.warnings import Kind
from glassformer.translator import Translation, Translator

SIGNS: dict[str, Callable[[Translation], float]] = {
    "mean log-probability": lambda one: mean_log_prob(one.token_log_probs),
    "lowest log-probability": lambda one: min(one.token_log_probs, default=0.0),
    "log-probability": lambda one: one.log_prob,
    "warnings but unsure": lambda one: -len([w for w in one.warnings if w.kind != Kind.UNSURE]),
    "confidence": lambda one: one.confidence or 0.0,
}


def area(wrong: Sequence[float], right: Sequence[float]) -> float:
    """The probability that a wrong one has a lower value than a right one; a tie counts half."""
    ordered = sorted(right)
    above = sum(2 * len(right) - bisect_left(ordered, value) - bisect_right(ordered, value) for value in wrong)
    return above / (2 * len(wrong) * len(right))


def found(wrong: Sequence[float], right: Sequence[float], alarms: float = 0.05) -> float:
    """The share of the wrong ones with a value so low that at most `alarms` of the right ones have one."""
    threshold = sorted(right)[int(alarms * len(right))]
    return sum(value < threshold for value in wrong) / len(wrong)


def share(translations: Sequence[Translation], kind: Kind | None) -> float:
    """The share of translations with a warning of this kind, or of any, in percent."""
    flagged = [any(kind in (None, warning.kind) for warning in one.warnings) for one in translations]
    return 100 * sum(flagged) / len(flagged)


def report(name: str, translations: Sequence[Translation], right: Sequence[bool]) -> None:
    """Print the measures, and the wrong translations of few that no warning goes with."""
    good = [one for one, fits in zip(translations, right, strict=True) if fits]
    bad = [one for one, fits in zip(translations, right, strict=True) if not fits]
    print(f"== {name}: {len(bad):,} wrong of {len(translations):,}")
    for sign, value in SIGNS.items():
        sides = [value(one) for one in bad], [value(one) for one in good]
        print(f"{sign:24} area {area(*sides):.3f}   wrong ones found at 5 % false alarms {100 * found(*sides):5.1f} %")
    for kind in (None, *Kind):
        if share(translations, kind):
            print(f"{kind or 'any warning':24} wrong {share(bad, kind):5.1f} %   right {share(good, kind):5.1f} %")
    if len(translations) <= 100:
        for one in bad:
            if not one.warnings:
                print(f"   not found: {one.source} | {one.text} | confidence {one.confidence}")


def translated(translator: Translator, sources: Sequence[str]) -> list[Translation]:
    """All translations; what cannot be translated raises its error."""
    return [one for one in translator.translate(sources) if one.text is not None and isinstance(one, Translation)]


def of_phrasebook(translator: Translator) -> None:
    """Both held-out sets, and the everyday sentences."""
    sets: dict[str, list[Sentence]] = {"held-out words": held_out(), "held-out patterns": unseen_patterns()}
    for name, sentences in sets.items():
        translations = translated(translator, [one.source for one in sentences])
        right = [one.text == sentence.target for one, sentence in zip(translations, sentences, strict=True)]
        report(name, translations, right)
    rows = everyday.read(everyday.FILE)
    translations = translated(translator, [row[0] for row in rows])
    right = [
        everyday.plain(one.text) in set(map(everyday.plain, row[1]))
        for one, row in zip(translations, rows, strict=True)
    ]
    report("everyday sentences", translations, right)


def of_files(translator: Translator, source: Path, reference: Path) -> None:
    """Sentences of a file, right or wrong by their chrF."""
    sources, references = (path.read_text(encoding="utf-8").splitlines() for path in (source, reference))
    translations = translated(translator, sources)
    scores = [sentence_chrf(one.text, target) for one, target in zip(translations, references, strict=True)]
    limit = sorted(scores)[len(scores) // 3]
    report(f"{source} (wrong: chrF below {limit:.1f})", translations, [score >= limit for score in scores])


if __name__ == "__main__":
    if len(sys.argv) not in (2, 4):
        sys.exit(__doc__)
    model = Translator.load(sys.argv[1])
    of_files(model, *map(Path, sys.argv[2:])) if len(sys.argv) == 4 else of_phrasebook(model)
