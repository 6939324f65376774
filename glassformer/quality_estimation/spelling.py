"""A word that training never saw is read as the trained word that one slip of the typist makes it.

A slip is a letter too few or too many, another one, or two neighbours swapped, as four of five misspellings are
(Damerau 1964, "A technique for computer detection and correction of spelling errors"). Few of them change the first
letter (Kukich 1992, "Techniques for automatically correcting words in text"), so that it stands, unless it is swapped.
All words that one slip can have been are looked up among the trained ones (Norvig 2007, "How to Write a Spelling
Corrector"): no index is built, and the time does not grow with their number.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from glassformer.quality_estimation.warnings import Correction, Kind, TranslationWarning
from glassformer.quality_estimation.words import LETTERS
from glassformer.text.protected import Span, find_protected
from glassformer.text.tokenizer import Tokenizer

Spelling = Literal["correct", "keep"]
SHORTEST, LONGEST = 3, 30  # letters of a word that is corrected: shorter ones are like many, longer ones no words
# A word between white space, with no more than the marks of its sentence around it: not the parts of "a_b" or "x.org".
_WORD = re.compile(rf"(?<![^\s\"'“‘«„¿¡(\[]){LETTERS}(?=[.,;:!?…।\"'”’»)\]]*(?:\s|$))")


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
    """Corrects typing errors by the `words` of the training text, in small letters, as `words_of` gives them."""

    words: Collection[str]
    tokenizer: Tokenizer

    def read(self, text: str, kept: Callable[[str], Sequence[Span]] = lambda _: ()) -> Reading:
        """The text with its typing errors corrected, but for addresses, tags and the like, and for what is `kept`.

        `kept` gives the spans of a text that stay, and is asked only where there is something to correct.
        A word with a capital letter is a name, and stays, unless the whole text is in capitals. Of several trained
        words one slip away the most frequent is read: the tokenizer, which learns frequent words first, spells it in
        the fewest pieces, of the lowest ids.
        """
        plain = text.replace("\u2019", "'")
        shouted = text.isupper()
        slips = [word for word in _WORD.finditer(plain) if self._may_be_slip(word[0], shouted)]
        protected = find_protected(text, kept(text)) if slips else []
        read, end, corrections = "", 0, []
        for start, behind in (word.span() for word in slips):
            is_protected = any(span.start < behind and start < span.end for span in protected)
            if is_protected or not (trained := self._trained(self._key(plain[start:behind]))):
                continue
            trained = trained.upper() if shouted else trained
            corrections.append(Correction(text[start:behind], trained, start, behind))
            read, end = read + text[end:start] + trained, behind
        return Reading(read + text[end:], tuple(corrections))

    def _may_be_slip(self, word: str, shouted: bool) -> bool:
        """Whether it is an unknown word of letters, and no name."""
        if not SHORTEST <= len(word) <= LONGEST or not (shouted or word == word.lower()):
            return False
        return not (self._is_known(word.casefold()) or self._is_known(self._key(word)))

    def _is_known(self, word: str) -> bool:
        """Whether it is a trained word, or belongs to one, as in "the car's wheel"."""
        return word in self.words or word.removesuffix("'s") in self.words

    def _key(self, word: str) -> str:
        """The word as the lexicon would have it."""
        return self.tokenizer.normalize(word).casefold()

    def _trained(self, word: str) -> str | None:
        """The trained word that it is read as, if there is one."""
        near = set(filter(self.words.__contains__, _one_slip_away(word, self._letters)))
        return min(near, key=self._rarity, default=None)

    def _rarity(self, word: str) -> tuple[int, list[int]]:
        ids = self.tokenizer.encode(word)
        return len(ids), ids

    @cached_property
    def _letters(self) -> frozenset[str]:
        return frozenset().union(*(word for word in self.words if len(word) >= SHORTEST))


def _one_slip_away(word: str, letters: Collection[str]) -> list[str]:
    """Everything that becomes `word` by one slip behind its first letter, or by a swap."""
    slips = []
    for at in range(1, len(word) + 1):
        before, after = word[:at], word[at:]
        slips += [before + letter + after for letter in letters]
        if after:
            rest = after[1:]
            slips += [before + letter + rest for letter in letters]
            slips += [before + rest, before[:-1] + after[0] + before[-1] + rest]
    return slips
