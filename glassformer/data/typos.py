"""Slips of the keyboard in words of an alphabet: what a letter becomes when a finger misses."""

import unicodedata
from random import Random

from glassformer.data.check.scripts import SPACELESS, scripts_of

ROWS = "qwertyuiop", "asdfghjkl", "zxcvbnm"
JOINERS = "\u200c\u200d"
SHORTEST = 3  # characters of a word that gets typos, and letters of one that loses any
WORDS_PER_TYPO = 10


def with_typos(text: str, random: Random) -> str:
    """`text` with a typo in about one of WORDS_PER_TYPO words, and in one at least.

    Only words of letters get one, never a number or an address, and none of a script without spaces.
    """
    words = text.split(" ")
    wordlike = [place for place, word in enumerate(words) if _is_word(word)]
    for place in random.sample(wordlike, min(len(wordlike), 1 + len(words) // WORDS_PER_TYPO)):
        words[place] = typo(words[place], random)
    return " ".join(words)


def typo(word: str, random: Random) -> str:
    """`word` with one slip behind its first letter, which people seldom miss: see `_slips`."""
    letters = clusters(word)
    places = [place for place in range(1, len(letters)) if letters[place][0].isalpha()]
    return "".join(random.choice(_slips(letters, random.choice(places), random))) if places else word


def _slips(letters: list[str], place: int, random: Random) -> list[list[str]]:
    """What may become of the word: a letter doubled (or one with marks without its last), missing, swapped with the
    next; another key of the keyboard in its place or after it.
    """
    before, letter, after = letters[:place], letters[place], letters[place + 1 :]
    slips = [[*before, letter[:-1], *after]] if len(letter) > 1 else [[*before, letter, letter, *after]]
    if len(letters) >= SHORTEST:
        slips.append(before + after)
    if after and after[0][0].isalpha():
        slips.append([*before, after[0], letter, *after[1:]])
    if near := NEIGHBOURS.get(letter.lower()):
        other = random.choice(near)
        other = other.upper() if letter.isupper() else other
        slips += [[*before, other, *after], [*before, letter, other, *after]]
    return slips


def clusters(word: str) -> list[str]:
    """The letters of `word`, each with the marks, and in Indic scripts the conjunct consonants, that belong to it."""
    found: list[str] = []
    for character in word:
        if found and (is_mark(character) or _is_open(found[-1][-1])):
            found[-1] += character
        else:
            found.append(character)
    return found


def is_mark(character: str) -> bool:
    """Whether the character belongs to the letter before it: an accent, a vowel sign, a virama, a joiner."""
    return character != "" and (character in JOINERS or unicodedata.category(character)[0] == "M")


def _is_open(character: str) -> bool:
    """Whether the next letter is written together with this one: after a virama (combining class 9) or a joiner."""
    return character == "\u200d" or unicodedata.combining(character) == 9


def _is_word(text: str) -> bool:
    letters = text.strip(".,;:!?\"'()।…")
    if letters.isascii():
        return len(letters) >= SHORTEST and letters.isalpha()
    inside = all(character.isalpha() or is_mark(character) for character in letters)
    return inside and len(letters) >= SHORTEST and not scripts_of(letters) & SPACELESS


def _neighbours() -> dict[str, str]:
    """The keys beside, above and below each letter of an English keyboard, whose rows are shifted by half a key."""
    place = {key: (row, column + row / 2) for row, keys in enumerate(ROWS) for column, key in enumerate(keys)}
    return {
        key: "".join(
            other for other, (r, c) in place.items() if other != key and abs(r - row) <= 1 and abs(c - column) <= 1
        )
        for key, (row, column) in place.items()
    }


NEIGHBOURS = _neighbours()
