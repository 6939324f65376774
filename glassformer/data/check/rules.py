"""The rules by which one pair is judged: its lengths, its characters, its likeness to its source."""

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from itertools import accumulate

from glassformer.data.check.report import quote
from glassformer.text.pairs import Pair

RATIO_FACTOR = 3.0
RATIO_CHARACTERS = 10
RATIO_PAIRS = 10  # fewer have no ratio worth comparing with
BOM = "\ufeff"


def is_untranslated(pair: Pair) -> bool:
    """Whether target equals source, case aside; a number or a sign, having no letter, may."""
    return pair.source.casefold() == pair.target.casefold() and any(map(str.isalpha, pair.source))


def usual_ratio(lengths: Counter[tuple[int, int]]) -> float | None:
    """The median of target over source length, exactly; `lengths` counts the pairs of (source, target) characters.

    It says how long a target of this corpus should be, and is not moved by misaligned pairs while they
    are under half. None with fewer than 10 pairs.
    """
    total = lengths.total()
    if total < RATIO_PAIRS:
        return None
    ordered = sorted((target / source, count) for (source, target), count in lengths.items())
    passed = list(accumulate(count for _, count in ordered))
    low, high = (ordered[bisect_right(passed, place)][0] for place in ((total - 1) // 2, total // 2))
    return (low + high) / 2


def length_problem(source: int, target: int, usual: float | None) -> str:
    """What is odd about a pair of so many characters, or "".

    A pair is an outlier if its target is more than 3 times longer or shorter than usual and at least
    10 characters away from it: so much is rarely a free translation, and often a misaligned line.
    """
    if usual is None:
        return ""
    expected = usual * source
    low, high = sorted((expected, float(target)))
    if high <= RATIO_FACTOR * low or high - low < RATIO_CHARACTERS:
        return ""
    return f"target has {target} characters, source {source}: about {expected:.0f} are usual here"


# Text read in the wrong encoding: UTF-8 bytes shown as Windows-1252 (or Latin-1).
_CONTINUATION = "".join(bytes([byte]).decode("cp1252", "ignore") for byte in range(0x80, 0xC0)) + "".join(
    map(chr, range(0x80, 0xA0))
)
# Those that rightly follow a letter with an accent: French and German closing quotes, dashes.
_ORDINARY = "\xa0‚„…†‡‹‘’“”•–—›«»·"
_STRANGE = "".join(character for character in _CONTINUATION if character not in _ORDINARY)
_FOLLOW = f"[{re.escape(_CONTINUATION)}]"
_ODD = f"[{re.escape(_STRANGE)}]"
_MOJIBAKE = re.compile(
    f"[ÂÃ]{_ODD}"  # two bytes, Latin: é, ö
    f"|(?<![^\\W\\d_a-zß-öø-ÿ])[ÂÃ]{_FOLLOW}"  # the same, unless it ends a word in capitals: IRMÃ”
    f"|(?<=[a-z])[ÄÅÈ]{_FOLLOW}|[ÄÅÈ]{_FOLLOW}(?=[a-z])"  # within a word: Polish, Romanian, Turkish
    f"|[à-ï](?:{_ODD}{_FOLLOW}|{_FOLLOW}{_ODD})"  # three: Devanagari, typographic quotes, CJK
    f"|ð{_FOLLOW}{{3}}"  # four: emoji
    f"|(?:[Ä-ß]{_FOLLOW}){{3}}"  # two, Cyrillic, Greek, Arabic; one alone may be honest text
)
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});")
_PLANE_ENDS = "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(15))
_DAMAGED = re.compile(
    f"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufeff{_PLANE_ENDS}\U000f0000-\U0010ffff]"
)
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
    if found := _MOJIBAKE.search(text):
        return f"{quote(found.group())}: UTF-8 read as Windows-1252"
    if found := _DAMAGED.search(text):
        return _name_damage(found.group())
    if found := _ENTITY.search(text):
        return f"HTML entity {found.group()}"
    return ""


def _name_damage(character: str) -> str:
    kind = _CATEGORIES.get(unicodedata.category(character), "noncharacter")
    return f"{'byte order mark' if character == BOM else kind} U+{ord(character):04X}"


def encoding_of_pair(pair: Pair) -> str:
    """`encoding_problem` of both sides, by name, or ""."""
    source, target = encoding_problem(pair.source), encoding_problem(pair.target)
    if not source and not target:
        return ""
    return ", ".join(f"{side}: {problem}" for side, problem in (("source", source), ("target", target)) if problem)


def which_is_empty(pair: Pair) -> str:
    """The sides without text, in words."""
    empty = [side for side, text in zip(("source", "target"), pair[:2], strict=True) if not text.strip()]
    return f"{' and '.join(empty)} {'are' if len(empty) == 2 else 'is'} empty"
