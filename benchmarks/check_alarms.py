"""What check-data remarks of honest pairs, and of the same pairs shifted, shuffled and swapped.

    python benchmarks/check_alarms.py [--pairs FILE ...] [--source FILE --target FILE] [--corpus NAME ...]

Prints a row for each text: the remarks on it as it is, with its targets a line further down from the beginning or from
the middle, with the targets of its second half shuffled, and with one half or one pair in twenty swapped.
"""

import argparse
import random
from collections.abc import Iterable, Iterator

from glassformer.corpora import load_corpus
from glassformer.data.check.overview import Overview
from glassformer.text.pairs import Pair, read_pairs, read_parallel

Texts = list[tuple[str, str]]


def remarks(texts: Texts) -> str:
    """The kinds of remarks on a text, without that on rare characters."""
    overview = Overview()
    for line, (source, target) in enumerate(texts, start=1):
        overview.add(Pair(source, target, "text", line))
    return ", ".join(remark.kind for remark in overview.remarks() if remark.kind != "rare") or "none"


def spoilt(texts: Texts) -> Iterator[Texts]:
    """The texts of a row, in its order."""
    draw, half = random.Random(1), len(texts) // 2
    first, second = texts[:half], texts[half:]
    targets = [target for _, target in second]
    draw.shuffle(targets)
    yield texts
    yield shifted(texts)
    yield first + shifted(second)
    yield first + [(source, target) for (source, _), target in zip(second, targets, strict=True)]
    yield first + [(target, source) for source, target in second]
    yield [(target, source) if draw.random() < 0.05 else (source, target) for source, target in texts]


def shifted(texts: Texts) -> Texts:
    """Each source but the first with the target of the one before it."""
    return [(source, target) for (source, _), (_, target) in zip(texts[1:], texts, strict=False)]


def named_texts(given: argparse.Namespace) -> Iterator[tuple[str, Iterable[Pair]]]:
    """Each text with its name."""
    for name in given.corpus:
        yield name, load_corpus(name, 1).train
    for path in given.pairs:
        yield path, read_pairs(path)
    if given.source:
        yield given.source, read_parallel(given.source, given.target)


def options() -> argparse.Namespace:
    """Which texts the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", nargs="+", default=[])
    parser.add_argument("--source")
    parser.add_argument("--target")
    parser.add_argument("--corpus", nargs="+", default=[])
    return parser.parse_args()


def main() -> None:
    """Print the table."""
    print("| text | pairs | as it is | shifted | from the middle | half shuffled | half swapped | 5 % swapped |")
    print("|---|---:|---|---|---|---|---|---|")
    for name, pairs in named_texts(options()):
        texts = [pair[:2] for pair in pairs]
        print(f"| {name} | {len(texts):,} |", " | ".join(map(remarks, spoilt(texts))), "|", flush=True)


if __name__ == "__main__":
    main()
