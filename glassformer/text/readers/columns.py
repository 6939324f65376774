"""Which two of a row's columns, keys or languages are the source and the target. That is never guessed."""

from collections.abc import Sequence

from glassformer.errors import InputError

Columns = Sequence[str | int]  # (source, target), each a name or a number from 1; or none, where the file says it
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
    choices = ", ".join(map(_shown, names[:20])) + (", ..." if len(names) > 20 else "")
    if columns:
        missing = next(name for name, places in zip(columns, found, strict=True) if len(places) != 1)
        raise InputError(f"{place}: {what} {choices}; which of them is '{missing}'? Name two with --columns")
    first = " ".join(map(_shown, names[:2])) if len(names) == 2 else "SOURCE TARGET"
    raise InputError(f"{place}: {what} {choices}; say which is source and which is target, as in --columns {first}")


def numbers_of(columns: Columns) -> tuple[int, int] | None:
    """The two columns, counted from 0, if both were given by number; else None."""
    texts = [str(column) for column in columns]
    if len(texts) == 2 and all(text.isascii() and text.isdigit() and int(text) > 0 for text in texts):
        return int(texts[0]) - 1, int(texts[1]) - 1
    return None


def _shown(name: str) -> str:
    return f'"{name[:40]}"' if not name or set(name) & set(" \t,;\"'") else name[:40]
