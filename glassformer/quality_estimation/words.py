"""The words of a text, as a lexicon counts them.

Case does not count. In a script that is written without spaces each character is a word, and so is every mark or
symbol in any script. All numbers written in digits, of whatever script, are one word, NUMBER.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping

NUMBER = "0"
_SPACELESS = "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_MARKS = (
    r"\s!-&(-/:-@\[-`{-~\u00a1\u00ab\u00bb\u00bf\u0964\u0965\u200b-\u2027\u2030-\u205e\u2190-\u2bff"
    r"\u3000-\u303f\ufe00-\ufe0f\uff00-\uff20\U0001f000-\U0001faff"
)
_LETTER = rf"[^{_MARKS}{_SPACELESS}'\d]"
LETTERS = rf"{_LETTER}+(?:['-]{_LETTER}+)*"  # don't and thirty-one are one word
_WORD = re.compile(rf"\d+|{LETTERS}|[^\s\ufe00-\ufe0f]")
_DIGITS = re.compile(r"\d+")


def spelt_words(text: str) -> list[str]:
    """All words of `text` as they are spelt, in its order."""
    return _WORD.findall(text)


def words_of(text: str) -> dict[str, str]:
    """The words of `text` and how each is spelt there, where it first stands, in the order of the text."""
    return different_words(spelt_words(text))


def different_words(words: Iterable[str]) -> dict[str, str]:
    """`words_of` a text whose spelt words these are."""
    found: dict[str, str] = {}
    for spelt in words:
        found.setdefault(NUMBER if spelt[0].isdecimal() else spelt.casefold(), spelt)
    return found


def count_words(texts: Iterable[str]) -> Counter[str]:
    """How often each word stands in the texts."""
    counts: Counter[str] = Counter()
    for spelt, count in Counter(_WORD.findall("\n".join(texts).casefold())).items():
        counts[NUMBER if spelt[0].isdecimal() else spelt] += count
    return counts


def word_sequence(text: str) -> list[str]:
    """All words of `text` in its order, repeated ones repeated."""
    return [spelt.casefold() for spelt in spelt_words(text)]


def said_again(source: str, words: list[str], expected: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The `words` of a target, as `word_sequence` gives them, that are there oftener than the words of `source` that
    are expected with them, which are there, too."""
    if len(set(words)) == len(words):  # as in most sentences; to count takes a multiple of this
        return []
    said = Counter(words)
    repeated = [word for word, count in said.items() if count > 1 and expected.get(word)]
    given = Counter(word_sequence(source)) if repeated else Counter[str]()
    return [word for word in repeated if 0 < sum(given[other] for other in expected[word]) < said[word]]


def numbers_of(text: str) -> Counter[int]:
    """The numbers written in digits, and how often each; २५ and 25 are the same."""
    found = _DIGITS.findall(text)
    return Counter(map(int, found)) if found else Counter()


def is_word(unit: str) -> bool:
    """Whether it is a number or has a letter; marks and symbols have none."""
    return unit == NUMBER or any(unicodedata.category(character)[0] == "L" for character in unit)
