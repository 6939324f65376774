"""The files of pairs that the settings name, each with its columns and its direction."""

from collections.abc import Sequence
from typing import NamedTuple

from glassformer.errors import UsageError
from glassformer.text.directions import EXPECTED, is_direction
from glassformer.text.pairs import Columns


class PairFile(NamedTuple):
    """A file of pairs, and how it is read; its direction is empty where all go one way, or a third column has it."""

    path: str
    columns: Columns
    direction: str

    @property
    def name(self) -> str:
        """Its path, and its direction if it has one."""
        return " ".join(filter(None, (self.path, self.direction)))


def pair_files(paths: Sequence[str], columns: Columns, directions: Sequence[str], kind: str = "") -> list[PairFile]:
    """The files `paths`, by the settings `columns` and `directions`, whose names begin with `kind`.

    Raises UsageError where these do not fit the files, or each other.
    """
    each_columns = _columns_of_each(columns, len(paths), kind)
    each_direction = directions_of_each(directions, len(paths), kind)
    if directions and any(len(one) == 3 for one in each_columns):
        raise UsageError(f"{kind}directions and a third of {kind}columns both give the direction; leave one out")
    return list(map(PairFile, paths, each_columns, each_direction))


def directions_of_each(directions: Sequence[str], texts: int, kind: str = "") -> list[str]:
    """The direction of each text: its own, or the only one there is. Raises UsageError for others than so many."""
    for direction in directions:
        if not is_direction(direction):
            raise UsageError(f"{kind}directions: '{direction}' is no direction; {EXPECTED}")
    if len(directions) not in (0, 1, texts):
        files = f"{texts} files of {kind}pairs" if texts > 1 else "one text"
        raise UsageError(f"{kind}directions are {len(directions)} for {files}; give one each, or one for all")
    return list(directions) if len(directions) == texts else [*directions, ""][:1] * texts


def _columns_of_each(columns: Columns, files: int, kind: str) -> list[Columns]:
    width = len(columns) if len(columns) in (0, 2, 3) else len(columns) // max(files, 1)
    parts: list[Columns] = [columns[at : at + width] for at in range(0, len(columns), width)] if width else [()]
    differ = all(len(set(map(str, part))) == width for part in parts)
    if width not in (0, 2, 3) or len(parts) not in (1, files) or not differ:
        raise UsageError(
            f"{kind}columns = {list(columns)} must be two that differ: source, target; a third has the direction; "
            f"several files of {kind}pairs may have so many each"
        )
    return parts if len(parts) == files else parts * files
