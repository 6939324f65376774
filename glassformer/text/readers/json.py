"""JSON: an object in each line (.jsonl), or one array of objects (.json)."""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from glassformer.errors import InputError
from glassformer.reading import RepeatedKeyError, unique_keys
from glassformer.text.readers.columns import Columns, Row, find_names
from glassformer.text.readers.lines import LONGEST, lines_of, refuse_nul, too_long, without_blank_end

SHAPE = '{"source": "...", "target": "..."}'
CHUNK = 1 << 16  # bytes read at a time
DECODER = json.JSONDecoder(object_pairs_hook=unique_keys)
SPACE = re.compile(r"[ \t\r\n]*")


def jsonl_rows(stream: BinaryIO, columns: Columns, name: str) -> Iterator[Row]:
    """(line, source, target) of each line, an object as `sides_of` understands it.

    Raises InputError for a line that is none.
    """
    for number, text in without_blank_end(lines_of(stream, name)):
        place = f"{name}:{number}"
        if not text.strip():
            raise InputError(f"{place}: the line is blank; remove it (each line must be {SHAPE})")
        try:
            record = DECODER.decode(text)
        except json.JSONDecodeError as error:
            raise InputError(_no_json(place, error.msg, error.pos)) from None
        except RepeatedKeyError as error:
            raise InputError(f"{place}: {error}; keep one of them") from None
        except (ValueError, RecursionError):  # a number of many thousand digits, a deep nesting
            raise InputError(f"{place}: JSON too large or too deep; each line must be {SHAPE}") from None
        yield number, *sides_of(record, columns, place)


def array_rows(stream: BinaryIO, columns: Columns, name: str) -> Iterator[Row]:
    """(line, source, target) of each object of one JSON array; its line is that where it begins.

    The array is never held whole: an object may have LONGEST characters. Raises InputError for what is no such array.
    """
    text = _Window(stream, name)
    text.take("[")
    while text.next() != "]":
        line = text.line
        yield line, *sides_of(text.value(), columns, text.place)
        if text.next() != "]":
            text.take(",")
            if text.next() == "]":
                raise InputError(_no_json(text.place, "a comma before the array's end"))
    text.take("]")
    if text.next():
        raise InputError(_no_json(text.place, "more text after the array's end"))


def sides_of(record: object, columns: Columns, place: str) -> list[str]:
    """The source and target of an object: of its two keys, or of the languages in its "translation".

    A third of `columns` is a key of the object itself.

    Raises InputError if it is no object, lacks a key, or has a value that is not a text.
    """
    if not isinstance(record, dict):
        raise InputError(f"{place}: JSON, but not an object; it must be {SHAPE}")
    keys, sides = list(map(str, columns)), []
    if isinstance(record.get("translation"), dict) and not columns_are_keys(record, columns):
        inner, within = record["translation"], "translations in"
        names = [list(inner)[at] for at in find_names(list(inner), columns[:2], place, within)]
        keys, sides = keys[2:], [checked_text(inner[name], name, place) for name in names]
    elif not keys:
        keys = _usual_keys(record)
    for key in keys:
        if key not in record:
            raise InputError(f'{place}: no key "{key}"; it needs "source" and "target", or two named with --columns')
    return sides + [checked_text(record[key], key, place) for key in keys]


def columns_are_keys(record: dict[str, Any], columns: Columns) -> bool:
    """Whether the source's and the target's column are given and are keys of the object itself."""
    return bool(columns) and all(str(column) in record for column in columns[:2])


def _usual_keys(record: dict[str, Any]) -> list[str]:
    if "source" not in record and "target" not in record and "src" in record:
        return ["src", "trg" if "trg" in record else "tgt"]
    return ["source", "target"]


def checked_text(value: object, key: str, place: str) -> str:
    """The value, if it is a text that can be stored. Raises InputError if not."""
    if not isinstance(value, str):
        raise InputError(f'{place}: "{key}" is not a string; put its text in quotation marks')
    if len(value) > LONGEST:
        raise InputError(f"{place}: {too_long('its text')}")
    refuse_nul(value, f'{place}, "{key}"')
    try:
        value.encode()
    except UnicodeEncodeError as error:
        code = ord(value[error.start])
        raise InputError(
            f'{place}: "{key}" holds half a surrogate pair (\\u{code:04x}); write the whole character'
        ) from None
    return value


def _no_json(place: str, why: str, at: int | None = None) -> str:
    where = "" if at is None else f" at character {at + 1}"
    return f"{place}: not JSON ({why}{where}); it must be {SHAPE}, one a line, or an array of them"


class _Window:
    """A part of a long JSON text that moves on, with the line in which it begins."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream, self._name = stream, name
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text, self._at, self._ended = "", 0, False
        self.line = 1

    @property
    def place(self) -> str:
        """Where the window stands."""
        return f"{self._name}:{self.line}"

    def next(self) -> str:
        """The next character that is no space, which stays; "" at the end. InputError for too much space."""
        length = 0
        while True:
            begin = self._at
            self._move(SPACE.match(self._text, begin).end())  # type: ignore[union-attr]  # it matches everywhere
            length += self._at - begin
            if length > LONGEST:
                raise InputError(f"{self.place}: {too_long('the space before the next value')}")
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def take(self, character: str) -> None:
        """Go past the next character, which must be this one."""
        if self.next() != character:
            raise InputError(_no_json(self.place, f"expected {character}"))
        self._move(self._at + 1)

    def value(self) -> object:
        """Go past the next value, and return it."""
        self.next()
        while True:
            try:
                value, end = DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if len(self._text) - self._at > LONGEST:
                    raise InputError(f"{self.place}: {too_long('the object')}") from None
                if not self._more():
                    raise InputError(_no_json(self.place, error.msg)) from None
            except RepeatedKeyError as error:
                raise InputError(f"{self.place}: {error}; keep one of them") from None
            except (ValueError, RecursionError):
                raise InputError(f"{self.place}: JSON too large or too deep; it must be {SHAPE}") from None
            else:
                self._move(end)
                return value

    def _move(self, to: int) -> None:
        self.line += self._text.count("\n", self._at, to)
        self._at = to

    def _more(self) -> bool:
        """Whether there was more to read."""
        if self._ended:
            return False
        raw = self._stream.read(CHUNK)
        self._ended = not raw
        try:
            self._text, self._at = self._text[self._at :] + self._decoder.decode(raw, final=self._ended), 0
        except UnicodeDecodeError as error:
            raise InputError(
                f"{self.place}: byte 0x{error.object[error.start]:02x} after it is not UTF-8; convert the file to UTF-8"
            ) from None
        return True
