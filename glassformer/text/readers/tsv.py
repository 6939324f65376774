"""Rows of columns with a tab between them (.tsv), without quoting."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

from glassformer.errors import InputError
from glassformer.text.readers.columns import Columns, Row, find_names, numbers_of
from glassformer.text.readers.lines import lines_of, without_blank_end

# A column that is no sentence: a number, a date, an address, a licence.
NO_SENTENCE = re.compile(r"[\d\W_]*|https?://\S+|.*(CC[- ]BY|\(CC|Attribution|tatoeba\.org).*", re.DOTALL)


def tsv_rows(stream: BinaryIO, columns: Columns, name: str) -> Iterator[Row]:
    """(line, source, target) of each line: its two columns, or those that `columns` gives by number or by name.

    Names stand in the first line, which is then no pair. Raises InputError for a line without these columns; without
    `columns` there must be exactly two.
    """
    lines = without_blank_end(lines_of(stream, name))
    chosen, width = numbers_of(columns) or (0, 1), 0 if columns else 2
    if columns and not numbers_of(columns):
        for number, text in islice(lines, 1):
            names = text.split("\t")
            chosen, width = find_names(names, columns, f"{name}:{number}"), len(names)
    for number, text in lines:
        fields = text.split("\t")
        if len(fields) <= max(chosen) or (width and len(fields) != width):
            raise InputError(f"{name}:{number}: {_wrong(text, fields, width, max(chosen) + 1, number == 1)}")
        yield number, *(fields[at] for at in chosen)


def _wrong(text: str, fields: list[str], width: int, least: int, first: bool) -> str:
    if not text.strip():
        return "the line is blank; remove it (a line is source, tab, target)"
    found = f"{len(fields)} column{'s' if len(fields) > 1 else ''}"
    if width != 2:
        return f"{found}, expected {width or f'at least {least}'}; mend the line's tabs"
    found += ", expected 2 (source, tab, target)"
    if len(fields) == 1:
        if spaces := re.search(r"\S( {2,})\S", text):
            return f"{found}; it has {len(spaces[1])} spaces where a tab should be: put a tab in their place"
        return f"{found}; put a tab between them, or use --source and --target for two files"
    if not first:
        return f"{found}; remove the surplus tab{'s' if len(fields) > 3 else ''}"
    return f"{found}; {_which(fields)}"


def _which(fields: list[str]) -> str:
    """How to choose two columns, in words: those two that alone look like sentences are named."""
    sentences = [number for number, field in enumerate(fields, start=1) if not NO_SENTENCE.fullmatch(field)]
    if len(sentences) == 2:
        one, other = sentences
        return f"the sentences seem to be in {one} and {other}: --columns {one} {other}, or cut -f {one},{other}"
    return "choose two by number: --columns SOURCE TARGET, or cut -f SOURCE,TARGET"
