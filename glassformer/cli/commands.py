"""What each command does. Heavy imports happen inside, so that `--help` answers at once."""

import argparse
import os
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassformer.cli.arrivals import arrivals
from glassformer.cli.streams import say_error
from glassformer.errors import InputError, UsageError
from glassformer.reading import read_regular
from glassformer.text.printable import as_json

if TYPE_CHECKING:
    from glassformer.model.config import ModelConfig
    from glassformer.search import SearchOptions
    from glassformer.translator import FailedTranslation, Translation

CHUNK = 256  # pairs scored at a time
DATA = (
    "corpus", "pairs", "columns", "directions", "source", "target",
    "valid_pairs", "valid_columns", "valid_directions", "valid_source", "valid_target",
)  # fmt: skip


def train(options: argparse.Namespace) -> None:
    from glassformer.training.train import train_with
    from glassformer.yaml_config import parse_assignment, read_yaml

    settings: dict[str, Any] = read_yaml(Path(options.config)) if options.config else {}
    settings |= given(options, (*DATA, "preset", "start_from", "teacher", "max_steps", "seed", "probe"))
    settings |= dict(map(parse_assignment, options.set))
    for key in settings:
        if key in ("out", "device", "resume", "allow", "config", "set"):
            raise UsageError(f"{key} is an option of the command, not a setting; give it as --{key}")
    allow = [key for key in options.allow.split(",") if key]
    train_with(
        settings, options.out, options.resume, allow, options.device, extend_vocabulary=options.extend_vocabulary
    )
    if os.environ.get("RANK", "0") == "0":  # one answer, from however many processes torchrun started
        print(options.out)


def quickstart(options: argparse.Namespace) -> None:
    from glassformer.quickstart import quickstart

    quickstart(options.corpus, Path(options.out))


def score(options: argparse.Namespace) -> int:
    """Score given translations, a line each; the exit status is 1 where a pair could not be scored."""
    from glassformer.text.pairs import read_parallel

    translator = load_translator(options)
    pairs = read_parallel(Path(options.source), Path(options.target))
    status = 0
    for chunk in arrivals(pairs, CHUNK, None):
        sources, targets = [pair.source for pair in chunk], [pair.target for pair in chunk]
        alpha, places = options.length_penalty, [pair.place for pair in chunk]
        for one in translator.score(sources, targets, alpha, places, align=options.json, to=options.to):
            if one.error:
                say_error(one.error)
                status = 1
            _print_score(one, options.json)
    return status


def _print_score(result: "Translation | FailedTranslation", in_json: bool) -> None:
    if in_json:
        print(as_json(result.to_dict()))
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
    print(as_json(report.to_dict()) if options.json else report.render())


def corpus(options: argparse.Namespace) -> None:
    from glassformer.corpora import load_corpus
    from glassformer.files import write_whole

    corpus, out = load_corpus(options.name, options.seed), Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    files = {}
    for part in ("train", "valid", "test"):
        # Each pair once: how often it is trained on is a matter of the training.
        lines = dict.fromkeys(f"{pair.source}\t{pair.target}\n" for pair in getattr(corpus, part))
        files[out / f"{part}.tsv"] = "".join(lines).encode()
    missing = {path: text for path, text in files.items() if not _holds(path, text)}
    for path in missing:
        if path.exists():
            raise InputError(f"{path}: is there already, and has other text; choose another --out")
    for path, text in missing.items():
        write_whole(path, text)
    print(*files, sep="\n")


def _holds(path: Path, content: bytes) -> bool:
    """Whether a file has that already, as where the same command was stopped."""
    try:
        return read_regular(path, len(content), named=True) == content
    except OSError:
        return False


def info(options: argparse.Namespace) -> None:
    import dataclasses

    from glassformer.model_directory import resolve
    from glassformer.text.normalization import name_of_rules

    translator = load_translator(options)
    print(as_json({
        "model": str(resolve(Path(options.model))),
        "weights": translator.model.num_parameters,
        "config": dataclasses.asdict(translator.model.config),
        "normalization": {
            side: name_of_rules(tokenizer.rules)
            for side, tokenizer in zip(("source", "target"), translator.tokenizers, strict=True)
        },
        "engine": _engines(translator.config),
        "targets": list(translator.targets),
        "card": translator.card,
    }, indent=2))  # fmt: skip


def export(options: argparse.Namespace) -> None:
    from glassformer.interop import SENTENCES, export_model
    from glassformer.text.pairs import read_lines

    options.device = "cpu"  # where the other engine runs too
    lines = islice(read_lines(options.sentences), SENTENCES) if options.sentences else ()
    texts = [text for _, text in lines]
    out, web = Path(options.out), Path(options.web) if options.web else None
    translator = load_translator(options)
    print(export_model(translator, options.to, out, options.force, texts, options.int8, web, options.languages))


def import_(options: argparse.Namespace) -> None:
    from glassformer.interop import import_model

    import_model(Path(options.path), Path(options.out), options.force)
    print(options.out)


def quantize(options: argparse.Namespace) -> None:
    """Write a model of eight-bit integers, and print what that costs."""
    import dataclasses

    from glassformer.quantize import LARGEST_LOSS, quantize, size
    from glassformer.text.pairs import read_pairs, read_parallel

    pairs = list(read_parallel(Path(options.source), Path(options.reference)))
    model, out = Path(options.model), Path(options.out)
    cost = quantize(
        model, out, pairs, search_options(options), engine=options.engine, to=options.to,
        largest_loss=LARGEST_LOSS if options.max_loss is None else options.max_loss,
        shortlist_pairs=[pair for file in options.shortlist or () for pair in read_pairs(Path(file))],
    )  # fmt: skip
    if options.json:
        print(as_json(dataclasses.asdict(cost)))
        return
    print(f"{'':<8}float32    int8  of {cost.sentences:,} sentences")
    for name, values in (("BLEU", cost.bleu), ("chrF2", cost.chrf)):
        print(f"{name:<6}{values[0]:9.2f}{values[1]:8.2f}")
    print(f"{'MB':<6}{size(model) / 1e6:9.2f}{size(out) / 1e6:8.2f}")
    print(f"the same: {cost.same_tokens:.2f} % of tokens, {cost.same_sentences:.2f} % of sentences")
    if few := cost.shortlist:
        print(
            f"with a shortlist of {few.tokens:.0f} tokens: BLEU {few.bleu:.2f}, chrF2 {few.chrf:.2f}, "
            f"{few.same_sentences:.2f} % of sentences the same"
        )


def _engines(config: "ModelConfig") -> dict[str, Any]:
    """What `--engine auto` takes for this model on this processor, and why not the fast engine."""
    from glassformer.engine.fast import reason_against
    from glassformer.engine.native.library import instruction_sets

    reason = reason_against(config)
    if reason:
        return {"auto": "eager", "fast": f"cannot run: {reason}"}
    return {"auto": "fast", "instructions": instruction_sets()}


# What commands share


def load_translator(options: argparse.Namespace) -> Any:
    from glassformer.translator import Translator

    engine: Any = getattr(options, "engine", "eager")
    precision = getattr(options, "precision", None)
    few = getattr(options, "shortlist", False)
    return Translator.load(Path(options.model), options.device, engine=engine, precision=precision, shortlist=few)


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
