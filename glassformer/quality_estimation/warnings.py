"""What speaks against a translation, found in the two texts and the model's lexicon."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple

from glassformer.quality_estimation.lexicon import Entries, Lexicon
from glassformer.quality_estimation.words import (
    NUMBER,
    different_words,
    is_word,
    numbers_of,
    said_again,
    spelt_words,
    word_sequence,
    words_of,
)

LONGEST_LOOP = 4  # words that are said again and again
TIMES = 3  # in a row, from which on that is a loop
COPIED_WORDS = 3  # fewer may be a name


class Kind(StrEnum):
    """What is wrong, perhaps."""

    SPELLING = "spelling"  # source words that were read as others
    UNKNOWN = "unknown"  # source words that the training text does not have
    LOST = "lost"  # source words of whose usual translations none is there
    ADDED = "added"  # words of the translation of whose usual sources none is there
    INVENTED = "invented"  # words of the translation that the training text does not have
    NUMBER = "number"  # numbers that the source and the translation do not share
    REPETITION = "repetition"  # words said three times in a row or more, or oftener than the source asks for
    COPIED = "copied"  # the translation is the source
    EMPTY = "empty"  # there is no translation
    CUT_OFF = "cut off"  # the length limit ended it
    UNSURE = "unsure"  # a probability as only few good translations of the validation set had


class Correction(NamedTuple):
    """A word of a source and the word that it was read as; it is the source's characters [start, end).

    Of a text with markup they are None: the words of its blocks have places in these.
    """

    word: str
    read: str
    start: int | None
    end: int | None

    def moved(self, by: int | None) -> "Correction":
        """The same in a text that has the source from character `by` on; None: it has markup in between."""
        if by is None or self.start is None or self.end is None:
            return self._replace(start=None, end=None)
        return self._replace(start=self.start + by, end=self.end + by)


@dataclass(frozen=True)
class TranslationWarning:
    """A reason to look at a translation again, and the words that it is about, as they are spelt in the text.

    `corrections`: of SPELLING, what became of the words; of the other kinds there are none.
    """

    kind: Kind
    words: tuple[str, ...] = ()
    corrections: tuple[Correction, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As values for JSON; `corrections` where there are any."""
        corrections = [one._asdict() for one in self.corrections]
        return {"kind": self.kind.value, "words": list(self.words)} | (
            {"corrections": corrections} if corrections else {}
        )

    def moved(self, by: int | None) -> "TranslationWarning":
        """The same of a text that has the source from character `by` on; see `Correction.moved`."""
        return replace(self, corrections=tuple(one.moved(by) for one in self.corrections))


def joined_warnings(warnings: Sequence[TranslationWarning]) -> tuple[TranslationWarning, ...]:
    """The warnings of the parts of a text as those of the text: one of each kind, with the words of all."""
    kinds: dict[Kind, list[TranslationWarning]] = {}
    for one in warnings:
        kinds.setdefault(one.kind, []).append(one)
    return tuple(
        TranslationWarning(
            kind,
            tuple(dict.fromkeys(word for one in some for word in one.words)),
            tuple(correction for one in some for correction in one.corrections),
        )
        for kind, some in kinds.items()
    )


def observed_warnings(source: str, text: str, finished: bool, lexicon: Lexicon) -> Iterator[TranslationWarning]:
    """The warnings of the translation `text` of a normalised `source`, but for UNSURE."""
    if not finished:
        yield TranslationWarning(Kind.CUT_OFF)
    if not text.strip():
        yield TranslationWarning(Kind.EMPTY)
        return
    spelt = spelt_words(text)
    given, said = words_of(source), different_words(spelt)
    if text == source and sum(map(is_word, given)) >= COPIED_WORDS:
        yield TranslationWarning(Kind.COPIED)
    if len(said) < len(spelt) and (repeated := _repeated(source, spelt, said, lexicon)):
        yield TranslationWarning(Kind.REPETITION, repeated)
    if lexicon:
        yield from _by_lexicon(given, said, lexicon)
        if (NUMBER in given or NUMBER in said) and (numbers := _unshared_numbers(source, text, lexicon)):
            yield TranslationWarning(Kind.NUMBER, numbers)


def _by_lexicon(given: dict[str, str], said: dict[str, str], lexicon: Lexicon) -> Iterator[TranslationWarning]:
    for kind, words in (
        (Kind.UNKNOWN, _missing(given, lexicon.source)),
        (Kind.LOST, _unmatched(given, said, lexicon.source)),
        (Kind.INVENTED, _missing(said, lexicon.target)),
        (Kind.ADDED, _unmatched(said, given, lexicon.target)),
    ):
        if words:
            yield TranslationWarning(kind, words)


def _missing(words: dict[str, str], entries: Entries) -> tuple[str, ...]:
    if words.keys() <= entries.keys():  # as most are, which takes a tenth of the time to see
        return ()
    return tuple(spelt for word, spelt in words.items() if word not in entries)


def _unmatched(words: dict[str, str], others: dict[str, str], entries: Entries) -> tuple[str, ...]:
    """The words that are expected to come with another, none of which is there; numbers are compared otherwise."""
    none_is_there = others.keys().isdisjoint
    return tuple(
        spelt
        for word, spelt in words.items()
        if (expected := entries.get(word)) and word != NUMBER and none_is_there(expected)
    )


def _unshared_numbers(source: str, text: str, lexicon: Lexicon) -> tuple[str, ...]:
    """The numbers of one side only, where the data says that a number comes with a number."""
    given, said = numbers_of(source), numbers_of(text)
    lost, added = given - said, said - given
    kept = (
        numbers if entries.get(NUMBER) == (NUMBER,) else ()
        for numbers, entries in ((lost, lexicon.source), (added, lexicon.target))
    )
    return tuple(str(number) for numbers in kept for number in numbers)


def _repeated(source: str, spelt: list[str], said: dict[str, str], lexicon: Lexicon) -> tuple[str, ...]:
    """What is said again and again, else the words that are said oftener than the source asks for."""
    words = list(map(str.casefold, spelt))
    if (loop := _loop(words)) and _loop(word_sequence(source)) != loop:
        return (" ".join(loop),)
    again = said_again(source, [word for word in words if word in lexicon.once], lexicon.target)
    return tuple(spelt for word, spelt in said.items() if word in again) if again else ()


def _loop(words: list[str]) -> list[str]:
    """The first words that are said three times in a row or more; empty without any."""
    if len(words) - len(set(words)) < TIMES - 1:  # too few are said again
        return []
    for size in range(1, LONGEST_LOOP + 1):
        for start in range(len(words) - size * TIMES + 1):
            if words[start] != words[start + size]:
                continue
            some = words[start : start + size]
            if words[start : start + size * TIMES] == some * TIMES and any(map(is_word, some)):
                return some
    return []
