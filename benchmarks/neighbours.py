"""Count the sentences, not trained on, in which a word follows another that it never follows in the training text.

    python benchmarks/neighbours.py TRAIN TEST ...    # files of one language, one sentence a line
    python benchmarks/neighbours.py                   # the phrasebook's Hindi: training, validation and test

Every one is right, so that each would be a false alarm of the warning `neighbours`.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from glassformer.corpora import load_corpus
from glassformer.quality_estimation.lexicon import Lexicon
from glassformer.quality_estimation.words import neighbours


def report(train: Sequence[str], tests: dict[str, Sequence[str]]) -> None:
    """Print how many pairs of words are listed, and how many sentences of each test have one."""
    lexicon = Lexicon.from_pairs([""] * len(train), train)
    print(f"{sum(len(words.split()) for words in lexicon.never.values()):,} pairs never follow each other")
    for name, texts in tests.items():
        flagged = sum(any(lexicon.never_together(*pair) for pair in neighbours(text)) for text in texts)
        print(f"{name:24} {flagged:,} of {len(texts):,}, {100 * flagged / len(texts):.1f} %")


def main(paths: list[Path]) -> None:
    """Of the files, or of the phrasebook."""
    if paths:
        train, *tests = (path.read_text(encoding="utf-8").splitlines() for path in paths)
        report(train, dict(zip(map(str, paths[1:]), tests, strict=True)))
    else:
        corpus = load_corpus("phrasebook")
        parts = {"validation": corpus.valid, "test": corpus.test}
        report(
            [pair.target for pair in corpus.train],
            {name: [pair.target for pair in part] for name, part in parts.items()},
        )


if __name__ == "__main__":
    if len(sys.argv) == 2:
        sys.exit(__doc__)
    main([Path(name) for name in sys.argv[1:]])
