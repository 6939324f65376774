"""What callers from Python hand over, checked once: whoever is told what is wrong need not read our code."""

import inspect
import os
import types
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import suppress
from functools import cache, wraps
from itertools import chain
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from glassformer.errors import UsageError

P = ParamSpec("P")
R = TypeVar("R")
SHOWN = 40  # characters of a wrong value that an error shows
LONGEST_NAME = 255  # bytes of a file's name, which Linux, macOS and Windows admit
MOST = 2**63  # above each whole number that is taken, as it is above those of torch and NumPy
MOST_ITEMS = 2**31  # of a range that is taken for a list
LONGEST = 10_000  # characters of a text, or bits of a number, that are looked at for that


def text_of(value: str, name: str) -> str:
    """The text; UsageError for anything else."""
    if not isinstance(value, str):
        raise UsageError(f"{name} is {shown(value)}: it must be a text")
    return str.__str__(value)


def texts_of(values: Iterable[str], name: str) -> list[str]:
    """The texts, in order; UsageError for one text where several are meant, and for an item that is none."""
    if not _is_list(values):
        raise UsageError(f"{name} is {shown(values)}: it must be a list of texts, of one text too")
    return [  # refused at the first
        text if type(text) is str else text_of(text, f"{name}[{number}]") for number, text in enumerate(values)
    ]


def refuse_unequal(count: int, of: str, **others: Sized | None) -> None:
    """Raise UsageError for a list that has not one item for each of the `count` things that are meant."""
    for name, values in others.items():
        if values is not None and len(values) != count:
            raise UsageError(f"{name} has {len(values):,}, but there are {count:,} {of}: give one for each")


def path_of(value: "str | Path", name: str) -> Path:
    """The path; UsageError for anything else, and for what no file's name can be."""
    if not _is_path(value):
        raise UsageError(f"{name} is {shown(value)}: it must be a path")
    value = str.__str__(value) if isinstance(value, str) else value
    try:
        parts = os.fsencode(value).split(os.fsencode(os.sep))
    except UnicodeEncodeError:
        parts = [b"\0"]
    if any(b"\0" in one or len(one) > LONGEST_NAME for one in parts):
        raise UsageError(
            f"{name} is {shown(os.fspath(value))}: no file has such a name; "
            f"give one whose parts have at most {LONGEST_NAME} bytes each, of whole characters without NUL"
        )
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
    if not is_choice(value, choices):
        raise UsageError(f"{name} is {shown(value)}; set it to {', '.join(map(str, choices))}")


def is_choice(value: Any, choices: Iterable[Any]) -> bool:
    """Whether a value is one of the choices; arrays, whose comparison has no truth, are none."""
    return any(isinstance(value, type(one) | np.generic) and value == one for one in choices)


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """The function, which raises UsageError for an argument that is not of the type it is annotated with.

    It gets numbers and texts `as_annotated`.
    """
    kinds = {name: parameter.kind for name, parameter in inspect.signature(function).parameters.items()}
    in_order = [name for name, kind in kinds.items() if kind in _BY_PLACE]
    named_too = {name for name, kind in kinds.items() if kind not in _VARIADIC}

    @wraps(function)
    def call(*args: P.args, **named: P.kwargs) -> R:
        hints = _hints(function)

        def taken(name: str, value: Any) -> Any:
            return _taken(value, hints[name], name) if name in hints and name in named_too else value

        in_place = [taken(name, value) for name, value in zip(in_order, args, strict=False)]
        more: Any = args[len(in_place) :]  # what is too much, Python refuses
        by_name: Any = {name: taken(name, value) for name, value in named.items()}
        return function(*in_place, *more, **by_name)

    return call


def _taken(value: Any, hint: Any, name: str) -> Any:
    """The value of an annotated type, UsageError for one of another."""
    refuse_wrong_type(value, hint, name)
    if type(value) in _NAMES:  # most are
        return value
    return as_annotated(value, next((one for one in _alternatives(hint) if _is_a(value, one)), hint))


