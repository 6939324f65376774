"""What a model's translations are worth when the source is typed carelessly.

    python benchmarks/robustness.py MODEL ... --source FILE --reference FILE [--beam K] [--sentences N]
        [--only NAME ...] [--spelling correct]

Prints BLEU and chrF2 of each model for the source as it is, in other letter cases, without its final punctuation, with
a typo in one word of ten (and one at least), with each space doubled, and with an address behind it; of the last also
how many of the translations have that address. The reference is the clean one, behind the address with the address. For
the source in capitals letter case does not count. `--only` names some of these ("as it is" typos). With `--spelling
correct` words that the model was not trained on are corrected as `translate` does it; the last column has how many.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from random import Random

from glassformer.data.modifiers import Sides, lower_case, remove_end_punct, title_case, url
from glassformer.data.typos import with_typos
from glassformer.evaluation import score_corpus
from glassformer.quality_estimation.spelling import Reading
from glassformer.translator import Translator

ADDRESSES = [url(Random(f"address {number}")) for number in range(1000)]  # draws other than those of training
VARIANTS: dict[str, Callable[[Sides, int], Sides]] = {
    "as it is": lambda pair, _: pair,
    "lower case": lambda pair, _: lower_case(pair, Random(), ()),
    "UPPER CASE": lambda pair, _: Sides(pair.source.upper(), pair.target.upper()),  # and its translations
    "Title Case": lambda pair, _: title_case(pair, Random(), ()),
    "no final punctuation": lambda pair, _: remove_end_punct(pair, Random(), ()),
    "typos": lambda pair, row: pair._replace(source=with_typos(pair.source, Random(row))),
    "doubled spaces": lambda pair, _: pair._replace(source=pair.source.replace(" ", "  ")),
    "an address": lambda pair, row: Sides(*(f"{text} {ADDRESSES[row % len(ADDRESSES)]}" for text in pair)),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--source", required=True, type=Path)
    parser.add_argument("--reference", required=True, type=Path)
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--sentences", type=int)
    parser.add_argument("--only", nargs="+", choices=VARIANTS, default=list(VARIANTS), metavar="NAME")
    parser.add_argument("--spelling", choices=("correct", "keep"), default="keep")
    options = parser.parse_args()
    sides = (path.read_text(encoding="utf-8").splitlines() for path in (options.source, options.reference))
    pairs = [Sides(*pair) for pair in zip(*sides, strict=True)][: options.sentences]
    print("| model | the source | BLEU | chrF2 | copied | corrected |\n|---|---|---:|---:|---:|---:|")
    for model in options.models:
        translator = Translator.load(model, engine="auto")
        for name in options.only:
            vary = VARIANTS[name]
            varied = [vary(pair, row) for row, pair in enumerate(pairs)]
            read = translator.speller.read if options.spelling == "correct" else Reading
            readings = [read(pair.source) for pair in varied]
            results = translator.translate([reading.text for reading in readings], beam=options.beam)
            texts = [result.text.upper() if name == "UPPER CASE" else result.text for result in results]
            scores = score_corpus(texts, [pair.target for pair in varied])
            kept = sum(ADDRESSES[row % len(ADDRESSES)] in text for row, text in enumerate(texts))
            copied = f"{100 * kept / len(texts):.1f} %" if name == "an address" else ""
            numbers = " | ".join(f"{scores[metric].value:.2f}" for metric in ("bleu", "chrf"))
            corrected = sum(len(reading.corrections) for reading in readings)
            print(f"| {model} | {name} | {numbers} | {copied} | {corrected} |", flush=True)


if __name__ == "__main__":
    main()
