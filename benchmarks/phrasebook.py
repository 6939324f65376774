"""Measure a model of the phrasebook on its held-out sentences, written in each way that people type.

    python benchmarks/phrasebook.py MODEL

Prints exact match of both held-out sets (by pattern for the patterns never trained on), of the first in each letter
case, stop and apostrophe, the agreement of because-clauses, and how many negations are kept.
"""

import sys
from collections import Counter
from pathlib import Path

from glassformer.corpora.phrasebook import Sentence, agreement, held_out, unseen_patterns
from glassformer.corpora.phrasebook.writing import Style, written
from glassformer.evaluation import exact_match
from glassformer.search import SearchOptions
from glassformer.translator import Translator

NEGATIONS = frozenset(("नहीं", "मत", "न"))


def in_styles(sentences: list[Sentence]) -> dict[str, list[Sentence]]:
    """The sentences in each style in which they differ from the plain one."""
    asked = [sentence for sentence in sentences if sentence.source.endswith("?")]
    told = [sentence for sentence in sentences if not sentence.source.endswith("?")]
    short = [sentence for sentence in sentences if "'" in sentence.source]

    def end(sentence: Sentence) -> str:
        return "?" if sentence.source.endswith("?") else ""

    return {
        "with .": [written(sentence, Style(stop=".")) for sentence in told],
        "with !": [written(sentence, Style(stop="!")) for sentence in told],
        "without ?": [written(sentence, Style(stop="")) for sentence in asked],
        "lower case": [written(sentence, Style("lower", end(sentence))) for sentence in sentences],
        "UPPER CASE": [written(sentence, Style("upper", end(sentence))) for sentence in sentences],
        "typographic apostrophe": [
            written(sentence, Style(stop=end(sentence), typographic=True)) for sentence in short
        ],
    }


def negated(text: str) -> bool:
    """Whether the Hindi has a word of negation."""
    return not NEGATIONS.isdisjoint(text.rstrip("\u0964.!?").split())


def main(model: Path) -> None:
    """Print every measure."""
    translator = Translator.load(model)

    def translated(sentences: list[Sentence]) -> list[str]:
        sources = [sentence.source for sentence in sentences]
        return [translation.text for translation in translator.translate(sources, SearchOptions(beam=1))]

    def report(name: str, sentences: list[Sentence]) -> list[str]:
        texts = translated(sentences)
        exact = exact_match(texts, [sentence.target for sentence in sentences])
        print(f"{name:24} {exact:5.1f} % exact of {len(sentences):,}")
        return texts

    sentences = held_out()
    texts = report("held-out words", sentences)
    both = list(zip(sentences, texts, strict=True))
    referring = [agreement(sentence, text) for sentence, text in both if sentence.reference]
    refused = [negated(text) for sentence, text in both if negated(sentence.target)]
    print(f"{'because-clauses agree':24} {sum(referring):,} of {len(referring):,}")
    print(f"{'negations kept':24} {sum(refused):,} of {len(refused):,}")
    for name, styled in in_styles(sentences).items():
        report(name, styled)
    unseen = unseen_patterns()
    report("held-out patterns", unseen)
    for pattern in Counter(sentence.pattern for sentence in unseen):
        report(f"  {pattern}", [sentence for sentence in unseen if sentence.pattern == pattern])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
