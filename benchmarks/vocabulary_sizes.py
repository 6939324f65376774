"""The default vocabulary of samples of a text: its size, and how finely it splits the text.

    python benchmarks/vocabulary_sizes.py [--pairs FILE ...] [--source FILE --target FILE] [--corpus NAME ...]

Prints a row for each text and number of pairs. For more pairs than the text has, the size is that which a text like it
would get.
"""

import argparse
import random
from collections.abc import Iterator

import numpy as np

from glassformer.corpora import load_corpus
from glassformer.data.config import DataConfig
from glassformer.data.tokenizers import train_default
from glassformer.data.vocabulary import fertility, size_for
from glassformer.text.pairs import Pair, read_pairs, read_parallel

SIZES = 300, 600, 2_700, 10_000, 30_000, 100_000, 250_000, 1_000_000


def named_texts(options: argparse.Namespace) -> Iterator[tuple[str, list[Pair]]]:
    """Each text with its name."""
    for name in options.corpus:
        yield name, list(load_corpus(name, 1).train)
    for path in options.pairs:
        yield path, list(read_pairs(path))
    if options.source:
        yield options.source, list(read_parallel(options.source, options.target))


def rows(pairs: list[Pair]) -> Iterator[str]:
    """The rows of one text, as Markdown's cells."""
    data = DataConfig(pairs=("any",))
    random.Random(0).shuffle(pairs)
    for size in SIZES:
        sample = pairs[:size]
        texts = [text for pair in sample for text in (pair.source, pair.target)]
        if len(sample) < size:
            yield f"{size:,} | {size_for(texts, data, len(sample) / size):,} | | "
            continue
        tokenizer = train_default(texts, data)
        split = [
            fertility(side, np.array([len(ids) + 1 for ids in tokenizer.encode_all(side)]))
            for side in (texts[::2], texts[1::2])
        ]
        yield f"{size:,} | {tokenizer.vocab_size:,} | {' | '.join(split)}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", nargs="+", default=[])
    parser.add_argument("--source")
    parser.add_argument("--target")
    parser.add_argument("--corpus", nargs="+", default=[])
    print("| text | pairs | pieces | of the source | of the target |\n|---|---:|---:|---|---|")
    for name, pairs in named_texts(parser.parse_args()):
        for row in rows(pairs):
            print(f"| {name} | {row} |", flush=True)


if __name__ == "__main__":
    main()
