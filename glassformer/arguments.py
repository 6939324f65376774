"""What callers from Python hand over, checked once: whoever is told what is wrong need not read our code."""

import os
import types
from collections.abc import Hashable, Iterable, Sequence, Sized
from functools import cache
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from glassformer.errors import UsageError

SHOWN = 40  # characters of a wrong value that an error shows


def text_of(value: str, name: str) -> str:
    """The text; UsageError for anything else."""
    if not isinstance(value, str):
        raise UsageError(f"{name} is {shown(value)}: it must be a text")
    return value


def texts_of(values: Iterable[str], name: str) -> list[str]:
    """The texts, in order; UsageError for one text where several are meant, and for an item that is none."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise UsageError(f"{name} is {shown(values)}: it must be a list of texts, of one text too")
    texts = list(values)
    for number, text in enumerate(texts):
        text_of(text, f"{name}[{number}]")
    return texts


def refuse_unequal(count: int, of: str, **others: Sized | None) -> None:
    """Raise UsageError for a list that has not one item for each of the `count` things that are meant."""
    for name, values in others.items():
        if values is not None and len(values) != count:
            raise UsageError(f"{name} has {len(values):,}, but there are {count:,} {of}: give one for each")


def path_of(value: "str | Path", name: str) -> Path:
    """The path; UsageError for anything else."""
    if not isinstance(value, str | os.PathLike):
        raise UsageError(f"{name} is {shown(value)}: it must be a path")
    return Path(value)


def is_utf8(path: Path) -> bool:
    """Whether a path's bytes are text; Python has the others as halves of surrogate pairs."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def refuse_unknown_choice(value: Any, choices: Sequence[Any], name: str) -> None:
    """Raise UsageError unless the value is one of the choices."""
    if value not in choices:
        raise UsageError(f"{name} is {shown(value)}; set it to {', '.join(map(str, choices))}")


def refuse_wrong_types(settings: Any) -> None:
    """Raise UsageError for a field of a dataclass whose value is no number, text, or true or false as it should be."""
    of: Any = type(settings)
    for name, kinds in _kinds_of(of).items():
        value = getattr(settings, name)
        if not any(_is_a(value, kind) for kind in kinds):
            wanted = " or ".join(_NAMES[kind] for kind in kinds)
            raise UsageError(f"{name} is {shown(value)}: it must be {wanted}")


_NAMES: dict[Any, str] = {int: "a whole number", float: "a number", bool: "true or false", str: "a text",
                          type(None): "None"}  # fmt: skip


@cache
def _kinds_of(settings: Hashable) -> dict[str, tuple[Any, ...]]:
    """The simple types of each field that has no other."""
    hints = get_type_hints(settings)
    kinds = {
        name: get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
        for name, hint in hints.items()
    }
    return {name: each for name, each in kinds.items() if all(kind in _NAMES for kind in each)}


def _is_a(value: Any, kind: Any) -> bool:
    if kind in (int, float):  # NumPy's numbers too
        return isinstance(value, Integral if kind is int else Real) and not isinstance(value, bool)
    return isinstance(value, kind)


def shown(value: Any) -> str:
    """A value as errors show it: in one line, and not too long."""
    text = " ".join(repr(value).split())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
