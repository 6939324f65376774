"""`translate`: lines in, lines out, each as soon as it is there."""

import argparse
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from glassformer.cli.arrivals import arrivals
from glassformer.cli.commands import how_to_lengthen, load_translator, one_line, search_options
from glassformer.cli.streams import print_whole, say_error
from glassformer.cli.warnings import GroupedWarnings
from glassformer.errors import UsageError
from glassformer.text.printable import as_json

if TYPE_CHECKING:
    from glassformer.copying import Copying
    from glassformer.translator import FailedTranslation, Translation

LINES = 512  # translated at a time, of which those of like length share a batch
WINDOW = 0.01  # seconds that a line from a pipe waits for others to be translated with

NumberedLines = list[tuple[int, str]]


def translate(options: argparse.Namespace) -> int:
    """Translate a file, a line for a line; the exit status is 1 where a line failed or, with strict, has a warning."""
    from glassformer.text.readers.lines import name_of, read_lines
    from glassformer.text.sentences import check_language

    search = search_options(options)
    if options.language:
        check_language(options.language)
    copying = _copying(options)
    if options.markup:
        from glassformer.markup import translate_markup as translate_all
    else:
        from glassformer.whole_texts import translate_texts as translate_all
    translator = load_translator(options)
    translator.source_tokenizer.target_ids(options.to)  # refuse a wrong one before waiting for text
    size, notes = _size(options.file), _Notes(options, name_of(options.file), translator.config.max_length)
    with _progress(size, _is_packed(options.file)) as advance:
        for lines in arrivals(read_lines(Path(options.file)), LINES, WINDOW if size is None else None):
            results = translate_all(
                translator,
                [line for _, line in lines],
                search,
                split=options.split,
                language=options.language,
                long=options.long,
                prefixes=[options.prefix] * len(lines) if options.prefix else None,
                align=options.json,
                to=options.to,
                places=[notes.place(number) for number, _ in lines],
                copying=copying,
                spelling=options.spelling,
            )
            for (number, _), result in zip(lines, results, strict=True):
                notes.take(result, number)
            print_whole("".join(f"{_shown(result, options)}\n" for result in results))
            advance(lines)
            if size is None and sys.stdin.isatty():  # somebody waits for the next answer
                notes.say_warnings()
    notes.end()
    return 1 if notes.failed or (options.strict and notes.warned) else 0


def _copying(options: argparse.Namespace) -> "Copying":
    from glassformer.copying import Copying
    from glassformer.text.terms import Glossary

    if options.terms == options.file == "-":
        raise UsageError("--terms - and the text cannot both be standard input; give one of them as a file")
    return Copying(options.copy, Glossary.read(options.terms) if options.terms else Glossary())


def _shown(result: "Translation | FailedTranslation", options: argparse.Namespace) -> str:
    """A line, or with n_best a group of lines that a blank one ends; what failed has a blank line."""
    if options.json:
        return as_json(result.to_dict())
    if result.error:
        return ""
    if options.n_best == 1:
        return one_line(result.text)
    return "".join(f"{one.score:.4f}\t{one_line(one.text)}\n" for one in (result, *result.alternatives))


class _Notes:
    """What is said on stderr: failed and cut off lines at once; over-long sentences counted, once, at the end."""

    def __init__(self, options: argparse.Namespace, name: str, max_length: int) -> None:
        self.failed = 0
        self._options, self._name, self._max_length = options, name, max_length
        self._long, self._first = 0, ""
        self.warned, self._warnings = False, GroupedWarnings()

    def place(self, number: int) -> str:
        return f"{self._name}:{number}"

    def take(self, result: "Translation | FailedTranslation", number: int) -> None:
        if result.error:
            self.failed += 1
            say_error(result.error)
            return
        if not result.finished:
            say_error(f"{self.place(number)}: cut off at the length limit; {how_to_lengthen(self._options)}")
        self.warned = self.warned or bool(result.warnings)
        self._warnings.add(result.warnings, number)
        blocks = result.parts if self._options.markup else [result]
        long = [part for block in blocks for part in block.parts if part.error or part.parts]
        if long and not self._long:
            self._first = str(long[0].error or f"{self.place(number)}: more than {self._max_length} tokens")
        self._long += len(long)

    def say_warnings(self) -> None:
        for line in self._warnings.taken():
            say_error(line)

    def end(self) -> None:
        self.say_warnings()
        if self._long:
            done = "left out" if self._options.long == "skip" else "split at clauses"
            say_error(f"{self._long:,} sentence{'s' if self._long > 1 else ''} {done}; the first is {self._first}")


def _size(file: str) -> int | None:
    """The size of a file in bytes; None for a pipe or a terminal, where nobody knows what will come."""
    try:
        state = os.fstat(sys.stdin.fileno()) if file == "-" else Path(file).stat()
    except (OSError, ValueError):  # missing, which the reader will say; or no real standard input
        return None
    return state.st_size if stat.S_ISREG(state.st_mode) else None


def _is_packed(file: str) -> bool:
    """Whether the file's size says little of how much text it has."""
    from glassformer.text.readers.lines import PACKED_SUFFIXES

    return file.lower().endswith(PACKED_SUFFIXES)


@contextmanager
def _progress(size: int | None, packed: bool) -> Iterator[Callable[[NumberedLines], None]]:
    """A bar on stderr, where that is a terminal and the lines of a file go elsewhere; gives what moves it on."""
    if size is None or not sys.stderr.isatty() or sys.stdout.isatty():
        yield lambda lines: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=Console(stderr=True, highlight=False, soft_wrap=True),
        redirect_stdout=False,
    )
    task = bar.add_task("0 lines", total=None if packed else size)

    def advance(lines: NumberedLines) -> None:
        done = sum(len(line.encode()) + 1 for _, line in lines)
        bar.update(task, advance=done, description=f"{lines[-1][0]:,} lines")

    with bar:
        yield advance
