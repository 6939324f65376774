"""Text that was damaged on its way here: read in the wrong encoding, or with characters that text does not have."""

import re
import unicodedata
from collections.abc import Iterable

from glassformer.errors import UsageError
from glassformer.text.printable import quote

BOM = "\ufeff"

# The patterns are compiled when a text is first looked at: to translate needs none of them.

# Text read in the wrong encoding: UTF-8 bytes shown as Windows-1252 (or Latin-1).
_CONTINUATION = "".join(bytes([byte]).decode("cp1252", "ignore") for byte in range(0x80, 0xC0)) + "".join(
    map(chr, range(0x80, 0xA0))
)
# Those that rightly follow a letter with an accent: French and German closing quotes, dashes.
_ORDINARY = "\xa0‚„…†‡‹‘’“”•–—›«»·"
_STRANGE = "".join(character for character in _CONTINUATION if character not in _ORDINARY)
_FOLLOW = f"[{re.escape(_CONTINUATION)}]"
_ODD = f"[{re.escape(_STRANGE)}]"
_MOJIBAKE = (
    f"[ÂÃ]{_ODD}"  # two bytes, Latin: é, ö
    f"|(?<![^\\W\\d_a-zß-öø-ÿ])[ÂÃ]{_FOLLOW}"  # the same, unless it ends a word in capitals: IRMÃ”
    f"|(?<=[a-z])[ÄÅÈ]{_FOLLOW}|[ÄÅÈ]{_FOLLOW}(?=[a-z])"  # within a word: Polish, Romanian, Turkish
    f"|[à-ï](?:{_ODD}{_FOLLOW}|{_FOLLOW}{_ODD})"  # three: Devanagari, typographic quotes, CJK
    f"|ð{_FOLLOW}{{3}}"  # four: emoji
    f"|(?:[Ä-ß]{_FOLLOW}){{3}}"  # two, Cyrillic, Greek, Arabic; one alone may be honest text
)
_ENTITY = r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});"
_PLANE_ENDS = "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(15))
_DAMAGED = f"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufeff{_PLANE_ENDS}\U000f0000-\U0010ffff]"
_CATEGORIES = {"Cc": "control character", "Co": "private-use character", "Cs": "half a surrogate pair"}


def encoding_problem(text: str) -> str:
    """What shows that the text was damaged on its way here, or "".

    Found are: U+FFFD (undecodable bytes were replaced), UTF-8 read as Windows-1252 or Latin-1
    ("Ã©" for "é", "à¤¨" for "न"), control characters, private-use characters, noncharacters, a
    byte order mark within the text, and HTML entities. Joiners (U+200C, U+200D), which Hindi
    needs, are not.
    """
    if text.isascii() and text.isprintable() and "&" not in text:
        return ""
    if "\ufffd" in text:
        return "U+FFFD where a character was lost"
    if found := re.search(_MOJIBAKE, text):
        return f"{quote(found.group())}: UTF-8 read as Windows-1252"
    if found := re.search(_DAMAGED, text):
        return _name_damage(found.group())
    if found := re.search(_ENTITY, text):
        return f"HTML entity {found.group()}"
    return ""


def _name_damage(character: str) -> str:
    kind = _CATEGORIES.get(unicodedata.category(character), "noncharacter")
    return f"{'byte order mark' if character == BOM else kind} U+{ord(character):04X}"


def refuse_surrogates(texts: Iterable[str]) -> None:
    """Raise UsageError for a text with half of a surrogate pair, which no UTF-8 holds."""
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise UsageError(
                f"character {error.start + 1} of the text is half of a surrogate pair, not a character"
            ) from error
