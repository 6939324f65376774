"""Comma-separated values with quotes and a header (.csv), by Python's `csv` module."""

import csv
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO

from glassformer.errors import InputError
from glassformer.text.readers.columns import Columns, Row, find_names, numbers_of
from glassformer.text.readers.lines import LONGEST, lines_of, too_long, without_blank_end


def csv_rows(stream: BinaryIO, columns: Columns, name: str) -> Iterator[Row]:
    """(line, source, target) of each row, whose line is its first. Quoted fields may hold line ends.

    The first row names the columns: `source` and `target`, or those in `columns`. If `columns` has numbers, the first
    row is a pair. A semicolon separates if the first row has no comma. Fields have at most 131,072 characters, the
    `csv` module's limit.

    Raises InputError for a row with another number of fields than the first, and quotes that do not match.
    """
    rows = without_blank_end(_rows(lines_of(stream, name), name))
    chosen, width = numbers_of(columns), 0
    for line, row in rows:
        place = f"{name}:{line}"
        if not row:
            raise InputError(f"{place}: the line is blank; remove it")
        if chosen is None:
            chosen, width = find_names(row, columns, place), len(row)
            continue
        width = width or len(row)
        if len(row) != width or width <= max(chosen):
            expected = width if width > max(chosen) else f"at least {max(chosen) + 1}"
            raise InputError(f"{place}: {len(row)} fields, expected {expected}; quote a field that has commas")
        yield line, *(row[at] for at in chosen)


def _rows(lines: Iterable[tuple[int, str]], name: str) -> Iterator[tuple[int, list[str]]]:
    line, length = 1, 0  # of the row that is read: where it begins, its characters so far

    def texts() -> Iterator[str]:
        nonlocal length
        for _, text in lines:
            length += len(text) + 1
            if length > LONGEST:  # quotes may join any number of lines
                raise InputError(f"{name}:{line}: {too_long('the row that begins here')}")
            yield f"{text}\n"

    rest = texts()
    first = next(rest, "")
    delimiter = ";" if ";" in first and "," not in first else ","
    reader = csv.reader(chain([first] if first else [], rest), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            yield line, row
            line, length = reader.line_num + 1, 0
    except csv.Error as error:
        raise InputError(f"{name}:{line}: not CSV ({error}); mend the quotes of the row that begins here") from None
