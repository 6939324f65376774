"""Which of a row's columns, keys or languages are the source and the target. That is never guessed."""

import re
from collections.abc import Sequence

from glassformer.errors import InputError
from glassformer.text.printable import quote

# (source, target) or (source, target, direction), each a name or a number from 1; or none, where the file says it
Columns = Sequence[str | int]
Row = tuple[int, *tuple[str, ...]]  # the line, and the text of each of these columns
MOST = 20  # names in a message
SOURCE_NAMES, TARGET_NAMES = ("source", "src"), ("target", "tgt", "trg")


def find_names(names: Sequence[str], columns: Columns, place: str, what: str = "columns") -> tuple[int, ...]:
    """The places among `names` of those in `columns`; without any, of `source` and `target` (`src` and `tgt`).

    Names are compared without regard to case. Raises InputError, with the choices, if either is not among them or is
    there twice.
    """
    folded = [name.strip().casefold() for name in names]
    wanted: list[tuple[str, ...]] = [(str(name).casefold(),) for name in columns] or [SOURCE_NAMES, TARGET_NAMES]
    found = [[at for at, name in enumerate(folded) if name in aliases] for aliases in wanted]
    if all(len(places) == 1 for places in found):
        return tuple(place for places in found for place in places)
    choices = shown(names)
    numbers = "; where this is no header but a pair, by number: --columns 1 2" if any(map(_is_text, names)) else ""
    if columns:
        missing = next(name for name, places in zip(columns, found, strict=True) if len(places) != 1)
        raise InputError(
            f"{place}: {what} {choices}; which of them is '{missing}'? Name two with --columns, of a file to "
            f"validate on with --valid-columns{numbers}"
        )
    first = " ".join(map(_shown, names[:2])) if len(names) == 2 else "SOURCE TARGET"
    raise InputError(
        f"{place}: {what} {choices}; say which is source and which is target, as in --columns {first}{numbers}"
    )


def numbers_of(columns: Columns) -> tuple[int, ...] | None:
    """The columns, counted from 0, if all were given by number; else None."""
    texts = [str(column) for column in columns]
    if texts and all(re.fullmatch("[1-9][0-9]{0,5}", text) for text in texts):
        return tuple(int(text) - 1 for text in texts)
    return None


def shown(names: Sequence[str]) -> str:
    """The first of the names in one line, those in quotes that are no plain words."""
    return ", ".join(map(_shown, names[:MOST])) + (", ..." if len(names) > MOST else "")


def _is_text(name: str) -> bool:
    """Whether it looks like a sentence rather than a column's name."""
    return len(name.split()) > 2 or name.strip()[-1:] in {*".!?।。"}


def _shown(name: str) -> str:
    short = name[:40]
    return short if short and not re.search(r"[^\w.-]", short) else quote(short)
