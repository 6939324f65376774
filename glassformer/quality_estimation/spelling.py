"""A word that training never saw is read as the trained word that one slip of the typist makes it.

A slip is a letter too few or too many, another one, or two neighbours swapped, as four of five misspellings are
(Damerau 1964, "A technique for computer detection and correction of spelling errors"). Few of them change the first
letter (Kukich 1992, "Techniques for automatically correcting words in text"), so that it stands, unless it is swapped.
All words that one slip can have been are looked up among the trained ones (Norvig 2007, "How to Write a Spelling
Corrector"): no index is built, and the time does not grow with their number. Of several the likeliest is read, by how
often it was trained and how likely the slip is: the noisy channel of Kernighan, Church & Gale 1990, "A spelling
correction program based on a noisy channel model".

A word that training saw once, where one that a slip makes it is very much more frequent, was such a slip itself.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal, NamedTuple

from glassformer.quality_estimation.warnings import Correction, Kind, TranslationWarning
from glassformer.quality_estimation.words import LETTERS
from glassformer.text.protected import Span, find_protected
from glassformer.text.tokenizer import Tokenizer

Spelling = Literal["correct", "keep"]
SHORTEST, LONGEST = 2, 30  # letters of a word that is corrected: a single one is like many, longer ones are no words
SHORTEST_TRAINED = 3  # letters of what it is read as
# What a slip to one certain letter counts, where the typist may have come to any other; one that swaps or doubles
# letters or leaves one out can go one way only. Of 0.02 to 1 the best on typing errors in captions.
CERTAIN, OTHER_LETTER = 1.0, 0.2
CACHED_WORDS = 1 << 12
ONCE, SURELY = 1, 300  # as often a word was trained that was a slip itself; as many times as often the right one was
_MARKS = str.maketrans(dict.fromkeys('.,;:!?…।"”’»)]“‘«„¿¡([', " "))
# A word between white space, with no more than the marks of its sentence around it: not the parts of "a_b" or "x.org".
_WORD = rf"(?<![^\s\"'“‘«„¿¡(\[]){LETTERS}(?=[.,;:!?…।\"'”’»)\]]*(?:\s|$))"


class Reading(NamedTuple):
    """A text as the model reads it, and what was corrected, in its order."""

    text: str
    corrections: tuple[Correction, ...] = ()

    @property
    def warnings(self) -> tuple[TranslationWarning, ...]:
        """One that says what was corrected; none where nothing was."""
        words = tuple(dict.fromkeys(one.word for one in self.corrections))
        return (TranslationWarning(Kind.SPELLING, words, self.corrections),) if words else ()


@dataclass(frozen=True)
class Speller:
    """Corrects typing errors by the words of the training text, in small letters, as `words_of` gives them.

    `counts` says how often each was there.
    """

    counts: Mapping[str, int]
    tokenizer: Tokenizer

    def __getstate__(self) -> dict[str, object]:
        """What is pickled: not what it remembers of the latest texts, which cannot be."""
        return {"counts": self.counts, "tokenizer": self.tokenizer}

    def read(self, text: str, kept: Callable[[str], Sequence[Span]] = lambda _: ()) -> Reading:
        """The text with its typing errors corrected, but for addresses, tags and the like, and for what is `kept`.

        `kept` gives the spans of a text that stay, and is asked only where there is something to correct.
        A word with a capital letter is a name, and stays, unless the whole text is in capitals.
        """
        plain = text.replace("\u2019", "'")
        words = set(plain.translate(_MARKS).casefold().split())
        if words <= self.counts.keys() and min(map(self.counts.__getitem__, words), default=0) > ONCE:
            return Reading(text)  # as most texts are, in a quarter of the time
        shouted = text.isupper()
        found = ((word.span(), self._slip(word[0], shouted)) for word in re.finditer(_WORD, plain))
        slips = [(place, key) for place, key in found if key]
        protected = find_protected(text, kept(text)) if slips else []
        read, end, corrections = "", 0, []
        for (start, behind), key in slips:
            is_protected = any(span.start < behind and start < span.end for span in protected)
            if is_protected or not (trained := self._trained(key)):
                continue
            trained = trained.upper() if shouted else trained
            corrections.append(Correction(text[start:behind], trained, start, behind))
            read, end = read + text[end:start] + trained, behind
        return Reading(read + text[end:], tuple(corrections))

    @cached_property
    def _slip(self) -> Callable[[str, bool], str]:
        """`_key_of_slip`, which knows the words of the latest texts."""
        return lru_cache(CACHED_WORDS)(self._key_of_slip)

    def _key_of_slip(self, word: str, shouted: bool) -> str:
        """`_key` of a word of letters that is unknown or was seen once, and no name; empty for any other."""
        is_word = SHORTEST <= len(word) <= LONGEST and (shouted or word == word.lower())
        if not is_word or self._count(word.casefold()) > ONCE:  # as most are, which need not be normalised
            return ""
        key = self._key(word)
        return key if self._count(key) <= ONCE else ""

    def _count(self, word: str) -> int:
        """How often it was trained, or the word that it belongs to, as in "the car's wheel"."""
        return max(self.counts.get(word, 0), self.counts.get(word.removesuffix("'s"), 0))

    def _key(self, word: str) -> str:
        """The word as the lexicon would have it."""
        return self.tokenizer.normalize(word).casefold()

    def _trained(self, word: str) -> str | None:
        """The trained word that it is read as, if there is one; of equally likely ones the first of the alphabet."""
        near = sorted((other, self.counts[other] * likely) for other, likely in self._near(word))
        other, weight = max(near, key=lambda one: one[1], default=("", 0.0))
        return other if weight > SURELY * self._count(word) else None

    def _near(self, word: str) -> Iterator[tuple[str, float]]:
        """The trained words that one slip makes this one, and how likely the slip is."""
        for likely, others in _one_slip_away(word, self._letters).items():
            for other in self.counts.keys() & others:
                if other != word and len(other) >= SHORTEST_TRAINED:
                    yield other, likely

    @cached_property
    def _letters(self) -> frozenset[str]:
        return frozenset("".join(word for word in self.counts if len(word) >= SHORTEST_TRAINED))


def _one_slip_away(word: str, letters: Collection[str]) -> dict[float, list[str]]:
    """Everything that becomes `word` by one slip behind its first letter, or by a swap, by how likely the slip is."""
    certain, others = [], []
    for at in range(1, len(word) + 1):
        before, after = word[:at], word[at:]
        begun = [before + letter for letter in letters]
        certain += [beginning + after for beginning in begun]
        if after:
            rest = after[1:]
            others += [beginning + rest for beginning in begun]
            (certain if after[0] == before[-1] else others).append(before + rest)
            certain.append(before[:-1] + after[0] + before[-1] + rest)
    return {CERTAIN: certain, OTHER_LETTER: others}
