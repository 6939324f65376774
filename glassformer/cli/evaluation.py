"""`evaluate`: translations of a test set, and how good they are."""

import argparse
import json
from pathlib import Path

from glassformer.cli.commands import how_to_lengthen, load_translator, one_line, search_options
from glassformer.cli.streams import say_error


def evaluate(options: argparse.Namespace) -> int:
    """Score translations of a test set; those that failed count as empty, and make the exit status 1."""
    from glassformer.evaluation import check_tokenizer, exact_match, score_corpus
    from glassformer.files import check_output, write_output
    from glassformer.text.pairs import read_parallel

    # First all that can be wrong, then the long work.
    check_tokenizer(options.tokenize)
    search, translator = search_options(options), load_translator(options)
    pairs = list(read_parallel(Path(options.source), Path(options.reference)))
    if options.output:
        check_output(Path(options.output))
    sources, references = [pair.source for pair in pairs], [pair.target for pair in pairs]
    results = translator.translate(sources, search, places=[pair.place for pair in pairs])
    texts = ["" if result.error else one_line(result.text) for result in results]
    if options.output:
        write_output(Path(options.output), "".join(f"{text}\n" for text in texts).encode())
    errors = [result.error for result in results if result.error]
    if errors:
        say_error(f"{len(errors):,} of {len(pairs):,} not translated, scored as empty; the first is {errors[0]}")
    if cut := sum(not (result.error or result.finished) for result in results):
        say_error(f"{cut:,} of {len(pairs):,} cut off at the length limit; {how_to_lengthen(options)}")
    scores = score_corpus(texts, references, tokenize=options.tokenize)
    exact = exact_match(texts, references)
    if options.json:
        values = {name: {"score": round(s.value, 2), "signature": s.signature} for name, s in scores.items()}
        counts = {"sentences": len(pairs), "failed": len(errors)}
        print(json.dumps({**values, "exact_match": round(exact, 2), **counts}))
    else:
        for score in scores.values():
            print(f"{score.name:<6} {score.value:6.2f}  {score.signature}")
        print(f"exact  {exact:6.2f}  of {len(pairs):,} sentences equal their reference")
    return 1 if errors else 0
