"""`evaluate`: a test set translated, how good that is, and whether another system is better."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from glassformer.cli.commands import how_to_lengthen, load_translator, one_line, search_options
from glassformer.cli.streams import say_error
from glassformer.errors import InputError

if TYPE_CHECKING:
    from glassformer.evaluation import Score
    from glassformer.evaluation.tokenizers import Stream
    from glassformer.search import SearchOptions
    from glassformer.translator import Translator


class TestSet(NamedTuple):
    """Sources, where each is from, and streams of references: in each a text for every source, or None."""

    sources: list[str]
    places: list[str]
    references: Sequence["Stream"]


class System(NamedTuple):
    """What the user called it, its translations, and how many of them failed and are empty."""

    name: str
    texts: list[str]
    failed: int = 0


def evaluate(options: argparse.Namespace) -> int:
    """Score translations of a test set; those that failed count as empty, and make the exit status 1."""
    from glassformer.evaluation import check_tokenizer, choose_tokenizer
    from glassformer.evaluation.comet import Comet
    from glassformer.files import check_output, write_output

    # First all that can be wrong, then the long work.
    check_tokenizer(options.tokenize)
    search, translator = search_options(options), load_translator(options)
    test = _read_test(options)
    rival = _rival(options, test) if options.against else None
    comet = Comet(Path(options.comet)) if options.comet else None
    if options.output:
        check_output(Path(options.output))
    tokenize, note = choose_tokenizer(options.tokenize, *test.references)
    if note:
        say_error(note)

    systems = [_system(options.model, translator, test, search, options)]
    if options.output:
        write_output(Path(options.output), "".join(f"{text}\n" for text in systems[0].texts).encode())
    if rival:
        systems.append(_system(options.against, rival, test, search, options))
    on_gpu = translator.device.type == "cuda"
    neural = [comet.score(test.sources, one.texts, *test.references, cuda=on_gpu) for one in systems] if comet else []
    rows = _rows(systems, test, tokenize, neural)
    (_print_json if options.json else _print_table)(rows, systems)
    return 1 if any(one.failed for one in systems) else 0


# Before the work


def _read_test(options: argparse.Namespace) -> TestSet:
    """The test set; where a source has several references, blank ones are none."""
    from glassformer.text.pairs import read_parallel

    first, *others = options.reference
    pairs = list(read_parallel(Path(options.source), Path(first)))
    streams = [[pair.target for pair in pairs], *(_read_beside(path, options.source, len(pairs)) for path in others)]
    rows = [[text or None for text in row] if any(row) else row for row in zip(*streams, strict=True)]
    references = [list(stream) for stream in zip(*rows, strict=True)]
    return TestSet([pair.source for pair in pairs], [pair.place for pair in pairs], references)


def _rival(options: argparse.Namespace, test: TestSet) -> "Translator | System":
    """The other model, or the translations that a file has."""
    from glassformer.device import choose_device
    from glassformer.translator import Translator

    path = Path(options.against)
    if path.is_dir():
        return Translator.load(path, choose_device(options.device))
    return System(options.against, _read_beside(options.against, options.source, len(test.sources)))


def _read_beside(path: str, source: str, count: int) -> list[str]:
    """The lines of a file that belong to those of the source, of which there are `count`."""
    from glassformer.text.readers.lines import name_of, read_lines

    texts = [text.strip() for _, text in read_lines(path)]
    if len(texts) != count:
        raise InputError(
            f"{name_of(source)} has {count:,} lines but {name_of(path)} has {len(texts):,}; "
            "line n of one must belong to line n of the other: align them"
        )
    return texts


# The work


def _system(
    name: str, given: "Translator | System", test: TestSet, search: "SearchOptions", options: argparse.Namespace
) -> System:
    """What a model makes of the test set, where its translations are not given already; what went wrong is said."""
    if isinstance(given, System):
        return given
    results = given.translate(test.sources, search, places=test.places)
    which, count = f"{name}: " if options.against else "", len(results)
    errors = [result.error for result in results if result.error]
    if errors:
        say_error(f"{which}{len(errors):,} of {count:,} not translated, scored as empty; the first is {errors[0]}")
    if cut := sum(not (result.error or result.finished) for result in results):
        say_error(f"{which}{cut:,} of {count:,} cut off at the length limit; {how_to_lengthen(options)}")
    texts = ["" if result.error else one_line(result.text) for result in results]
    return System(name, texts, len(errors))


# What is printed


class Row(NamedTuple):
    """One metric: a value, and half of its 95 % confidence interval, for each system; how it was computed."""

    key: str
    name: str
    values: Sequence[float]
    signature: str
    margins: Sequence[float] = ()
    p_value: float | None = None

    def cell(self, number: int) -> str:
        """One system's value as the table has it."""
        margin = f" ± {self.margins[number]:.2f}" if self.margins else ""
        return f"{self.values[number]:6.2f}{margin}"


def _rows(systems: list[System], test: TestSet, tokenize: str, neural: list["Score"]) -> list[Row]:
    """The metrics of one system, or of two that are compared."""
    from glassformer.evaluation import compare_corpora, exact_match, score_corpus

    texts, right = [system.texts for system in systems], test.references
    if len(systems) == 1:
        scores = score_corpus(*texts, *right, tokenize=tokenize)
        rows = [Row(key, one.name, [one.value], one.signature) for key, one in scores.items()]
    else:
        found = compare_corpora(texts[0], texts[1], *right, tokenize=tokenize)
        rows = [Row(key, one.name, one.values, one.signature, one.margins, one.p_value) for key, one in found.items()]
    if neural:
        rows.append(Row("comet", neural[0].name, [score.value for score in neural], neural[0].signature))
    equal = f"of {len(test.sources):,} sentences equal {'a' if len(right) > 1 else 'their'} reference"
    return [*rows, Row("exact_match", "exact", [exact_match(one, *right) for one in texts], equal)]


def _print_table(rows: list[Row], systems: list[System]) -> None:
    if len(systems) == 1:
        for row in rows:
            print(f"{row.name:<8}{row.cell(0)}  {row.signature}")
        return
    widths = [max(len(system.name), 14) for system in systems]
    print(" " * 8 + "  ".join(f"{one.name:<{width}}" for one, width in zip(systems, widths, strict=True)).rstrip())
    for row in rows:
        cells = "  ".join(f"{row.cell(number):<{width}}" for number, width in enumerate(widths))
        p_value = "" if row.p_value is None else f"p {row.p_value:.3f}"
        print(f"{row.name:<8}{cells}  {p_value:<7}  {row.signature}")
    print("p: how likely chance alone gives such a lead; ±: half of the 95 % confidence interval; by paired bootstrap")


def _print_json(rows: list[Row], systems: list[System]) -> None:
    """The first system's scores, and under `against` those of the second."""
    first, *second = (_values(rows, number) | {"failed": system.failed} for number, system in enumerate(systems))
    for row in rows:
        if row.key != "exact_match":
            first[row.key] |= {"signature": row.signature} | ({} if row.p_value is None else {"p_value": row.p_value})
    against = {"against": {"name": systems[1].name, **second[0]}} if second else {}
    print(json.dumps(first | {"sentences": len(systems[0].texts)} | against, ensure_ascii=False))


def _values(rows: list[Row], number: int) -> dict[str, Any]:
    """The values of one system."""
    values: dict[str, Any] = {}
    for row in rows:
        value = round(row.values[number], 2)
        margin = {"margin": round(row.margins[number], 2)} if row.margins else {}
        values[row.key] = value if row.key == "exact_match" else {"score": value, **margin}
    return values
