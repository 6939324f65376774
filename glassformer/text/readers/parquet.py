"""Parquet, read by pyarrow: the extra `parquet`."""

from collections.abc import Iterator
from typing import Any, BinaryIO

from glassformer.errors import InputError
from glassformer.text.readers.columns import Columns, Row, find_names, numbers_of
from glassformer.text.readers.json import checked_text, sides_of

ROWS = 64  # decoded at a time: each cell may be a megabyte that the file has only once


def parquet_rows(stream: BinaryIO, columns: Columns, name: str) -> Iterator[Row]:
    """(row, source, target) of each row, of two columns or of the languages in a column `translation`.

    Raises InputError without pyarrow, for a file that is not Parquet, and for a value that is not a text.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise InputError(
            f"{name}: reading Parquet needs pyarrow; install it: pip install 'glassformer[parquet]'"
        ) from None
    try:
        with pyarrow.parquet.ParquetFile(stream) as file:
            yield from _rows(file, columns, name)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno:  # the disk's trouble, not the file's
            raise
        why = " ".join(str(error).split())[:200]
        raise InputError(f"{name} is not a whole Parquet file ({why}); copy or write it again") from None


def _rows(file: Any, columns: Columns, name: str) -> Iterator[Row]:
    names, number = file.schema_arrow.names, 0
    nested = "translation" in names and not (columns and all(str(column) in names for column in columns[:2]))
    chosen = (0, 1) if nested else numbers_of(columns) or find_names(names, columns, name)
    if max(chosen) >= len(names) and not nested:
        raise InputError(f"{name}: {len(names)} columns, expected at least {max(chosen) + 1}; choose others")
    # A direction's column that is not there is for `sides_of` to say.
    wanted = ["translation", *(each for each in map(str, columns[2:]) if each in names)]
    wanted = wanted if nested else [names[at] for at in chosen]
    for batch in file.iter_batches(batch_size=ROWS, columns=wanted):
        for record in batch.to_pylist():
            number += 1
            place = f"{name}:{number}"
            if nested:
                yield number, *sides_of(record, columns, place)
            else:
                yield number, *(checked_text(record[key], key, place) for key in wanted)