def as_annotated(value: Any, kind: Any) -> Any:
    """A value that fits a type, as that type itself, so that files can hold it: of an enumeration its value.

    In tuples and mappings too; what is no number, text or choice stays as it is.
    """
    if kind in (int, float):
        return kind(value)
    if kind is str:
        return str.__str__(value)  # str() of an enumeration that is a string may be the member's name
    if get_origin(kind) is Literal:
        return next(choice for choice in get_args(kind) if is_choice(value, (choice,)))
    if get_origin(kind) is tuple:
        return tuple(as_annotated(item, get_args(kind)[0]) for item in value)
    if get_origin(kind) is dict:
        return {as_annotated(key, str): as_annotated(item, get_args(kind)[1]) for key, item in value.items()}
    return value


def take_fields(settings: Any) -> None:
    """Have numbers, texts and choices in the fields of a dataclass `as_annotated`; UsageError for a wrong value."""
    of: Any = type(settings)
    for name, hint in _hints(of).items():
        if all(kind in _NAMES or get_origin(kind) is Literal for kind in _alternatives(hint)):
            object.__setattr__(settings, name, _taken(getattr(settings, name), hint, name))  # the dataclass is frozen


def refuse_wrong_type(value: Any, hint: Any, name: str) -> None:
    """Raise UsageError for a value that is not of an annotated type; of a list, for the first wrong item."""
    if _is_a(value, hint):
        return
    alternatives = _alternatives(hint)
    for one in alternatives:
        if get_origin(one) in _LISTS and _is_list(value):
            (of_items,) = get_args(one)
            for number, item in enumerate(value):
                refuse_wrong_type(item, of_items, f"{name}[{number}]")
    if all(get_origin(one) is Literal or one is type(None) for one in alternatives):
        refuse_unknown_choice(value, [choice for one in alternatives for choice in get_args(one)], name)
    if isinstance(value, Integral) and not isinstance(value, bool) and abs(int(value)) >= MOST:
        raise UsageError(f"{name} is {shown(value)}: its size must be below 2**63")
    raise UsageError(f"{name} is {shown(value)}: it must be {' or '.join(map(_spelt, alternatives))}")


_NAMES: dict[Any, str] = {int: "a whole number", float: "a number", bool: "true or false", str: "a text",
                          type(None): "None"}  # fmt: skip
_BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_LISTS = (Sequence, Iterable, list)
_KINDS: dict[Any, str] = {int: "iu", float: "iuf"}  # of NumPy's types


@cache
def _hints(of: Hashable) -> dict[str, Any]:
    return get_type_hints(of)


