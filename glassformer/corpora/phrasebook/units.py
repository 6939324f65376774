"""Aligned pieces, and sentences put together from them, so that alignments need no guessing.

A unit is a run of English words, the run of Hindi words that says the same, and the links between
them. It is written with marks: `unit("did not:n cross:v", "पार:v नहीं:n की:v")` links the words
that bear the same mark. A sentence is units in their English order and, as a permutation, in their
Hindi order; its links are its units' links moved to where the units stand.

What has no counterpart stays unaligned: the articles (but "a" where Hindi says एक), the "do" of a
negative, ने, the को of an object. The "do" or "is" that opens a yes-no question goes with क्या.
"""

import re
import unicodedata
from functools import cache
from typing import NamedTuple

Links = tuple[tuple[int, int], ...]


class Unit(NamedTuple):
    """An aligned piece; either side may be empty."""

    english: str
    hindi: str
    marked: tuple[str, str]  # both with their marks; links are read from them only when asked for

    @property
    def sizes(self) -> tuple[int, int]:
        """How many English and how many Hindi words."""
        return len(self.english.split()), len(self.hindi.split())

    @property
    def links(self) -> Links:
        """Pairs of an English and a Hindi word's index that bear the same mark."""
        source, target = ([word.partition(":")[2] for word in side.split()] for side in self.marked)
        return tuple(
            (i, j) for i, letter in enumerate(source) for j, other in enumerate(target) if letter and letter == other
        )


class Reference(NamedTuple):
    """Where a because-clause refers back: units by index, and the agreement that shows it."""

    pronoun: int
    noun: int
    predicate: int
    gender: str
    plural: bool


class Antecedent(NamedTuple):
    """What "it" or "they" refers to, and the Hindi words that show it.

    `pronoun` and `noun` are source word indices; `span` is the half-open range of target words
    that agree with the antecedent, and `form` is those words (थकी हुई थी).
    """

    pronoun: int
    noun: int
    gender: str
    number: str
    span: tuple[int, int]
    form: str


class Sentence(NamedTuple):
    """A sentence with its translation; `key` names the combination of words that it tests."""

    source: str
    target: str
    pattern: str
    key: str
    units: tuple[Unit, ...]
    order: tuple[int, ...]  # the units' indices in Hindi order
    reference: Reference | None = None

    @property
    def alignment(self) -> Links:
        """Pairs (source word, target word) of indices of whitespace-separated words, sorted."""
        at_source, at_target = self._offsets()
        links = [(at_source[i] + s, at_target[i] + t) for i, unit in enumerate(self.units) for s, t in unit.links]
        return tuple(sorted(links))

    @property
    def antecedent(self) -> Antecedent | None:
        """What the because-clause refers back to, if it shows it."""
        if self.reference is None:
            return None
        pronoun, noun, predicate, gender, plural = self.reference
        at_source, at_target = self._offsets()
        start = at_target[predicate]
        end = start + self.units[predicate].sizes[1]
        return Antecedent(
            pronoun=at_source[pronoun],
            noun=at_source[noun] + self.units[noun].sizes[0] - 1,  # the head stands last
            gender=gender,
            number="p" if plural else "s",
            span=(start, end),
            form=" ".join(self.target.split()[start:end]),
        )

    def _offsets(self) -> tuple[list[int], list[int]]:
        """The first source word and the first target word of each unit."""
        at_source, at_target = [], [0] * len(self.units)
        words = 0
        for unit in self.units:
            at_source.append(words)
            words += unit.sizes[0]
        words = 0
        for i in self.order:
            at_target[i] = words
            words += self.units[i].sizes[1]
        return at_source, at_target


_MARKS = re.compile(":[a-z]")


def unit(english: str, hindi: str) -> Unit:
    """Read a unit from words with marks (":n" and the like); see the module's docstring."""
    text = unicodedata.normalize("NFC", _MARKS.sub("", hindi))
    return Unit(_MARKS.sub("", english), text, (english, hindi))


@cache
def whole(english: str, hindi: str) -> Unit:
    """A unit whose words all belong together ("very much" and बहुत)."""
    return unit(mark(english, "w"), mark(hindi, "w"))


def mark(words: str, letter: str) -> str:
    """Put the same mark on every word."""
    return words.replace(" ", f":{letter} ") + f":{letter}" if words else ""


def build(
    pattern: str,
    key: str,
    units: tuple[Unit, ...],
    order: tuple[int, ...],
    end: str = "",
    reference: Reference | None = None,
) -> Sentence:
    """Write the units out: a capital first letter, `end` ("?" or nothing) on the last word."""
    source = " ".join([piece.english for piece in units if piece.english])
    target = " ".join([units[i].hindi for i in order if units[i].hindi])
    source = source[0].upper() + source[1:] + end
    return Sentence(source, target + end, pattern, key, units, order, reference)
