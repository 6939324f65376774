"""The default vocabulary of samples of a text: its size, and how finely it splits the text.

    python benchmarks/vocabulary_sizes.py [--pairs FILE ...] [--source FILE --target FILE] [--corpus NAME ...]

Prints a row for each text and number of pairs. For more pairs than the text has, the size is that which a text like it
would get.
"""

import random
from collections.abc import Iterator

import numpy as np
from check_alarms import named_texts, options

from glassformer.data.config import DataConfig
from glassformer.data.tokenizers import train_default
from glassformer.data.vocabulary import fertility, size_for
from glassformer.text.pairs import Pair

SIZES = 300, 600, 2_700, 10_000, 30_000, 100_000, 250_000, 1_000_000


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
    print("| text | pairs | pieces | of the source | of the target |\n|---|---:|---:|---|---|")
    for name, pairs in named_texts(options()):
        for row in rows(list(pairs)):
            print(f"| {name} | {row} |", flush=True)


if __name__ == "__main__":
    main()
