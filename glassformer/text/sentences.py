"""A text as its sentences and the white space between them, by sentencex; and joined again.

sentencex (Wikimedia, MIT) knows the marks and the abbreviations of some 300 languages. Added here is what everyday text
needs besides: abbreviations of Hindi, the answer "No.", and numbers of a list, which are no sentences.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import accumulate, pairwise
from typing import NamedTuple

from glassformer.errors import UsageError
from glassformer.text.encoding import refuse_surrogates

# The language whose rules a script has unless another is named; what is not here is English.
LANGUAGES = {
    "ARABIC": "ar", "ARMENIAN": "hy", "BENGALI": "bn", "CJK": "zh", "CYRILLIC": "ru", "DEVANAGARI": "hi",
    "ETHIOPIC": "am", "GREEK": "el", "GUJARATI": "gu", "GURMUKHI": "pa", "HANGUL": "ko", "HEBREW": "he",
    "HIRAGANA": "ja", "KANNADA": "kn", "KATAKANA": "ja", "KHMER": "km", "LAO": "lo", "MALAYALAM": "ml",
    "MYANMAR": "my", "ORIYA": "or", "SINHALA": "si", "TAMIL": "ta", "TELUGU": "te", "THAI": "th",
}  # fmt: skip
WITHOUT_SPACES = {"zh", "ja", "th", "lo", "km", "my"}  # written without spaces between words, or between sentences

# What a full stop abbreviates in Devanagari: doctor, Mr, professor, pandit, rupees, number, km, the late, BC, ...
ABBREVIATED = "डॉ|डा|श्री|प्रो|पं|रु|सं|कि|मी|मि|कु|सु|स्व|ई|पू"
ABBREVIATION = re.compile(rf"(?:^|[\s.(\"'“‘])(?:(?:{ABBREVIATED})\.\s*|[\u0900-\u097F]{{1,3}}\.)$")  # and से.मी.
NUMBER = re.compile(r"\s*\(?\d+[.)]\s*")  # of a list: "1.", "2)"
NO = re.compile(r"No\.\s+(?=[^\W\d])")  # the answer; "No. 5" is a number


class Parts(NamedTuple):
    """The parts of a text, and the white space after each but the last. No part begins or ends with any."""

    parts: list[str]
    spaces: list[str]

    @property
    def starts(self) -> list[int]:
        """Where each part begins in the text, white space around which does not count."""
        lengths = (len(part) + len(space) for part, space in zip(self.parts, self.spaces, strict=False))
        return [0, *accumulate(lengths)]

    def joined(self, translations: Sequence[str]) -> str:
        """The parts' translations, with the white space that stood between the parts.

        Between a script with spaces and one without, as Chinese, they are added or left out. What has no translation
        takes its space with it.
        """
        before, after = _has_spaces("".join(self.parts)), _has_spaces("".join(translations))
        spaces = [*self.spaces, ""]
        if before != after:
            spaces = [(space or " ") if after else space.replace(" ", "") for space in spaces]
        together = "".join(text + space for text, space in zip(translations, spaces, strict=True) if text)
        return together.strip()


def split_sentences(text: str, language: str | None = None) -> Parts:
    """The sentences of a text, by the rules of `language` (an ISO 639 code), or of the language of its script.

    Raises UsageError for a lone surrogate.
    """
    import sentencex  # one sentence needs none of it

    refuse_surrogates([text])
    # All white space as plain: sentencex 1.0 panics where "A", a wide space and a full stop meet.
    plain = re.sub(r"[^\S\n]", " ", text)
    language = language or language_of(plain)
    return parts_between(text, _ends(sentencex.segment(language, plain), language))


def parts_between(text: str, ends: Sequence[int]) -> Parts:
    """The parts of a text between places in it, of which the first is 0 and the last its end; blank ones are space."""
    parts, spaces, blank = [], [], ""
    for start, end in pairwise(ends):
        part = text[start:end]
        if inner := part.strip():
            at = part.index(inner)
            spaces.append(blank + part[:at])
            parts.append(inner)
            blank = part[at + len(inner) :]
        else:
            blank += part
    return Parts(parts or [""], spaces[1:])


def check_language(code: str) -> None:
    """UsageError for what is no language code."""
    if not re.fullmatch(r"[a-z]{2,3}", code):
        raise UsageError(f"language is '{code}'; give a code of two or three small letters, such as en, hi or zh")


def language_of(text: str) -> str:
    """The language whose rules a text is split by: that of the script of most of its letters; Latin is English.

    Japanese is told from Chinese by its kana.
    """
    if text.isascii():
        return "en"
    found = Counter(_language(character) for character in text if character.isalpha())
    if "ja" in found and "zh" in found:
        found["ja"] += found.pop("zh")
    return found.most_common(1)[0][0] if found else "en"


@cache
def _language(character: str) -> str:
    return LANGUAGES.get(unicodedata.name(character, "").split(" ")[0].split("-")[0], "en")


def _has_spaces(text: str) -> bool:
    return language_of(text) not in WITHOUT_SPACES


def _ends(segments: list[str], language: str) -> list[int]:
    """0, and where each sentence ends: the ends of the segments, less those that are none, and that after "No."."""
    ends, at = [0], 0
    goes_on = False  # after an abbreviation or a number, as before what has no word, no sentence ends
    for segment in segments:
        if len(ends) > 1 and (goes_on or not any(map(str.isalnum, segment))):
            ends.pop()
        if language == "en" and (no := NO.match(segment)):
            ends.append(at + no.end())
        at += len(segment)
        ends.append(at)
        goes_on = bool(ABBREVIATION.search(segment) or NUMBER.fullmatch(segment))
    return ends
