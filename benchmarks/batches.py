"""How fast training batches are made, where the text is modified or split anew in every epoch.

    python benchmarks/batches.py --source train.en --target train.de

Prints a row for each `augment` and `subword_dropout`: the target tokens of the third epoch without padding, and seconds
of CPU time of one process, the best of three epochs.
"""

import argparse
import time
from collections.abc import Iterator

from glassformer.data.batches import Sentences, TokenizedPairs
from glassformer.data.modifiers import STANDARD
from glassformer.data.resampling import Resampling
from glassformer.special import PAD
from glassformer.text.pairs import read_parallel
from glassformer.text.tokenizer import Kind, Tokenizer, encode_pairs

MAX_LENGTH, BATCH_TOKENS, EPOCHS = 100, 1280, 3
DROPOUT: dict[Kind, float] = {"bpe": 0.1, "unigram": 0.2}


def epoch(pairs: TokenizedPairs, number: int) -> tuple[int, float]:
    """The target tokens of an epoch, and the seconds of CPU time that its batches took."""
    begun = time.process_time()
    tokens = sum(int((batch.target_BT != PAD).sum()) for batch in pairs.batches(BATCH_TOKENS, seed=1, epoch=number))
    return tokens, time.process_time() - begun


def rows(options: argparse.Namespace, kind: Kind) -> Iterator[str]:
    read = list(read_parallel(options.source, options.target))
    tokenizer = Tokenizer.train([text for pair in read for text in (pair.source, pair.target)], 8000, kind)
    sources, targets = map(Sentences.from_lists, encode_pairs(read, (tokenizer, tokenizer)))
    for dropout in (0.0, DROPOUT[kind]):
        for name, modifiers in (("none", {}), ("standard", STANDARD)):
            resample = (
                Resampling(tokenizer, tokenizer, dropout, MAX_LENGTH, modifiers) if dropout or modifiers else None
            )
            epochs = [epoch(TokenizedPairs(sources, targets, resample=resample), n) for n in range(EPOCHS)]
            tokens, seconds = epochs[-1][0], min(seconds for _, seconds in epochs)
            yield f"| {kind} | `{name}` | {dropout:g} | {tokens:,} | {seconds:.2f} | {tokens / seconds:,.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", required=True)
    parser.add_argument("--target", required=True)
    options = parser.parse_args()
    print("| tokenizer | `augment` | `subword_dropout` | target tokens in an epoch | CPU seconds | target tokens/s |")
    print("|---|---|---|---:|---:|---:|")
    for kind in DROPOUT:
        for row in rows(options, kind):
            print(row, flush=True)


if __name__ == "__main__":
    main()
