"""Config files, and `key=value` of the command line, in YAML."""

from pathlib import Path
from typing import Any

import yaml

from glassformer.errors import InputError, UsageError
from glassformer.reading import MIB, read_regular

LARGEST = MIB  # bytes of a config file
DEEPEST = 20  # lists and mappings within each other
MOST_EVENTS = 20_000  # PyYAML's, about one for each value; it takes a tenth of a millisecond for each
LONGEST_NUMBER = 400  # characters; YAML 1.1 counts 1:59:59 to the base of 60, in a time that grows with the square

# What PyYAML raises: ValueError for a date that is none, OverflowError for a number, RecursionError for [[[[...,
# and for a tag whose value is none, as !!timestamp 16, !!bool x and !!int "": AttributeError, KeyError and IndexError.
NOT_YAML = (yaml.YAMLError, ValueError, OverflowError, RecursionError, AttributeError, LookupError)


def read_yaml(path: Path) -> dict[str, Any]:
    """A flat mapping from the YAML file `path`; InputError says what is wrong with it and where."""
    try:
        text = read_regular(path, LARGEST, named=True).decode()
        refuse_endless(text)
        _refuse_repeated(path, yaml.compose(text, yaml.SafeLoader))
        values = yaml.safe_load(text)
    except OSError as error:
        raise InputError(f"{path}: cannot read the config: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 (byte {error.start}); save the config as UTF-8") from error
    except NOT_YAML as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise InputError(f"{path}{line}: not valid YAML; mend the config") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise InputError(f"{path}: a config is `key: value` lines, not a {type(values).__name__}")
    return {str(key): value for key, value in values.items()}


def refuse_endless(text: str) -> None:
    """Raise ValueError where YAML nests deeper than any config, has more values, an alias, or a number of too many
    digits.

    The events are read without recursion.
    """
    depth = 0
    for count, event in enumerate(yaml.parse(text, yaml.SafeLoader)):
        if count > MOST_EVENTS:
            raise ValueError("has too many values")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise ValueError("nests too deep")
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("has an alias")
        if isinstance(event, yaml.ScalarEvent) and len(event.value) > LONGEST_NUMBER and _is_like_a_number(event):
            raise ValueError("a number has too many digits")


def _is_like_a_number(event: yaml.ScalarEvent) -> bool:
    if event.tag and event.tag.endswith((":int", ":float")):  # in quotation marks, too
        return True
    return event.style is None and event.value[0] in "+-.0123456789"


def _refuse_repeated(path: Path, node: yaml.Node | None) -> None:
    """Raise InputError for a key that a mapping has twice: YAML forbids it, PyYAML takes the last."""
    lines: dict[str, int] = {}
    for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
        name, line = str(key.value), key.start_mark.line + 1
        if name in lines:
            raise InputError(f"{path}:{line}: '{name}' is given twice, first in line {lines[name]}; keep one of them")
        lines[name] = line


def parse_assignment(text: str) -> tuple[str, Any]:
    """`key=value` of the command line; the value is read as YAML, so `true`, `3` and `[a, b]` work."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise UsageError(f"--set {text}: expected key=value")
    try:
        refuse_endless(value)
        return key.strip(), yaml.safe_load(value)
    except NOT_YAML as error:
        raise UsageError(f"--set {text}: the value is not valid YAML") from error
