"""The command line. Results go to stdout; progress, notes and errors to stderr.

Exit status: 0 done, 1 the input is wrong, 2 the usage is wrong, 128 + n stopped by signal n.
Heavy imports happen inside commands, so that `--help` answers at once.
"""

import argparse
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassformer.errors import GlassformerError, InputError, UsageError

if TYPE_CHECKING:
    from glassformer.search import SearchOptions
    from glassformer.text.pairs import Pair
    from glassformer.translator import Translation

CHUNK = 256  # lines translated at a time
DATA = ("corpus", "pairs", "source", "target", "valid_pairs", "valid_source", "valid_target")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; no user's mistake ends in a traceback."""
    _speak_utf8()
    try:
        options = _parser().parse_args(arguments)
        options.run(options)
        sys.stdout.flush()
    except GlassformerError as error:
        return _fail(str(error), error.status)
    except KeyboardInterrupt:
        return _fail("stopped", 130)
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        _abandon_stdout()
        return 141
    except OSError as error:
        if error.filename is None:
            _abandon_stdout()
        return _fail(
            f"{error.filename or 'standard output'}: {error.strerror}; check the path, its rights and the free space", 1
        )
    except Exception as error:
        if _is_out_of_memory(error):
            return _fail("not enough memory; take a smaller model, fewer batch_tokens or a narrower beam", 1)
        if (status := getattr(error, "stop_status", None)) is None:
            raise
        return _fail(str(error), int(status))
    return 0


