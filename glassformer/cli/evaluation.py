"""`evaluate`: a test set translated, how good that is, and whether another system is better."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from glassformer.cli.commands import how_to_lengthen, load_translator, one_line, search_options
from glassformer.cli.streams import say_error
from glassformer.errors import InputError
from glassformer.text.printable import as_json

if TYPE_CHECKING:
    from glassformer.evaluation import Score
    from glassformer.evaluation.tokenizers import Stream
    from glassformer.search import SearchOptions
    from glassformer.text.pairs import Pair
    from glassformer.translator import Translator


class TestSet(NamedTuple):
    """Pairs of source and first reference, and streams of references: in each a text for every source, or None."""

    pairs: Sequence["Pair"]
    references: Sequence["Stream"]

    @property
    def sources(self) -> list[str]:
        """What is translated."""
        return [pair.source for pair in self.pairs]

    def part(self, rows: Sequence[int]) -> "TestSet":
        """Some rows of it."""
        return TestSet([self.pairs[row] for row in rows], [[one[row] for row in rows] for one in self.references])


class System(NamedTuple):
    """What the user called it, its translations, and how many of them failed and are empty."""

    name: str
    texts: list[str]
    failed: int = 0

    def part(self, rows: Sequence[int]) -> "System":
        """Its translations of some rows."""
        return self._replace(texts=[self.texts[row] for row in rows])


def evaluate(options: argparse.Namespace) -> int:
    """Score translations of a test set; those that failed count as empty, and make the exit status 1."""
    from glassformer.evaluation import check_tokenizer, choose_tokenizer
    from glassformer.evaluation.comet import Comet
    from glassformer.files import check_output, write_output
    from glassformer.text.directions import rows_of_each

    # First all that can be wrong, then the long work.
    check_tokenizer(options.tokenize)
    search, translator = search_options(options), load_translator(options)
    test = _read_test(options)
    rival = _rival(options, test) if options.against else None
    comet = Comet(Path(options.comet)) if options.comet else None
    if options.output:
        check_output(Path(options.output))
    each = rows_of_each(pair.direction for pair in test.pairs)
    parts = {name: test.part(rows) for name, rows in each.items()}
    chosen = {name: choose_tokenizer(options.tokenize, *part.references) for name, part in parts.items()}
    for note in filter(None, (note for _, note in chosen.values())):
        say_error(note)

    systems = [_system(options.model, translator, test, search, options)]
    if options.output:
        write_output(Path(options.output), "".join(f"{text}\n" for text in systems[0].texts).encode())
    if rival:
        systems.append(_system(options.against, rival, test, search, options))
    tables = {}
    for name, part in parts.items():
        own, on_gpu = [one.part(each[name]) for one in systems], translator.device.type == "cuda"
        neural = [comet.score(part.sources, one.texts, *part.references, cuda=on_gpu) for one in own] if comet else []
        tables[name] = _rows(own, part, chosen[name][0], neural)
    if len(tables) > 1:
        (_print_json_of_each if options.json else _print_tables)(tables, systems)
    else:
        ((_, rows),) = tables.items()
        (_print_json if options.json else _print_table)(rows, systems)
    return 1 if any(one.failed for one in systems) else 0


# Before the work


def _read_test(options: argparse.Namespace) -> TestSet:
    """The test set; where a source has several references, blank ones are none."""
    from glassformer.cli.test_pairs import read_test_pairs

    pairs, others = read_test_pairs(options), (options.reference or [])[1:]
    streams = [[pair.target for pair in pairs], *(_read_beside(path, options, len(pairs)) for path in others)]
    rows = [[text or None for text in row] if any(row) else row for row in zip(*streams, strict=True)]
    return TestSet(pairs, [list(stream) for stream in zip(*rows, strict=True)])


def _rival(options: argparse.Namespace, test: TestSet) -> "Translator | System":
    """The other model, or the translations that a file has."""
    from glassformer.device import choose_device
    from glassformer.translator import Translator

    path = Path(options.against)
    if path.is_dir():
        return Translator.load(path, choose_device(options.device))
    return System(options.against, _read_beside(options.against, options, len(test.pairs)))


def _read_beside(path: str, options: argparse.Namespace, count: int) -> list[str]:
    """The lines of a file that belong to those of the test set, of which there are `count`."""
    from glassformer.text.readers.lines import name_of, read_lines

    texts = [text.strip() for _, text in read_lines(path)]
    if len(texts) != count:
        of = ", ".join(map(name_of, options.pairs or [options.source]))
        raise InputError(
            f"{of} has {count:,} lines but {name_of(path)} has {len(texts):,}; "
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
    # A rival of one direction needs not be told which.
    to = [pair.direction for pair in test.pairs] if given.targets or name == options.model else None
    results = given.translate(test.sources, search, places=[pair.place for pair in test.pairs], to=to)
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
            print(f"{row.name:<8}{row.cell(0)}  {row.signature}".rstrip())
        return
    widths = [max(len(system.name), 14) for system in systems]
    print(" " * 8 + "  ".join(f"{one.name:<{width}}" for one, width in zip(systems, widths, strict=True)).rstrip())
    for row in rows:
        cells = "  ".join(f"{row.cell(number):<{width}}" for number, width in enumerate(widths))
        p_value = "" if row.p_value is None else f"p {row.p_value:.3f}"
        print(f"{row.name:<8}{cells}  {p_value:<7}  {row.signature}".rstrip())
    if any(row.margins for row in rows):
        print(
            "p: how likely chance alone gives such a lead; ±: half of the 95 % confidence interval; by paired bootstrap"
        )


def _print_tables(tables: dict[str, list[Row]], systems: list[System]) -> None:
    """A table for each direction, and the unweighted means over them."""
    for direction, rows in tables.items():
        print(direction)
        _print_table(rows, systems)
    print(f"mean of {len(tables)} directions")
    _print_table(_mean(tables), systems)


def _mean(tables: dict[str, list[Row]]) -> list[Row]:
    """The unweighted means over directions; of a comparison without its tests, which are of one direction each."""
    from statistics import fmean  # takes 4 ms to load, which every command would wait for

    return [
        Row(rows[0].key, rows[0].name, [fmean(one) for one in zip(*(row.values for row in rows), strict=True)], "")
        for rows in zip(*tables.values(), strict=True)
    ]


def _print_json_of_each(tables: dict[str, list[Row]], systems: list[System]) -> None:
    """Under `directions` what `_print_json` has of each, and the unweighted means."""
    means = [{row.key: round(row.values[number], 2) for row in _mean(tables)} for number in range(len(systems))]
    against = {"against": {"name": systems[1].name, "mean": means[1], "failed": systems[1].failed}} if means[1:] else {}
    each = {direction: _as_json(rows, systems) for direction, rows in tables.items()}
    counts = {"sentences": len(systems[0].texts), "failed": systems[0].failed}
    print(as_json({"mean": means[0], "directions": each, **counts} | against))


def _print_json(rows: list[Row], systems: list[System]) -> None:
    """The first system's scores, and under `against` those of the second."""
    first, *second = ({"failed": system.failed} for system in systems)
    scores = _as_json(rows, systems)
    against = {"against": scores.pop("against") | second[0]} if second else {}
    print(as_json(scores | first | {"sentences": len(systems[0].texts)} | against))


def _as_json(rows: list[Row], systems: list[System]) -> dict[str, Any]:
    first, *second = (_values(rows, number) for number in range(len(systems)))
    for row in rows:
        if row.key != "exact_match":
            first[row.key] |= {"signature": row.signature} | ({} if row.p_value is None else {"p_value": row.p_value})
    return first | ({"against": {"name": systems[1].name, **second[0]}} if second else {})


def _values(rows: list[Row], number: int) -> dict[str, Any]:
    """The values of one system."""
    values: dict[str, Any] = {}
    for row in rows:
        value = round(row.values[number], 2)
        margin = {"margin": round(row.margins[number], 2)} if row.margins else {}
        values[row.key] = value if row.key == "exact_match" else {"score": value, **margin}
    return values
