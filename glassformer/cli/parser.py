"""The options of every command."""

import argparse
from collections.abc import Callable
from typing import Any

from glassformer import __version__
from glassformer.cli import commands as do
from glassformer.cli import evaluation, glass, serving, translation
from glassformer.errors import UsageError

NAMES = "F", "F.tsv", "F.yaml", "FILE", "PATH", "DIR", "RUN", "MODEL", "NODE_MODULES"  # metavars of files and folders


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as every other error here does."""

    def error(self, message: str) -> Any:
        raise UsageError(f"{message}; see {self.prog} --help")


class _CommandParser(_Parser):
    """A command's words may stand before, between and after its options, in any order.

    The options are added when it is to parse: to make those of all commands takes longer than all else here.
    """

    _mixed = False

    def __init__(self, *, add_options: Callable[[argparse.ArgumentParser], None], **settings: Any) -> None:
        super().__init__(**settings)
        self.add_options = add_options

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self._mixed:  # argparse calls this again, for the options and then for the words
            return super().parse_known_args(args, namespace)
        self._mixed = True
        self.add_options(self)
        for action in self._actions:
            if action.metavar in NAMES:
                action.type = _name
        return self.parse_known_intermixed_args(args, namespace)


def _name(word: str) -> str:
    """The name of a file or folder. An empty one, as of a variable of the shell that is not set, would be taken for
    none: without its keys the server would answer everybody, and a comparison would be left out."""
    if not word:
        raise argparse.ArgumentTypeError("names no file or folder; give one, or leave it out")
    return word


def make_parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="glassformer", description="A Transformer encoder-decoder to train, use and see through.")
    parser.add_argument("--version", action=_Version, help="print the version and exit")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_CommandParser)
    for name, run, summary, add_options in (
        ("quickstart", do.quickstart, "train a small model on a built-in corpus and try it", _add_quickstart),
        ("train", do.train, "train a model on sentence pairs", _add_train),
        ("translate", translation.translate, "translate text, a line for a line", _add_translate),
        ("serve", serving.serve, "serve models: a page, and the interfaces of programs", _add_serve),
        ("evaluate", evaluation.evaluate, "translate a test set and score it", _add_evaluate),
        ("score", do.score, "log-probability of given translations, a line each", _add_score),
        ("explain", glass.explain, "see through a translation, to the last number", _add_explain),
        ("study", glass.study, "measure what a model's heads do, over sentence pairs", _add_study),
        ("lecture", glass.lecture, "replay the lecture's worked example, step by step", _add_lecture),
        ("check-data", do.check_data, "say what is wrong with sentence pairs before training", _add_check_data),
        ("corpus", do.corpus, "write a built-in corpus as train.tsv, valid.tsv and test.tsv", _add_corpus),
        ("info", do.info, "what a model is, and where it comes from, as JSON", _add_info),
        ("quantize", do.quantize, "write a model of eight-bit integers, and measure what that costs", _add_quantize),
        ("export", do.export, "write a model in another program's format, and prove it there", _add_export),
        ("import", do.import_, "make a model of another program's: Marian, OPUS-MT", _add_import),
    ):
        command = commands.add_parser(name, help=summary, description=summary, add_options=add_options)
        command.set_defaults(run=run)
    return parser


class _Version(argparse.Action):
    def __init__(self, **settings: Any) -> None:
        super().__init__(nargs=0, **settings)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from glassformer.engine.native.library import instruction_sets

        sets = instruction_sets()
        print(f"glassformer {__version__} ({'fast engine: ' + sets[0] if sets else 'no fast engine'})")
        parser.exit()


def _add_quickstart(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--corpus", default="phrasebook", choices=("phrasebook", "names"), help="the built-in corpus (%(default)s)"
    )
    parser.add_argument("--out", default="runs/quickstart", metavar="DIR", help="the run directory (%(default)s)")


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "The settings that --config and --set take are in docs/reference/settings.md; config.yaml in a run directory "
        "lists those of the run."
    )
    _add_data(parser)
    parser.add_argument("--preset", help="glass, tiny (the default), small, base, big, deep-shallow or student")
    parser.add_argument("--config", metavar="F.yaml", help="settings as `key: value` lines")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="one setting; may be repeated")
    parser.add_argument("--out", required=True, metavar="RUN", help="the run directory to write")
    parser.add_argument("--from", dest="start_from", metavar="MODEL", help="fine-tune this model on the text")
    parser.add_argument(
        "--extend-vocabulary", type=int, metavar="N", help="with --from: add up to N pieces of the text to each side"
    )
    parser.add_argument("--teacher", metavar="MODEL", help="train on what this model makes of the text's sources")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out, if there is one")
    parser.add_argument(
        "--allow", default="", metavar="KEY[,KEY]", help="with --resume: settings that may change; data: the text may"
    )
    parser.add_argument("--max-steps", type=int, metavar="N", help="updates at which training ends")
    parser.add_argument(
        "--probe", action="append", metavar="TEXT", help="keep this sentence's trace while learning; may be repeated"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="of all that is drawn: parameters, order, dropout (1)")
    _add_device(parser)


def _add_data(parser: argparse.ArgumentParser) -> None:
    text = parser.add_argument_group(
        "text",
        "a .tsv, .csv, .jsonl, .json, .tmx or .parquet of pairs, or two files aligned by line; any may be packed",
    )
    _add_pairs(text)
    text.add_argument("--source", metavar="F", help="one sentence a line")
    text.add_argument("--target", metavar="F", help="its translation on the same line")
    text.add_argument("--corpus", metavar="NAME", help="a built-in one: phrasebook, names[:LANGUAGE], gettext:LANGUAGE")
    text.add_argument("--valid-pairs", nargs="+", metavar="F", help="pairs to validate on, as --pairs")
    text.add_argument("--valid-columns", nargs="+", metavar="C", help="of --valid-pairs; else as --columns")
    text.add_argument("--valid-directions", nargs="+", metavar="D", help="of --valid-pairs; else as --directions")
    text.add_argument("--valid-source", metavar="F", help="or one sentence a line to validate on")
    text.add_argument("--valid-target", metavar="F", help="and its translation on the same line")


def _add_pairs(text: argparse._ArgumentGroup) -> None:
    text.add_argument("--pairs", nargs="+", metavar="F", help=".tsv (source, tab, target), .csv, .jsonl, ...")
    text.add_argument(
        "--columns", nargs="+", metavar="C", help="source and target column, key or language of --pairs: en hi, or 2 4"
    )
    text.add_argument("--directions", nargs="+", metavar="D", help="of each file of --pairs, or of all: en-hi hi-en")


def _add_translate(parser: argparse.ArgumentParser) -> None:
    _add_model(parser)
    _add_engine(parser)
    parser.add_argument("file", nargs="?", default="-", metavar="FILE", help="the text (standard input)")
    _add_target(parser)
    parser.add_argument(
        "--no-split", dest="split", action="store_false", help="take each line as one sentence, whatever it holds"
    )
    parser.add_argument(
        "--language", metavar="L", help="of the text, to split it by: en, hi, zh, ... (that of its script; Latin: en)"
    )
    parser.add_argument(
        "--long", default="split", choices=("split", "skip", "fail"),
        help="sentences longer than the model admits: split at clauses, leave out, or fail (%(default)s)",
    )  # fmt: skip
    parser.add_argument("--markup", action="store_true", help="the text has HTML- or XML-like tags; they stay in place")
    parser.add_argument(
        "--terms", metavar="F.tsv", help="a line is a term, a tab, its translation, more forms of it; alone it is kept"
    )
    parser.add_argument(
        "--no-copy", dest="copy", action="store_false", help="do not copy URLs, e-mails, placeholders, tags and emoji"
    )
    _add_spelling(parser)
    _add_search(parser)
    parser.add_argument(
        "--n-best", type=int, default=1, metavar="N", help="N translations each, with scores, then a blank line"
    )
    parser.add_argument("--strict", action="store_true", help="exit status 1 where a translation has a warning")
    parser.add_argument("--prefix", metavar="TEXT", help="what every translation must begin with")
    sampling = parser.add_argument_group("sampling")
    sampling.add_argument("--sample", action="store_true", help="draw from the model instead of searching")
    sampling.add_argument("--temperature", type=float, metavar="T", help="below 1: the likely ones oftener (1)")
    sampling.add_argument("--top-k", type=int, metavar="K", help="among the K likeliest tokens; 0, the default, is all")
    sampling.add_argument(
        "--top-p", type=float, metavar="P", help="among the likeliest tokens that hold probability P together (1)"
    )
    sampling.add_argument("--seed", type=int, metavar="N", help="another seed draws other translations (1)")
    _add_json(parser, "one JSON object a line: text, tokens, scores, alignment, warnings")


def _add_spelling(parser: Any) -> None:
    parser.add_argument(
        "--spelling", default="correct", choices=("correct", "keep"),
        help="words that it was not trained on: read as the trained word one typing error away, or kept (%(default)s)",
    )  # fmt: skip


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "The limits that --set takes are in docs/reference/settings.md."
    parser.add_argument("model", nargs="*", metavar="MODEL", help="model directories or run directories")
    parser.add_argument(
        "--as", action="append", default=[], dest="pair", metavar="L:L=MODEL",
        help="a model and its languages, as en:hi=runs/mine, where its card does not say them; may be repeated",
    )  # fmt: skip
    _add_device(parser)
    _add_engine(parser)
    parser.add_argument("--host", default="127.0.0.1", metavar="H", help="the address to listen at (%(default)s)")
    parser.add_argument(
        "--host-name", action="append", default=[], metavar="NAME",
        help="a name that it may be asked by, beside localhost and addresses, or * for any; may be repeated",
    )  # fmt: skip
    parser.add_argument("--port", type=int, default=8000, metavar="P", help="the port to listen at (%(default)s)")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes, each with all models (1)")
    parser.add_argument(
        "--memory", type=float, default=4.0, metavar="GB", help="of models at a time, about (%(default)s)"
    )
    parser.add_argument("--terms", metavar="F.tsv", help="a glossary that all translations use; see translate")
    parser.add_argument("--keys", metavar="F", help="answer only who has a key of this file")
    parser.add_argument("--new-key", metavar="NAME", help="add a key to --keys, print it, and do nothing else")
    parser.add_argument(
        "--cors", action="append", default=[], metavar="ORIGIN", help="pages of this origin may ask; may be repeated"
    )
    parser.add_argument(
        "--log", default="errors", choices=("errors", "requests", "texts"), help="what stderr tells (%(default)s)"
    )
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="one limit; may be repeated")


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    _add_model(parser)
    _add_engine(parser)
    text = parser.add_argument_group("test set")
    text.add_argument("--source", metavar="F", help="one sentence a line")
    text.add_argument(
        "--reference", action="append", metavar="F",
        help="its right translation on the same line; may be repeated, and have blank lines then",
    )  # fmt: skip
    _add_target(text)
    _add_pairs(text)
    parser.add_argument("--output", metavar="F", help="write the translations here")
    parser.add_argument(
        "--against", metavar="MODEL", help="compare with this model, or with a file of translations, a line each"
    )
    parser.add_argument(
        "--tokenize", default="auto", metavar="NAME",
        help="sacreBLEU's, for BLEU: 13a, zh, ...; none for tokenised text (%(default)s: by the references' script)",
    )  # fmt: skip
    parser.add_argument(
        "--comet", metavar="DIR", help="score by this COMET model too, which needs the package unbabel-comet"
    )
    _add_search(parser)
    _add_json(parser, "the scores as one JSON object")


def _add_score(parser: argparse.ArgumentParser) -> None:
    _add_model(parser)
    parser.add_argument("--source", required=True, metavar="F", help="one sentence a line")
    parser.add_argument("--target", required=True, metavar="F", help="the translation to score on the same line")
    _add_target(parser)
    parser.add_argument(
        "--length-penalty", type=float, default=0.0, metavar="A", help="divide by ((5+n)/6)^A (%(default)s)"
    )
    _add_json(parser, "one JSON object a line")


def _add_explain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what", nargs="+", metavar="MODEL SENTENCE",
        help="a model and a sentence; two models to compare; one or two saved traces (.json); a run with probes",
    )  # fmt: skip
    _add_device(parser)
    what = parser.add_argument_group("what to trace")
    _add_target(what)
    _add_spelling(what)
    what.add_argument("--target", metavar="SENTENCE", help="force this translation instead of searching for one")
    what.add_argument("--beam", type=int, metavar="K", help="hypotheses kept; 1, the default, is greedy")
    what.add_argument("--length-penalty", type=float, metavar="A", help="a score is log p / ((5+n)/6)^A (0.6)")
    what.add_argument("--detail", metavar="D", help="attention, full or full+weights (up to 2 M weights the default)")
    what.add_argument("--pad", type=int, metavar="N", help="put N <pad> after the source, as in a batch")
    what.add_argument(
        "--glosses",
        metavar="F.tsv",
        help="what words of the target mean: word, tab, meaning; the page shows it below them",
    )
    shown = parser.add_argument_group("what to show")
    shown.add_argument("--attention", default="cross", metavar="KIND", help="cross, encoder or decoder (%(default)s)")
    shown.add_argument("--layer", type=int, metavar="N", help="of the attention; without it the mean of all")
    shown.add_argument("--head", type=int, metavar="N", help="of the attention; without it the mean of all")
    shown.add_argument("--steps", action="store_true", help="the decode loop, step by step")
    why = parser.add_argument_group(
        "why this word", "interventions on the model: which words, layers and heads decide between two words"
    )
    why.add_argument("--cause", action="store_true", help="say why the translation has one word and not another")
    why.add_argument("--word", metavar="WORD", help="the word of the translation (where the other one is likeliest)")
    why.add_argument("--against", metavar="WORD", help="the other word (that of --versus, or the runner-up)")
    why.add_argument("--versus", metavar="SENTENCE", help="a second sentence, whose numbers are put in, part by part")
    why.add_argument("--measure", metavar="M", help="logit_difference (the default), log_probability or probability")
    why.add_argument("--ablation", metavar="A", help="patch (the default with --versus), mean (without) or zero")
    files = _add_exports(parser)
    files.add_argument("--json", metavar="F", dest="json_file", help="the record")
    parser.set_defaults(answers=True)


def _add_study(parser: argparse.ArgumentParser) -> None:
    _add_model(parser)
    parser.add_argument(
        "--pairs", nargs="+", required=True, metavar="F", help="pairs that the model was not trained on"
    )
    parser.add_argument(
        "--columns", nargs=2, metavar=("SOURCE", "TARGET"), help="columns, keys or languages of --pairs: en hi, or 2 4"
    )
    parser.add_argument(
        "--contrast", action="append", default=[], metavar="A:B[=X:Y]",
        help="swap A for B in the source, and measure which heads turn X into Y; commas join several; may be repeated",
    )  # fmt: skip
    parser.add_argument("--limit", type=int, default=100, metavar="N", help="sentences for each finding (%(default)s)")
    _add_target(parser)
    _add_json(parser, "the study as one JSON object")


def _add_lecture(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--check", action="store_true", help="compare all that the lecture prints, a line each")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=MATRIX", help="your own numbers, such as W_Q='1,0;0,1'"
    )
    parser.add_argument("--no-answers", dest="answers", action="store_false", help="leave --latex to be worked out")
    _add_json(parser, "print the record")
    _add_exports(parser)
    parser.set_defaults(layer=None, head=None, attention="cross", steps=False, json_file=None)


def _add_exports(parser: argparse.ArgumentParser) -> Any:
    numbers = parser.add_argument_group("one matrix or number")
    numbers.add_argument("--tensor", metavar="NAME", help="a tensor, such as decoder.1.cross_attention.weights")
    numbers.add_argument("--cell", metavar="NAME[H,R,C]", help="a number of it, and how it is made")
    files = parser.add_argument_group("files to write")
    files.add_argument("--html", metavar="F", help="the page: one file for any browser, no network")
    files.add_argument("--large", action="store_true", help="write it even above 50 MB")
    files.add_argument("--svg", metavar="F", help="a picture of --view")
    files.add_argument("--view", default="attention", metavar="V", help="attention, matrix, beam, timeline, map, ...")
    files.add_argument("--csv", metavar="F", help="the numbers of --tensor")
    files.add_argument("--latex", metavar="F", help="the worked solution, or that of --cell")
    return files


def _add_check_data(parser: argparse.ArgumentParser) -> None:
    _add_data(parser)
    parser.add_argument("--max-length", type=int, metavar="N", help="words from which on a side is too long")
    _add_json(parser, "the report as one JSON object")


def _add_corpus(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="phrasebook, names[:LANGUAGE] or gettext:LANGUAGE")
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder to write in; no file is overwritten")
    parser.add_argument(
        "--seed", type=int, default=1, metavar="N", help="of what is drawn and of the split into parts (%(default)s)"
    )


def _add_info(parser: argparse.ArgumentParser) -> None:
    _add_model(parser)


def _add_quantize(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a model directory or a run directory")
    parser.add_argument("--out", required=True, metavar="DIR", help="the model directory to write")
    parser.add_argument("--source", required=True, metavar="F", help="text to measure on, one sentence a line")
    parser.add_argument("--reference", required=True, metavar="F", help="its right translation on the same line")
    _add_target(parser)
    parser.add_argument(
        "--shortlist", nargs="+", metavar="F", help="learn a shortlist of target tokens from these pairs (.tsv, ...)"
    )
    parser.add_argument(
        "--max-loss", type=float, metavar="B", help="do not write it where BLEU falls by more than this (0.3)"
    )
    parser.add_argument(
        "--engine", default="auto", choices=("auto", "eager", "fast"), help="what to measure with (%(default)s)"
    )
    _add_search(parser)
    _add_json(parser, "the cost as one JSON object")


def _add_export(parser: argparse.ArgumentParser) -> None:
    _add_model(parser)
    parser.add_argument(
        "--to", required=True, choices=("hf", "ctranslate2", "onnx", "argos", "torch", "python"),
        help="hf: transformers' MarianMTModel; onnx: for onnxruntime and transformers.js; argos: for Argos "
        "Translate and LibreTranslate; torch: nn.Transformer's state dict; python: one file without a library",
    )  # fmt: skip
    parser.add_argument("--int8", action="store_true", help="weights of 8 bits, of ctranslate2: a quarter of the size")
    _add_new_directory(parser, "the directory to write")
    parser.add_argument("--sentences", metavar="F", help="a sentence a line, to prove it on (the phrasebook's)")
    parser.add_argument("--languages", metavar="SOURCE:TARGET", help="with argos: their codes, such as en:hi")
    parser.add_argument(
        "--web", metavar="NODE_MODULES",
        help="with onnx: write translate.html too, which translates in a browser, with the onnxruntime-web and "
        "@huggingface/tokenizers that npm installed there",
    )  # fmt: skip


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", help="its directory: config.json, model.safetensors, source.spm, ...")
    _add_new_directory(parser, "the model directory to write")


def _add_new_directory(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--out", required=True, metavar="DIR", help=what)
    parser.add_argument("--force", action="store_true", help="replace one that this command made")


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a model directory or a run directory")
    _add_device(parser)


def _add_engine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--engine", default="auto", choices=("auto", "eager", "fast", "graphs"),
        help="fast is C++ on the processor, eager is PyTorch, graphs is PyTorch recorded on a GPU; auto is fast where "
        "it can be, else eager (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--precision",
        choices=("float32", "bfloat16", "int8"),
        help="of matrix products (that of the parameters)",
    )
    parser.add_argument(
        "--shortlist", action="store_true", help="choose among the likeliest target tokens of each source token only"
    )


class _Language(argparse.Action):
    """Makes one direction of --from and --to, whichever comes first: `en-de`, or `de` without --from."""

    def __call__(self, _parser: Any, options: argparse.Namespace, value: Any, name: str | None = None) -> None:
        source, hyphen, target = (options.to or "").rpartition("-")
        options.to = f"{value}-{target}" if name == "--from" else f"{source}{hyphen}{value}"


def _add_target(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    parser.add_argument(
        "--to", metavar="L", action=_Language, help="the target's language, where the model has several: hi, de, ..."
    )
    parser.add_argument(
        "--from", dest="to", metavar="L", action=_Language, help="the source's, where an imported model is told it too"
    )


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