def _speak_utf8() -> None:
    """Text goes out as it comes in, UTF-8, whatever the locale; file names keep their bytes."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")


def _fail(message: str, status: int) -> int:
    _say(f"glassformer: {' '.join(message.splitlines())}")
    return status


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _abandon_stdout() -> None:
    """What is still unwritten can go nowhere; without this Python would try again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_out_of_memory(error: Exception) -> bool:
    """Python's error, or one of torch's: a class of its own on a GPU, a RuntimeError on the CPU."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names & {"MemoryError", "OutOfMemoryError"}) or "DefaultCPUAllocator" in str(error)


# Commands


def _train(options: argparse.Namespace) -> None:
    from glassformer.settings import parse_assignment, read_yaml
    from glassformer.training import train

    settings: dict[str, Any] = read_yaml(Path(options.config)) if options.config else {}
    settings |= _given(options, (*DATA, "preset", "max_steps", "seed"))
    settings |= dict(map(parse_assignment, options.set))
    train(options.out, resumed=options.resume, device=options.device, **settings)
    print(options.out)


def _quickstart(options: argparse.Namespace) -> None:
    from glassformer.quickstart import quickstart

    quickstart(options.corpus, Path(options.out))


def _translate(options: argparse.Namespace) -> None:
    from glassformer.text.pairs import read_lines

    search, translator = _search_options(options), _translator(options)
    prefix = options.prefix
    lines = read_lines(Path(options.file))
    name = "standard input" if options.file == "-" else options.file
    while chunk := list(islice(lines, CHUNK if not sys.stdin.isatty() or options.file != "-" else 1)):
        texts = [line for _, line in chunk]
        results = translator.translate(
            texts,
            search,
            prefixes=[prefix] * len(texts) if prefix else None,
            align=options.json,
            places=[f"{name}:{number}" for number, _ in chunk],
        )
        for (number, _), result in zip(chunk, results, strict=True):
            if not result.finished:
                _say(f"glassformer: {name}:{number}: cut off at the length limit; {_how_to_lengthen(options)}")
            _print_translation(result, options)
        sys.stdout.flush()


def _print_translation(result: "Translation", options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps(result.to_dict(), ensure_ascii=False))
    elif options.n_best == 1:
        print(_one_line(result.text))
    else:
        for one in (result, *result.alternatives):
            print(f"{one.score:.4f}\t{_one_line(one.text)}")
        print()


def _how_to_lengthen(options: argparse.Namespace) -> str:
    return "raise --max-length" if options.max_length else "raise --max-length-ratio, or set --max-length"


def _one_line(text: str) -> str:
    """A line out for a line in, whatever the model says."""
    return " ".join(text.splitlines())


def _evaluate(options: argparse.Namespace) -> None:
    from glassformer.evaluation import check_tokenizer, exact_match, score_corpus
    from glassformer.text.pairs import read_parallel

    # First all that can be wrong, then the long work.
    check_tokenizer(options.tokenize)
    search, translator = _search_options(options), _translator(options)
    pairs = list(read_parallel(Path(options.source), Path(options.reference)))
    if options.output:
        Path(options.output).touch()
    sources, references = [pair.source for pair in pairs], [pair.target for pair in pairs]
    results = translator.translate(sources, search, align=False, places=_places(pairs))
    texts = [_one_line(result.text) for result in results]
    if options.output:
        Path(options.output).write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    if cut := sum(not result.finished for result in results):
        _say(f"glassformer: {cut:,} of {len(pairs):,} cut off at the length limit; {_how_to_lengthen(options)}")
    scores = score_corpus(texts, references, options.tokenize)
    exact = exact_match(texts, references)
    if options.json:
        values = {name: {"score": round(s.value, 2), "signature": s.signature} for name, s in scores.items()}
        print(json.dumps({**values, "exact_match": round(exact, 2), "sentences": len(pairs)}))
        return
    for score in scores.values():
        print(f"{score.name:<6} {score.value:6.2f}  {score.signature}")
    print(f"exact  {exact:6.2f}  of {len(pairs):,} sentences equal their reference")


def _score(options: argparse.Namespace) -> None:
    from glassformer.text.pairs import read_parallel

    translator = _translator(options)
    pairs = read_parallel(Path(options.source), Path(options.target))
    while chunk := list(islice(pairs, CHUNK)):
        sources, targets = [pair.source for pair in chunk], [pair.target for pair in chunk]
        for one in translator.score(sources, targets, options.length_penalty, places=_places(chunk)):
            print(json.dumps(one.to_dict(), ensure_ascii=False) if options.json else f"{one.score:.4f}")


def _check_data(options: argparse.Namespace) -> None:
    from glassformer.settings import build
    from glassformer.text.check import check_pairs
    from glassformer.training.config import DataConfig
    from glassformer.training.data import read_data

    data = build(DataConfig, _given(options, DATA), "command line")
    pairs, valid = read_data(data, seed=1)
    _, report = check_pairs(pairs, valid, max_length=options.max_length)
    print(json.dumps(report.to_dict(), ensure_ascii=False) if options.json else report.render())


def _corpus(options: argparse.Namespace) -> None:
    from glassformer.text.corpora import load_corpus

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


def _info(options: argparse.Namespace) -> None:
    import dataclasses

    from glassformer.model_directory import resolve

    translator = _translator(options)
    weights = sum(weight.numel() for weight in translator.model.parameters())
    print(json.dumps({
        "model": str(resolve(Path(options.model))),
        "weights": weights,
        "config": dataclasses.asdict(translator.model.config),
        "card": translator.card,
    }, indent=2, ensure_ascii=False))  # fmt: skip


# What commands share


def _translator(options: argparse.Namespace) -> Any:
    from glassformer.device import choose_device
    from glassformer.translator import Translator

    return Translator.load(Path(options.model), choose_device(options.device))


def _places(pairs: "Iterable[Pair]") -> list[str]:
    from glassformer.text.check import place

    return [place(pair) for pair in pairs]


def _search_options(options: argparse.Namespace) -> "SearchOptions":
    import dataclasses

    from glassformer.search import SearchOptions

    names = {field.name for field in dataclasses.fields(SearchOptions)} & vars(options).keys()
    return SearchOptions(**_given(options, names))


def _given(options: argparse.Namespace, names: Iterable[str]) -> dict[str, Any]:
    """Those of the named options that the user gave."""
    return {name: value for name in names if (value := getattr(options, name)) is not None}


# The parser


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as every other error here does."""

    def error(self, message: str) -> Any:
        raise UsageError(f"{message}; see {self.prog} --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="glassformer", description="A Transformer encoder-decoder to train, use and see through.")
    parser.add_argument("--version", action=_Version, help="print the version and exit")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    for add in (
        _add_quickstart,
        _add_train,
        _add_translate,
        _add_evaluate,
        _add_score,
        _add_check_data,
        _add_corpus,
        _add_info,
    ):
        add(commands)
    return parser


class _Version(argparse.Action):
    def __init__(self, **settings: Any) -> None:
        super().__init__(nargs=0, **settings)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import version

        print(f"glassformer {version('glassformer')}")
        parser.exit()


def _command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], None], summary: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=summary, description=summary)
    parser.set_defaults(run=run)
    return parser


def _add_quickstart(commands: Any) -> None:
    parser = _command(commands, "quickstart", _quickstart, "train a small model on a built-in corpus and try it")
    parser.add_argument("--corpus", default="phrasebook", choices=("phrasebook", "names"))
    parser.add_argument("--out", default="runs/quickstart", metavar="DIR", help="the run directory (%(default)s)")


def _add_train(commands: Any) -> None:
    parser = _command(commands, "train", _train, "train a model on sentence pairs")
    _add_data(parser)
    parser.add_argument("--preset", help="glass, tiny (the default), small, base, big or deep-shallow")
    parser.add_argument("--config", metavar="F.yaml", help="settings as `key: value` lines")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="one setting; may be repeated")
    parser.add_argument("--out", required=True, metavar="RUN", help="the run directory to write")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out")
    parser.add_argument("--max-steps", type=int, metavar="N")
    parser.add_argument("--seed", type=int, metavar="N")
    _add_device(parser)