def _alternatives(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def _is_a(value: Any, hint: Any) -> bool:
    """Whether a value has a type. What this cannot tell (a type variable) counts as it."""
    if type(value) is hint and hint is not int:  # most are; a whole number has bounds besides
        return True
    kind = get_origin(hint) or hint
    if kind in (Union, types.UnionType):
        return any(_is_a(value, one) for one in get_args(hint))
    if kind is Literal:
        return is_choice(value, get_args(hint))
    if kind in (int, float):  # NumPy's numbers too
        if isinstance(value, Integral):
            return not isinstance(value, bool) and abs(int(value)) < MOST
        return kind is float and isinstance(value, Real)
    if kind is Path:
        return _is_path(value)
    if kind in _LISTS:
        return (kind is Iterable or _has_places(value)) and _is_list(value, *get_args(hint))
    if kind is Mapping and isinstance(value, Mapping) and get_args(hint):
        _, of_values = get_args(hint)
        return all(_is_a(one, of_values) for one in value.values())
    if getattr(kind, "_is_protocol", False):
        return all(hasattr(value, name) for name in _members(kind))
    return not isinstance(kind, type) or kind in (object, Any) or isinstance(value, kind)


def _is_path(value: Any) -> bool:
    """Whether it is a text, or an object for a path that is one; pathlib takes none of bytes."""
    return isinstance(value.__fspath__() if isinstance(value, os.PathLike) else value, str)


@cache
def _members(protocol: type) -> list[str]:
    """What a value of a protocol must have. isinstance gathers it each time, which takes as long as a short search."""
    return [name for name in dir(protocol) if not name.startswith("_")]


def _is_list(values: Any, item: Any = object) -> bool:
    """Whether it can be read as a list of such items. One text is none; what can be read only once is not read."""
    if type(values) is list:  # most are
        return _are_all(values, item)
    if isinstance(values, str | bytes) or not isinstance(values, Iterable) or getattr(values, "ndim", 1) == 0:
        return False
    if not isinstance(values, Sized):
        return True
    if item not in (*_KINDS, object) and get_origin(item) not in _LISTS and hasattr(values, "ndim"):  # it has no truth
        return False
    if isinstance(values, range):
        return not values[MOST_ITEMS:] and _is_a(0, item)
    return _are_all(values, item)


def _are_all(values: Any, item: Any) -> bool:
    """Whether all items are of a type."""
    if item in _KINDS:  # there may be many: NumPy looks at all of them at once, and into lists however deep
        if not isinstance(values, np.ndarray):
            kinds = set(map(type, values))
            if kinds == {int} and min(values) >= -MOST and max(values) < MOST:  # NumPy takes ten times as long
                return True
            if any(map(_holds_others, kinds)):
                return False
        with suppress(Exception):  # of whatever is in it
            numbers = np.asarray(values)
            return numbers.ndim == 1 and (not numbers.size or numbers.dtype.kind in _KINDS[item])
        return False
    if item is str and set(map(type, values)) == {str}:
        return True
    of_lists = get_origin(item) in _LISTS and set(map(type, values)) == {list}
    if of_lists and _are_all(list(chain.from_iterable(values)), *get_args(item)):  # one look at the items of all
        return True
    return all(_is_a(one, item) for one in values)


def _has_places(value: Any) -> bool:
    if type(value) is list:
        return True
    return isinstance(value, Sized) and hasattr(value, "__getitem__") and not isinstance(value, Mapping)


def _holds_others(kind: type) -> bool:
    return hasattr(kind, "__len__") and not hasattr(kind, "ndim")  # an array without axes is a number


def _spelt(hint: Any) -> str:
    kind = get_origin(hint) or hint
    if kind is Literal:
        return " or ".join(map(repr, get_args(hint)))
    if kind in _LISTS:
        return f"a list of {', '.join(map(_plural, _alternatives(*get_args(hint) or (object,))))}"
    if kind is Mapping:
        return f"a dict of {_plural((*get_args(hint), object)[1])}"
    if kind is Path:
        return "a path"
    name = getattr(kind, "__name__", str(kind))
    return _NAMES.get(kind) or f"{'an' if name[0] in 'AEIO' else 'a'} {name}"


def _plural(hint: Any) -> str:
    return {int: "whole numbers", float: "numbers", str: "texts", object: "things"}.get(hint) or _spelt(hint)


def shown(value: Any) -> str:
    """A value as errors show it: in one line, and not too long. What is cut away is not made, however much it is."""
    made = ""
    for part in _parts_of_repr(value):
        made += part
        text = " ".join(made.split())
        if len(text) > SHOWN:
            return f"{text[:SHOWN]}..."
    return text


def _parts_of_repr(value: Any) -> Iterator[str]:
    """The text of `repr(value)`, piece by piece, with lists and mappings that may hold each other or themselves."""
    if isinstance(value, str | bytes):
        yield repr(value[:LONGEST])
    elif isinstance(value, int) and value.bit_length() > LONGEST:  # which Python refuses to write in decimal digits
        yield f"a {'negative ' if value < 0 else ''}number of {value.bit_length():,} bits"
    elif isinstance(value, dict):
        yield "{"
        for number, (key, inner) in enumerate(value.items()):
            yield ", " if number else ""
            yield from _parts_of_repr(key)
            yield ": "
            yield from _parts_of_repr(inner)
        yield "}"
    elif type(value) in (list, tuple):
        yield "[" if type(value) is list else "("
        for number, inner in enumerate(value):
            yield ", " if number else ""
            yield from _parts_of_repr(inner)
        yield "]" if type(value) is list else ",)" if len(value) == 1 else ")"
    else:
        try:
            yield repr(value)
        except Exception:  # of the code of whoever called us
            yield f"a {type(value).__name__}"
