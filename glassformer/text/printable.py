"""Characters that must not reach a terminal as they are: controls, which it obeys, and what no reader can see."""

import json
from typing import Any

QUOTED = 60  # characters of a text that a message quotes
JOINERS = "\u200c\u200d"  # unprintable to Python, but Hindi and Persian are written with them


def is_printable(character: str) -> bool:
    """Whether a character can be shown as it is."""
    return character.isprintable() or character in JOINERS


def escaped(text: str) -> str:
    r"""The text with each unprintable character as its escape, `\u202e` or `\U000e0001`: nothing is lost."""
    return "".join(c if is_printable(c) else _escape(ord(c)) for c in text)


def as_json(value: Any, indent: int | None = None) -> str:
    r"""The value in JSON, in which what is unprintable has JSON's escape, `\u009b`: whoever reads it loses nothing."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    if text.isprintable():
        return text
    return "".join(c if is_printable(c) or c == "\n" else json.dumps(c)[1:-1] for c in text)


def replaced(text: str) -> str:
    """The text with U+FFFD in place of each unprintable character."""
    return "".join(c if is_printable(c) else "\ufffd" for c in text)


def quote(text: str) -> str:
    """The text in quotation marks, shortened, with unprintable characters escaped."""
    cut = text if len(text) <= QUOTED else text[: QUOTED - 1] + "…"
    return f'"{escaped(cut)}"'


def _escape(code: int) -> str:
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