def _add_data(parser: argparse.ArgumentParser) -> None:
    text = parser.add_argument_group(
        "text", "a .tsv or .jsonl of pairs, or two files aligned by line; any may be gzipped"
    )
    text.add_argument("--pairs", nargs="+", metavar="F", help=".tsv (source, tab, target) or .jsonl")
    text.add_argument("--source", metavar="F", help="one sentence a line")
    text.add_argument("--target", metavar="F", help="its translation on the same line")
    text.add_argument("--corpus", metavar="NAME", help="a built-in one: phrasebook, names[:LANGUAGE], gettext:LANGUAGE")
    text.add_argument("--valid-pairs", nargs="+", metavar="F")
    text.add_argument("--valid-source", metavar="F")
    text.add_argument("--valid-target", metavar="F")


def _add_translate(commands: Any) -> None:
    parser = _command(commands, "translate", _translate, "translate text, a line for a line")
    _add_model(parser)
    parser.add_argument("file", nargs="?", default="-", metavar="FILE", help="one sentence a line (standard input)")
    _add_search(parser)
    parser.add_argument(
        "--n-best", type=int, default=1, metavar="N", help="N translations each, with scores, then a blank line"
    )
    parser.add_argument("--prefix", metavar="TEXT", help="what every translation must begin with")
    sampling = parser.add_argument_group("sampling")
    sampling.add_argument("--sample", action="store_true", help="draw from the model instead of searching")
    sampling.add_argument("--temperature", type=float, metavar="T")
    sampling.add_argument("--top-k", type=int, metavar="K")
    sampling.add_argument("--top-p", type=float, metavar="P")
    sampling.add_argument("--seed", type=int, metavar="N")
    _add_json(parser, "one JSON object a line: text, tokens, scores, alignment")


def _add_evaluate(commands: Any) -> None:
    parser = _command(commands, "evaluate", _evaluate, "translate a test set and score it")
    _add_model(parser)
    parser.add_argument("--source", required=True, metavar="F")
    parser.add_argument("--reference", required=True, metavar="F")
    parser.add_argument("--output", metavar="F", help="write the translations here")
    parser.add_argument(
        "--tokenize", default="13a", metavar="NAME", help="sacreBLEU's, for BLEU (%(default)s); none for tokenised text"
    )
    _add_search(parser)
    _add_json(parser, "the scores as one JSON object")


def _add_score(commands: Any) -> None:
    parser = _command(commands, "score", _score, "log-probability of given translations, a line each")
    _add_model(parser)
    parser.add_argument("--source", required=True, metavar="F")
    parser.add_argument("--target", required=True, metavar="F")
    parser.add_argument(
        "--length-penalty", type=float, default=0.0, metavar="A", help="divide by ((5+n)/6)^A (%(default)s)"
    )
    _add_json(parser, "one JSON object a line")


def _add_check_data(commands: Any) -> None:
    parser = _command(commands, "check-data", _check_data, "say what is wrong with sentence pairs before training")
    _add_data(parser)
    parser.add_argument("--max-length", type=int, metavar="N", help="words from which on a side is too long")
    _add_json(parser, "the report as one JSON object")


def _add_corpus(commands: Any) -> None:
    parser = _command(commands, "corpus", _corpus, "write a built-in corpus as train.tsv, valid.tsv and test.tsv")
    parser.add_argument("name", metavar="NAME", help="phrasebook, names[:LANGUAGE] or gettext:LANGUAGE")
    parser.add_argument("--out", required=True, metavar="DIR")
    parser.add_argument("--seed", type=int, default=1, metavar="N")


def _add_info(commands: Any) -> None:
    parser = _command(commands, "info", _info, "what a model is, and where it comes from, as JSON")
    _add_model(parser)


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a model directory or a run directory")
    _add_device(parser)


def _add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default="auto", metavar="D", help="auto, cpu or cuda (%(default)s)")


def _add_search(parser: argparse.ArgumentParser) -> None:
    search = parser.add_argument_group("search")
    search.add_argument("--beam", type=int, metavar="K", help="hypotheses kept (4); 1 is greedy")
    search.add_argument("--length-penalty", type=float, metavar="A", help="a score is log p / ((5+n)/6)^A (0.6)")
    search.add_argument("--min-length", type=int, metavar="N", help="tokens, at least")
    search.add_argument("--max-length", type=int, metavar="N", help="tokens, at most, </s> included")
    search.add_argument("--max-length-ratio", type=float, metavar="R", help="else: at most R x source + 10 tokens (2)")
    search.add_argument("--no-repeat-ngram", type=int, metavar="N", help="no N-gram twice")
    search.add_argument("--repetition-penalty", type=float, metavar="P", help="above 1: say less again")


def _add_json(parser: argparse.ArgumentParser, summary: str) -> None:
    parser.add_argument("--json", action="store_true", help=summary)


if __name__ == "__main__":
    sys.exit(main())
