"""Parquet, read by pyarrow: the extra `parquet`."""

import os
from collections.abc import Iterator
from typing import Any, BinaryIO

from glassformer.errors import InputError, importing, is_out_of_memory
from glassformer.text.readers.columns import Columns, Row, find_names, numbers_of
from glassformer.text.readers.json import checked_text, sides_of
from glassformer.text.readers.lines import LONGEST, too_long
from glassformer.text.readers.parquet_pages import pages_of

ROWS = 64  # decoded at a time: each cell may be a megabyte that the file has only once
LARGEST = 2 * ROWS * LONGEST  # bytes of so many rows
PACKED = 200  # times that a page, or all text, may be packed; text is at most ten


def parquet_rows(stream: BinaryIO, columns: Columns, name: str) -> Iterator[Row]:
    """(row, source, target) of each row, of two columns or of the languages in a column `translation`.

    Raises InputError without pyarrow, for a file that is not Parquet, and for a value that is not a text.
    """
    needed = f"{name}: reading Parquet needs pyarrow; install it: pip install 'glassformer[parquet]'"
    with importing(lambda _: InputError(needed)):
        import pyarrow
        import pyarrow.parquet
    try:
        with pyarrow.parquet.ParquetFile(stream) as file:
            yield from _rows(file, stream, columns, name)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        if is_out_of_memory(error) or (isinstance(error, OSError) and error.errno):  # not the file's trouble
            raise
        why = " ".join(str(error).split())[:200]
        raise InputError(f"{name} is not a whole Parquet file ({why}); copy or write it again") from None


def _rows(file: Any, stream: BinaryIO, columns: Columns, name: str) -> Iterator[Row]:
    names, number = file.schema_arrow.names, 0
    nested = "translation" in names and not (columns and all(str(column) in names for column in columns[:2]))
    chosen = (0, 1) if nested else numbers_of(columns) or find_names(names, columns, name)
    if max(chosen) >= len(names) and not nested:
        raise InputError(f"{name}: {len(names)} columns, expected at least {max(chosen) + 1}; choose others")
    # A direction's column that is not there is for `sides_of` to say.
    wanted = ["translation", *(each for each in map(str, columns[2:]) if each in names)]
    wanted = wanted if nested else [names[at] for at in chosen]
    _refuse_bomb(stream, wanted, name)
    left = max(LARGEST, PACKED * stream.seek(0, os.SEEK_END))
    for batch in file.iter_batches(batch_size=ROWS, columns=wanted, use_threads=False):
        if batch.nbytes > LARGEST:
            raise InputError(f"{name}:{number + 1}: {too_long('a text of this row or the next ones')}")
        left -= batch.nbytes
        if left < 0:
            raise InputError(f"{name}:{number + 1}: the same again and again: {PACKED} times what the file has")
        for record in batch.to_pylist():
            number += 1
            place = f"{name}:{number}"
            if nested:
                yield number, *sides_of(record, columns, place)
            else:
                yield number, *(checked_text(record[key], key, place) for key in wanted)


def _refuse_bomb(stream: BinaryIO, wanted: list[str], name: str) -> None:
    """InputError for a page of much that is packed into little: a page, which may be one text, is unpacked whole."""
    for page in pages_of(stream):
        if page.column.split(".")[0] in wanted and page.unpacked > max(LARGEST, PACKED * page.packed):
            raise InputError(
                f"{name}: a page of column '{page.column[:40]}' unpacks to {page.unpacked:,} bytes, more than {PACKED} "
                "times what it takes; is it text? Write the file again"
            )
