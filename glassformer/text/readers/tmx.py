"""TMX, the XML in which translation memories are exchanged (TMX 1.4b), read by expat as a stream.

No tree is built and no entity of the file's own is expanded, so memory is bounded whatever the file holds.
"""

from collections.abc import Iterator
from itertools import product
from typing import BinaryIO
from xml.parsers import expat

from glassformer.errors import InputError
from glassformer.text.readers.columns import Columns, Row, shown
from glassformer.text.readers.lines import LONGEST, refuse_nul, too_long

CHUNK = 1 << 14  # bytes parsed at a time
# The codes of a format stand in these, and are no text; <hi> and what <sub> has are (TMX 1.4b, content markup).
CODES = {"bpt", "ept", "it", "ph", "ut"}
DEEPEST = 1000  # elements within each other, each of which expat remembers
VARIANTS = 100  # pairs of one unit, at most


def tmx_rows(stream: BinaryIO, columns: Columns, name: str) -> Iterator[Row]:
    """(line, source, target) of each translation unit, in the two languages of `columns`.

    `en` is any English (`en-GB`), `en-GB` that alone. A unit with two variants of a side gives a pair for each; one
    that lacks a side gives it empty. White space with a line end in it becomes one space.

    Raises InputError, with the languages there are, if `columns` is empty; for broken XML, entities of the file's own,
    and a unit longer than LONGEST bytes; for a third column.
    """
    if len(columns) > 2:
        raise InputError(f"{name}: TMX has no column of directions, but columns names a third; use directions")
    units: list[tuple[int, list[tuple[str, str]]]] = []
    parser = _Parser(units, name)
    while True:
        raw = stream.read(CHUNK)
        parser.feed(raw)
        for line, variants in units:
            yield from _pairs(line, variants, columns, f"{name}:{line}")
        units.clear()
        if not raw:
            return


def _pairs(line: int, variants: list[tuple[str, str]], columns: Columns, place: str) -> Iterator[Row]:
    if not columns:
        languages = list(dict.fromkeys(language for language, _ in variants))
        example = " ".join(language[:40] for language in languages) if len(languages) == 2 else "SOURCE TARGET"
        raise InputError(
            f"{place}: sentences in {shown(languages) or 'no language'}; say which is source and which is target, "
            f"as in --columns {example}"
        )
    sides = [[text for language, text in variants if _is(language, str(column))] or [""] for column in columns]
    if len(sides[0]) * len(sides[1]) > VARIANTS:
        raise InputError(f"{place}: {len(sides[0])} by {len(sides[1])} variants in one unit; keep the best of them")
    for source, target in product(*sides):
        yield line, source, target


def _is(language: str, wanted: str) -> bool:
    language, wanted = (code.casefold().replace("_", "-") for code in (language, wanted))
    return language == wanted or language.startswith(f"{wanted}-")


class _Parser:
    """Feeds expat, and gathers the units that it has passed."""

    def __init__(self, units: list[tuple[int, list[tuple[str, str]]]], name: str) -> None:
        self._units, self._name, self._fed = units, name, 0
        self._begun, self._line = 0, 0  # of the unit that is open: its byte, its line
        self._variants: list[tuple[str, str]] = []
        self._language, self._text, self._codes, self._in_seg = "", [""], 0, False
        self._root, self._depth = "", 0
        self._expat = expat.ParserCreate()
        self._expat.buffer_text = True
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._characters
        self._expat.EntityDeclHandler = self._entity
        self._expat.SkippedEntityHandler = self._unknown

    def feed(self, raw: bytes) -> None:
        """Parse some more bytes; none is the end."""
        try:
            self._expat.Parse(raw, not raw)
        except expat.ExpatError as error:
            why = expat.errors.messages[error.code]
            raise InputError(
                f"{self._name}:{error.lineno}: not XML ({why} at character {error.offset + 1}); mend it"
            ) from None
        except (LookupError, ValueError) as error:  # an encoding that Python lacks
            raise InputError(f"{self._place}: not readable XML ({error}); save it as UTF-8") from None
        self._fed += len(raw)
        self._refuse_long()

    @property
    def _place(self) -> str:
        return f"{self._name}:{self._expat.CurrentLineNumber}"

    def _refuse_long(self) -> None:
        """A unit, a tag of which expat has not seen the end, or what declares others, may have so many bytes."""
        begun = self._begun or (max(self._expat.CurrentByteIndex, 0) if self._root else 0)
        if self._fed - begun > LONGEST + CHUNK:
            raise InputError(f"{self._place}: {too_long('a unit or tag' if self._root else 'what is before <tmx>')}")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self._root:
            self._root = tag
            if tag != "tmx":
                raise InputError(f"{self._place}: XML, but not TMX (its root is <{tag[:40]}>)")
        self._depth += 1
        if self._depth > DEEPEST:
            raise InputError(f"{self._place}: more than {DEEPEST:,} elements within each other; TMX has seven")
        if tag == "tu":
            self._begun, self._line = self._expat.CurrentByteIndex, self._expat.CurrentLineNumber
            self._variants = []
        elif tag == "tuv":
            self._language = attributes.get("xml:lang") or attributes.get("lang") or ""
            if not self._language:
                raise InputError(f"{self._place}: a <tuv> without xml:lang; give its language")
        elif tag == "seg":
            self._text, self._codes, self._in_seg = [], 0, True
        elif self._in_seg:
            self._codes += tag in CODES

    def _end(self, tag: str) -> None:
        self._depth -= 1
        if tag == "tu":
            self._units.append((self._line, self._variants))
            self._begun = 0
        elif tag == "seg":
            text = "".join(self._text)
            refuse_nul(text, self._place)
            self._variants.append((self._language, _on_one_line(text)))
            self._in_seg = False
        elif self._in_seg:
            self._codes -= tag in CODES

    def _characters(self, text: str) -> None:
        if self._in_seg and not self._codes:
            self._text.append(text)

    def _entity(self, entity: str, *_: object) -> None:
        raise InputError(f"{self._place}: declares the entity {entity[:40]}; remove it, none is expanded")

    def _unknown(self, entity: str, *_: object) -> None:
        raise InputError(f"{self._place}: the entity &{entity[:40]}; is not XML's own; write its character")


def _on_one_line(text: str) -> str:
    return " ".join(line.strip(" \t") for line in text.split("\n") if line.strip(" \t")) if "\n" in text else text
