"""What `explain` and `lecture` do: show a trace in the terminal, or write it as files."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassformer.cli.commands import given, load_translator
from glassformer.cli.streams import say, say_error
from glassformer.errors import UsageError
from glassformer.text.printable import as_json

if TYPE_CHECKING:
    from rich.console import Console

    from glassformer.glass.record import Labelled, Trace
    from glassformer.glass.views.html import Kind

SHOWN = ("layer", "head", "attention", "steps", "cell", "tensor")
WHY = ("word", "against", "versus", "measure", "ablation")
FILES = ("html", "json_file", "svg", "csv", "latex")
WRITES = {  # what each option writes, and the endings of that, the usual one first
    "html": ("HTML", ".html", ".htm", ".xhtml"),
    "json_file": ("JSON", ".json"),
    "svg": ("SVG", ".svg"),
    "csv": ("CSV", ".csv"),
    "latex": ("LaTeX", ".tex", ".latex"),
}
PICTURES = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".pdf", ".eps", ".ps"}
DOCUMENTS = {".xlsx", ".xls", ".ods", ".docx", ".odt", ".pptx", ".md", ".tsv", ".parquet", ".npy", ".npz", ".pkl"}
ARCHIVES = {".gz", ".bz2", ".xz", ".zst", ".zip", ".tar"}
NAMED = PICTURES | DOCUMENTS | ARCHIVES | {ending for _, *endings in WRITES.values() for ending in endings}
PAGE_DOES = {".png": "; the page (--html) exports PNG", ".pdf": "; the page (--html) prints as PDF"}


def explain(options: argparse.Namespace) -> None:
    """Trace a sentence and show it."""
    from glassformer.explain import gather
    from glassformer.glass.views.terminal import TerminalOptions, render
    from glassformer.glass.views.terminal.cause import print_cause

    _check_names(options)
    asked = given(options, ("target", "beam", "detail", "pad", "length_penalty", "to", "glosses"))
    traces, kind = gather(options.what, options.device, _why(options), spelling=options.spelling, **asked)
    _say_corrected([one for _, one in traces])
    if kind != "trace":
        _refuse_one_trace(options)
    if _write_files(traces, kind, options):
        return
    if kind == "trace" and options.cause:
        print_cause(_console(), traces[0][1])
    elif kind == "trace":
        render(traces[0][1], _console(), TerminalOptions(**{name: getattr(options, name) for name in SHOWN}))
    else:
        _render_several(traces, kind)


def _say_corrected(traces: "list[Trace]") -> None:
    """What was typed, where something else was read, once for all models that read the same."""
    sources = [one.axes["source"] for one in traces if "typed" in one.axes.get("source", {})]
    for typed, read in dict.fromkeys((source["typed"], source["text"]) for source in sources):
        say_error(f'warning: "{typed}" is read as "{read}"; --spelling keep reads it as it is')


def _why(options: argparse.Namespace) -> dict[str, Any] | None:
    """What `--cause` asks; None without it, when nothing else of it makes sense."""
    why = given(options, WHY)
    if why and not options.cause:
        raise UsageError(f"--{next(iter(why)).replace('_', '-')} belongs to a question: add --cause")
    return why if options.cause else None


def _refuse_one_trace(options: argparse.Namespace) -> None:
    """What shows or writes one trace says nothing of several."""
    for name in ("cause", "steps", "layer", "head", "cell", "tensor", "json_file", "svg", "csv", "latex"):
        if getattr(options, name) not in (None, False):
            option = name.removesuffix("_file")
            raise UsageError(f"--{option} is of one trace; name one model, or one saved trace")


def study(options: argparse.Namespace) -> None:
    """Measure what the heads of a model do, over sentence pairs."""
    from glassformer.glass.causes.study.contrasts import Contrasts
    from glassformer.glass.causes.study.study import study
    from glassformer.glass.views.terminal.study import print_study
    from glassformer.text.pairs import read_pairs

    contrasts = [Contrasts.parse(text) for text in options.contrast]
    if options.limit < 1:
        raise UsageError(f"--limit is {options.limit}: it must be at least 1")
    translator = load_translator(options)
    pairs = [pair for path in options.pairs for pair in read_pairs(path, tuple(options.columns or ()))]
    result = study(translator, pairs, contrasts, options.limit, options.to)
    if options.json:
        print(as_json(result.to_dict()))
    else:
        print_study(_console(), result)


def lecture(options: argparse.Namespace) -> int:
    """Replay the lecture's worked example; the exit status is 1 where `--check` finds a difference."""
    from glassformer.glass.lecture.inputs import parse_input
    from glassformer.glass.lecture.replay import replay
    from glassformer.glass.views.terminal.lecture import render_checks

    _check_names(options)
    trace = replay(dict(map(parse_input, options.set)))
    if options.check:
        return 0 if render_checks(trace, _console()) else 1
    if options.json:
        print(trace.to_json())
    elif not _write_files([("lecture", trace)], "lecture", options):
        _render_lecture(trace, options)
    return 0


