"""Which two of a row's columns, keys or languages are the source and the target. That is never guessed."""

import re
from collections.abc import Sequence

from glassformer.errors import InputError
from glassformer.text.printable import quote

Columns = Sequence[str | int]  # (source, target), each a name or a number from 1; or none, where the file says it
MOST = 20  # names in a message
SOURCE_NAMES, TARGET_NAMES = ("source", "src"), ("target", "tgt", "trg")


def find_names(names: Sequence[str], columns: Columns, place: str, what: str = "columns") -> tuple[int, int]:
    """The places of source and target among `names`: those of `columns`, or `source` and `target` (`src` and `tgt`).

    Names are compared without regard to case. Raises InputError, with the choices, if either is not among them or is
    there twice.
    """
    folded = [name.strip().casefold() for name in names]
    wanted: list[tuple[str, ...]] = [(str(name).casefold(),) for name in columns] or [SOURCE_NAMES, TARGET_NAMES]
    found = [[at for at, name in enumerate(folded) if name in aliases] for aliases in wanted]
    if all(len(places) == 1 for places in found):
        return found[0][0], found[1][0]
    choices = shown(names)
    if columns:
        missing = next(name for name, places in zip(columns, found, strict=True) if len(places) != 1)
        raise InputError(f"{place}: {what} {choices}; which of them is '{missing}'? Name two with --columns")
    first = " ".join(map(_shown, names[:2])) if len(names) == 2 else "SOURCE TARGET"
    raise InputError(f"{place}: {what} {choices}; say which is source and which is target, as in --columns {first}")


def numbers_of(columns: Columns) -> tuple[int, int] | None:
    """The two columns, counted from 0, if both were given by number; else None."""
    texts = [str(column) for column in columns]
    if len(texts) == 2 and all(re.fullmatch("[1-9][0-9]{0,5}", text) for text in texts):
        return int(texts[0]) - 1, int(texts[1]) - 1
    return None


def shown(names: Sequence[str]) -> str:
    """The first of the names in one line, those in quotes that are no plain words."""
    return ", ".join(map(_shown, names[:MOST])) + (", ..." if len(names) > MOST else "")


def _shown(name: str) -> str:
    short = name[:40]
    return short if short and not re.search(r"[^\w.-]", short) else quote(short)
