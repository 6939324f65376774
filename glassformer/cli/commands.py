"""What each command does. Heavy imports happen inside, so that `--help` answers at once."""

import argparse
import json
import os
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassformer.cli.streams import say_error
from glassformer.errors import InputError

if TYPE_CHECKING:
    from glassformer.search import SearchOptions
    from glassformer.translator import FailedTranslation, Translation

CHUNK = 256  # pairs scored at a time
DATA = (
    "corpus", "pairs", "columns", "directions", "source", "target",
    "valid_pairs", "valid_columns", "valid_directions", "valid_source", "valid_target",
)  # fmt: skip


def train(options: argparse.Namespace) -> None:
    from glassformer.settings import parse_assignment, read_yaml
    from glassformer.training import train

    settings: dict[str, Any] = read_yaml(Path(options.config)) if options.config else {}
    settings |= given(options, (*DATA, "preset", "start_from", "max_steps", "seed", "probe"))
    settings |= dict(map(parse_assignment, options.set))
    allow = [key for key in options.allow.split(",") if key]
    train(options.out, resumed=options.resume, allow=allow, device=options.device, **settings)
    if os.environ.get("RANK", "0") == "0":  # one answer, from however many processes torchrun started
        print(options.out)


def quickstart(options: argparse.Namespace) -> None:
    from glassformer.quickstart import quickstart

    quickstart(options.corpus, Path(options.out))


def evaluate(options: argparse.Namespace) -> int:
    """Score translations of a test set; those that failed count as empty, and make the exit status 1."""
    from glassformer.cli.test_pairs import read_test_pairs
    from glassformer.evaluation import check_tokenizer
    from glassformer.files import check_output, write_output
    from glassformer.text.directions import rows_of_each

    # First all that can be wrong, then the long work.
    check_tokenizer(options.tokenize)
    search, translator = search_options(options), load_translator(options)
    pairs = read_test_pairs(options)
    if options.output:
        check_output(Path(options.output))
    sources, targets, places = zip(*((pair.source, pair.to, pair.place) for pair in pairs), strict=True)
    results = translator.translate(sources, search, places=places, to=targets)
    texts = ["" if result.error else one_line(result.text) for result in results]
    if options.output:
        write_output(Path(options.output), "".join(f"{text}\n" for text in texts).encode())
    errors = [result.error for result in results if result.error]
    if errors:
        say_error(f"{len(errors):,} of {len(pairs):,} not translated, scored as empty; the first is {errors[0]}")
    if cut := sum(not (result.error or result.finished) for result in results):
        say_error(f"{cut:,} of {len(pairs):,} cut off at the length limit; {how_to_lengthen(options)}")
    each = {
        direction: _scores([texts[row] for row in rows], [pairs[row].target for row in rows], options.tokenize)
        for direction, rows in rows_of_each(pair.direction for pair in pairs).items()
    }
    if options.json:
        print(json.dumps(_as_json(each) | {"sentences": len(pairs), "failed": len(errors)}))
    else:
        _print_scores(each)
    return 1 if errors else 0


Scores = dict[str, tuple[str, float, str]]  # by key: the metric's name, value, and how it was computed


def _scores(texts: list[str], references: list[str], tokenize: str) -> Scores:
    from glassformer.evaluation import exact_match, score_corpus

    scores: Scores = {
        key: (one.name, one.value, one.signature) for key, one in score_corpus(texts, references, tokenize).items()
    }
    equal = f"of {len(texts):,} sentences equal their reference"
    return scores | {"exact_match": ("exact", exact_match(texts, references), equal)}


def _as_json(each: dict[str, Scores]) -> dict[str, Any]:
    """The scores of a test set; of one with several directions the means, and under `directions` those of each."""
    if len(each) > 1:
        means = {key: round(value, 2) for key, value in _means(each).items()}
        return {"mean": means, "directions": {direction: _as_json({"": own}) for direction, own in each.items()}}
    ((_, scores),) = each.items()
    return {
        key: round(value, 2) if key == "exact_match" else {"score": round(value, 2), "signature": signature}
        for key, (_, value, signature) in scores.items()
    }