def _render_lecture(trace: "Trace", options: argparse.Namespace) -> None:
    from glassformer.glass.views import terminal
    from glassformer.glass.views.terminal import lecture

    if options.cell or options.tensor:
        shown = terminal.TerminalOptions(**{name: getattr(options, name) for name in SHOWN})
        terminal.render(trace, _console(), shown)
    else:
        lecture.render(trace, _console())


def _write_files(traces: "list[Labelled]", kind: "Kind", options: argparse.Namespace) -> bool:
    """Write the files that the options ask for; whether there were any."""
    from glassformer.explain import write_page
    from glassformer.files import write_output

    first = traces[0][1]
    exported = _exports(first, options)  # before anything is written: it refuses what makes no sense
    if options.html:
        run = Path(options.what[0]) if kind == "training" else None
        say(f"glassformer: {write_page(Path(options.html), traces, kind, options.large, run)}")
    if options.json_file:
        write_output(Path(options.json_file), first.to_json().encode(errors="backslashreplace"))
    for name, text in exported.items():
        write_output(Path(name), text.encode(errors="backslashreplace"))
    return any(getattr(options, name) for name in FILES)


def _check_names(options: argparse.Namespace) -> None:
    """Raise UsageError for a file with an ending of something that its option does not write."""
    for option in FILES:
        file = getattr(options, option)
        if file is None:
            continue
        path, (what, *own) = Path(file), WRITES[option]
        if path.suffix.lower() in NAMED and path.suffix.lower() not in own:
            hint = PAGE_DOES.get(path.suffix.lower(), "") if option == "svg" else ""
            raise UsageError(
                f"{file}: --{option.removesuffix('_file')} writes {what}; name it {path.stem}{own[0]}{hint}"
            )


def _exports(trace: "Trace", options: argparse.Namespace) -> dict[str, str]:
    """The exported texts by the file they go to."""
    from glassformer.glass.views import latex, svg, table

    texts = {}
    if options.svg:
        texts[options.svg] = svg.to_svg(trace, options.view, options.tensor, options.head)
    if options.csv:
        if not options.tensor:
            raise UsageError("--csv wants to know which numbers: add --tensor NAME")
        texts[options.csv] = table.to_csv(trace, options.tensor)
    if options.latex:
        texts[options.latex] = (
            latex.cell_solution(trace, options.cell) if options.cell else latex.worked_solution(trace, options.answers)
        )
    return texts


def _render_several(traces: "list[Labelled]", kind: "Kind") -> None:
    from glassformer.glass.views.terminal import several

    show = several.render_comparison if kind == "compare" else several.render_training
    show(traces, _console())


def _console() -> "Console":
    from glassformer.glass.views.terminal.console import Listened

    return Listened(highlight=False, soft_wrap=not sys.stdout.isatty())
