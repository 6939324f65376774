"""Directions of translation: the language a pair is from and the one it is to, and how a model is told the latter.

One token before the source names the target, such as `<2hi>` (Johnson et al. 2017, section 3). It is a control symbol
of the tokenizer, so no text is ever encoded as it.
"""

import re
from collections.abc import Iterable

_DIRECTION = re.compile("(?:(?P<source>{0})-)?(?P<target>{0})".format("[A-Za-z][A-Za-z0-9_]*"))
_SYMBOL = re.compile("<2([A-Za-z][A-Za-z0-9_]*)>")
EXPECTED = "it must be SOURCE-TARGET or TARGET, as en-hi or hi, and a code's own hyphen written _, as pt_BR"


def is_direction(text: str) -> bool:
    """Whether the text is a direction: `hi`, a target, or `en-hi`, source and target."""
    return _DIRECTION.fullmatch(text) is not None


def target_of(direction: str) -> str:
    """The target of a direction: `hi` of both `en-hi` and `hi`; none of none."""
    return direction.rpartition("-")[2]


def source_of(direction: str) -> str:
    """The source of a direction: `en` of `en-hi`; none where it names the target alone."""
    return direction.rpartition("-")[0]


def symbol_of(target: str) -> str:
    """The piece that names a target: `<2hi>`."""
    return f"<2{target}>"


def target_of_symbol(piece: str) -> str | None:
    """The target that a piece names, if it is such a symbol."""
    found = _SYMBOL.fullmatch(piece)
    return found[1] if found else None


def rows_of_each(directions: Iterable[str]) -> dict[str, list[int]]:
    """The rows of each direction, by name."""
    rows: dict[str, list[int]] = {}
    for row, direction in enumerate(directions):
        rows.setdefault(direction, []).append(row)
    return dict(sorted(rows.items()))