def _print_scores(each: dict[str, Scores]) -> None:
    for direction, scores in each.items():
        if len(each) > 1:
            print(direction)
        for name, value, signature in scores.values():
            print(f"{name:<6} {value:6.2f}  {signature}")
    if len(each) > 1:
        print(f"mean of {len(each)} directions")
        names = {key: name for key, (name, _, _) in next(iter(each.values())).items()}
        for key, value in _means(each).items():
            print(f"{names[key]:<6} {value:6.2f}")


def _means(each: dict[str, Scores]) -> dict[str, float]:
    """The unweighted means over directions."""
    keys = next(iter(each.values()))
    return {key: sum(scores[key][1] for scores in each.values()) / len(each) for key in keys}


def score(options: argparse.Namespace) -> int:
    """Score given translations, a line each; the exit status is 1 where a pair could not be scored."""
    from glassformer.text.pairs import read_parallel

    translator = load_translator(options)
    pairs = read_parallel(Path(options.source), Path(options.target))
    status = 0
    while chunk := list(islice(pairs, CHUNK)):
        sources, targets = [pair.source for pair in chunk], [pair.target for pair in chunk]
        alpha, places = options.length_penalty, [pair.place for pair in chunk]
        for one in translator.score(sources, targets, alpha, places, align=options.json, to=options.to):
            if one.error:
                say_error(one.error)
                status = 1
            _print_score(one, options.json)
    return status


def _print_score(result: "Translation | FailedTranslation", as_json: bool) -> None:
    if as_json:
        print(json.dumps(result.to_dict(), ensure_ascii=False))
    else:
        print("" if result.error else f"{result.score:.4f}")


def check_data(options: argparse.Namespace) -> None:
    from glassformer.data.check.checker import check_pairs
    from glassformer.data.config import DataConfig
    from glassformer.data.texts import open_texts
    from glassformer.settings import build
    from glassformer.text.pair_text import PairText

    data = build(DataConfig, given(options, DATA), "command line")
    texts, valid = open_texts(data, seed=1)
    report = check_pairs(PairText.concatenated(texts), valid, max_length=options.max_length)
    print(json.dumps(report.to_dict(), ensure_ascii=False) if options.json else report.render())


def corpus(options: argparse.Namespace) -> None:
    from glassformer.corpora import load_corpus

    corpus, out = load_corpus(options.name, options.seed), Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    paths = {part: out / f"{part}.tsv" for part in ("train", "valid", "test")}
    for path in paths.values():
        if path.exists():
            raise InputError(f"{path}: is there already; choose another --out")
    for part, path in paths.items():
        lines = (f"{pair.source}\t{pair.target}\n" for pair in getattr(corpus, part))
        path.write_text("".join(lines), encoding="utf-8")
        print(path)


def info(options: argparse.Namespace) -> None:
    import dataclasses

    from glassformer.model_directory import resolve
    from glassformer.text.normalization import name_of_rules

    translator = load_translator(options)
    print(json.dumps({
        "model": str(resolve(Path(options.model))),
        "weights": translator.model.num_parameters,
        "config": dataclasses.asdict(translator.model.config),
        "normalization": {
            side: name_of_rules(tokenizer.rules)
            for side, tokenizer in zip(("source", "target"), translator.tokenizers, strict=True)
        },
        "targets": list(translator.targets),
        "card": translator.card,
    }, indent=2, ensure_ascii=False))  # fmt: skip


# What commands share


def load_translator(options: argparse.Namespace) -> Any:
    from glassformer.device import choose_device
    from glassformer.translator import Translator

    return Translator.load(Path(options.model), choose_device(options.device))


def search_options(options: argparse.Namespace) -> "SearchOptions":
    import dataclasses

    from glassformer.search import SearchOptions

    names = {field.name for field in dataclasses.fields(SearchOptions)} & vars(options).keys()
    return SearchOptions(**given(options, names))


def how_to_lengthen(options: argparse.Namespace) -> str:
    return "raise --max-length" if options.max_length else "raise --max-length-ratio, or set --max-length"


def one_line(text: str) -> str:
    """A line out for a line in, whatever the model says, and one that can be read again: no text has a NUL."""
    return " ".join(text.splitlines()).replace("\0", "\ufffd")


def given(options: argparse.Namespace, names: Iterable[str]) -> dict[str, Any]:
    """Those of the named options that the user gave."""
    return {name: value for name in names if (value := getattr(options, name)) is not None}
