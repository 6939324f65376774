"""Measure a model of the phrasebook on its held-out sentences, written in each way that people type.

    python benchmarks/phrasebook.py MODEL [SEED]

SEED (1) is that of the training. Prints exact match of both held-out sets (by pattern for the patterns never trained
on), of the first in each letter case, stop and apostrophe, of the first with the validation sentences, two sentences on
a line, by how many training sentences have the rarest word of the translation, the agreement of because-clauses, how
many negations are kept, and exact match of the phrases without a slot ("I am sorry"), which are trained on.
"""

import sys
from bisect import bisect_right
from collections import Counter
from itertools import pairwise
from pathlib import Path

from glassformer.corpora.phrasebook import Sentence, agreement, frames, held_out, load_phrasebook, unseen_patterns
from glassformer.corpora.phrasebook.writing import Style, written
from glassformer.evaluation import exact_match
from glassformer.search import SearchOptions
from glassformer.translator import Translator
from glassformer.whole_texts import translate_texts

NEGATIONS = frozenset(("नहीं", "मत", "न"))
STOPS = "\u0964.!?,"
BOUNDS = (0, 50, 100, 200, 500)  # training sentences that have the rarest word


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


def words_of(text: str) -> set[str]:
    """The words of a text without marks."""
    return {word.strip(STOPS) for word in text.split()}


def by_rarest(sentences: list[Sentence], seed: int) -> dict[str, list[Sentence]]:
    """The sentences by how many training sentences have the rarest word of their translation."""
    counts: Counter[str] = Counter()
    for pair in load_phrasebook(seed).train:
        counts.update(words_of(pair.target))
    found: dict[str, list[Sentence]] = {f"  from {bound}": [] for bound in BOUNDS}
    for sentence in sentences:
        rarest = min(counts[word] for word in words_of(sentence.target))
        found[f"  from {BOUNDS[bisect_right(BOUNDS, rarest) - 1]}"].append(sentence)
    return found


def two_on_a_line(translator: Translator, sentences: list[Sentence]) -> float:
    """Exact match, in percent, of the sentences with a full stop, two on a line."""
    lines = list(pairwise(in_styles(sentences)["with ."]))[::2]
    texts = translate_texts(translator, [f"{one.source} {other.source}" for one, other in lines], beam=1)
    return exact_match([text.text for text in texts], [f"{one.target} {other.target}" for one, other in lines])


def main(model: Path, seed: int) -> None:
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

    sentences = held_out(seed)
    texts = report("held-out words", sentences)
    both = list(zip(sentences, texts, strict=True))
    referring = [agreement(sentence, text) for sentence, text in both if sentence.reference]
    refused = [negated(text) for sentence, text in both if negated(sentence.target)]
    print(f"{'because-clauses agree':24} {sum(referring):,} of {len(referring):,}")
    print(f"{'negations kept':24} {sum(refused):,} of {len(refused):,}")
    for name, styled in in_styles(sentences).items():
        report(name, styled)
    together = [*sentences, *held_out(seed, "valid")]
    report("validation, too", together)
    report("  without ?", in_styles(together)["without ?"])
    print(f"{'two on a line':24} {two_on_a_line(translator, sentences):5.1f} % exact of both")
    print("by the training sentences with the rarest word of the translation:")
    for name, some in by_rarest(sentences, seed).items():
        report(name, some)
    report("phrases, trained on", list(frames.fixed()))
    unseen = unseen_patterns(seed)
    report("held-out patterns", unseen)
    for pattern in Counter(sentence.pattern for sentence in unseen):
        report(f"  {pattern}", [sentence for sentence in unseen if sentence.pattern == pattern])


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) == 3 else 1)
