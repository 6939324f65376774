"""Frozen dataclasses from mappings of names to values; an unknown key is refused by name."""

import dataclasses
import math
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from glassformer.arguments import as_annotated, is_choice, shown
from glassformer.errors import UsageError, nearest
from glassformer.reading import LONGEST_NUMBER

T = TypeVar("T")


def keys_of(*settings: type) -> set[str]:
    """Names of all fields of the dataclasses `settings`."""
    return {field.name for cls in settings for field in dataclasses.fields(cls)}


def refuse_unknown(values: Iterable[str], known: set[str], where: str) -> None:
    """Raise UsageError for the first key that is not known, with the nearest name."""
    for key in values:
        if key not in known:
            raise UsageError(f"{where}: unknown config key '{key}'; {nearest(key, known)}")


def build(cls: type[T], values: Mapping[str, Any], where: str) -> T:
    """Make a `cls` from those of `values` that it has, each checked against its annotation.

    Raises UsageError for a value of the wrong type or none where there must be one, and whatever
    `cls` itself refuses.
    """
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        if field.default is field.default_factory is dataclasses.MISSING and field.name not in values:
            raise UsageError(f"{where}: {field.name} is missing")
    hints = typing.get_type_hints(cls)
    mine = keys_of(cls)
    return cls(**{k: _checked(v, hints[k], f"{where}: {k}") for k, v in values.items() if k in mine})


def _checked(value: Any, hint: Any, where: str) -> Any:
    options = _options(hint)
    for option in options:
        if _fits(value, option):
            return as_annotated(value, option)
    if isinstance(value, int) and value.bit_length() > LONGEST_NUMBER:
        raise UsageError(f"{where} = {shown(value)} is too large")
    close = ""
    if isinstance(value, str):
        names = [c for o in options if typing.get_origin(o) is typing.Literal for c in typing.get_args(o)]
        close = f"; {nearest(value, names)}" if names else ""
    raise UsageError(f"{where} = {shown(value)} should be {accepted(hint)}{close}")


def accepted(hint: Any) -> str:
    """Which values fit an annotation, in words: `a whole number or null`."""
    return " or ".join(map(_described, _options(hint)))


def _options(hint: Any) -> tuple[Any, ...]:
    return typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)


def _fits(value: Any, hint: Any) -> bool:
    if hint is type(None):
        return value is None
    if typing.get_origin(hint) is typing.Literal:
        return is_choice(value, typing.get_args(hint))
    if typing.get_origin(hint) is tuple:
        item = typing.get_args(hint)[0]
        return isinstance(value, list | tuple) and all(_fits(v, item) for v in value)
    if typing.get_origin(hint) is dict:
        inner = typing.get_args(hint)[1]
        return isinstance(value, dict) and all(isinstance(k, str) and _fits(v, inner) for k, v in value.items())
    if hint is float:
        return not isinstance(value, bool) and _is_number(value)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= LONGEST_NUMBER
    return isinstance(value, hint)


def _is_number(value: Any) -> bool:
    # Text too: YAML 1.1 reads 5e-4 (no point) as text.
    try:
        return isinstance(value, int | float | str) and math.isfinite(float(value))
    except (ValueError, OverflowError):
        return False


def _described(hint: Any) -> str:
    if hint is type(None):
        return "null"
    if typing.get_origin(hint) is typing.Literal:
        return "one of " + ", ".join(map(str, typing.get_args(hint)))
    if typing.get_origin(hint) is tuple:
        return f"a list of {accepted(typing.get_args(hint)[0])}"
    if typing.get_origin(hint) is dict:
        return f"a mapping of names to {accepted(typing.get_args(hint)[1])}"
    return {int: "a whole number", float: "a number", bool: "true or false", str: "text"}.get(hint, str(hint))
