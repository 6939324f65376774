"""A sentence with stand-ins for what is to be copied, and its translation with the originals back in their places."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from glassformer.copying.aligned import HALF, Unit
from glassformer.copying.marks import Edit, Mark, insertions
from glassformer.text.protected import Span
from glassformer.text.sentences import language_of
from glassformer.text.tokenizer import Tokenizer

# Names, which stand where addresses stand, and which many corpora have; Latin ones for languages that are not here.
NAMES = {
    "en": ("Tom", "John", "Ravi", "Peter", "Mary", "David", "Anna", "Paul"),
    "hi": ("रवि", "राम", "टॉम", "मोहन", "सीता", "जॉन"),
    "ru": ("Том", "Иван", "Анна", "Пётр", "Мария", "Джон"),
    "zh": ("汤姆", "李明", "约翰", "玛丽", "王芳", "大卫"),
    "ja": ("トム", "太郎", "メアリー", "ジョン", "花子", "田中"),
    "ar": ("محمد", "أحمد", "توم", "علي", "سامي", "فاطمة"),
}
TRIES = 4  # choices of names that are tried
SYMBOLS = tuple(f"｟{number}｠" for number in range(1, 10))  # a tokenizer may have them as user symbols


class Place(NamedTuple):
    """A word that is to be copied, and where its stand-in is in the masked text."""

    start: int
    end: int
    original: str

    @property
    def span(self) -> tuple[int, int]:
        return self.start, self.end


@dataclass(frozen=True)
class Masked:
    """A sentence as the model is to read it, and what is to come back into its translation."""

    text: str
    places: tuple[Place, ...] = ()
    marks: tuple[Mark, ...] = ()

    @property
    def says_something(self) -> bool:
        """Whether anything is left to translate."""
        outside, end = [], 0
        for place in self.places:
            outside.append(self.text[end : place.start])
            end = place.end
        return any(map(str.isalnum, "".join([*outside, self.text[end:]])))

    def is_carried(self, translation: str) -> bool:
        """Whether each stand-in came out as it went in, once."""
        return all(translation.count(self.text[p.start : p.end]) == 1 for p in self.places)


def mask(sentence: str, spans: Sequence[Span], stand_ins: Sequence[str]) -> Masked:
    """The sentence with stand-ins, in order, for the spans that are words, and nothing for the others."""
    read, size, end, words = [" "], 0, 0, iter(stand_ins)  # its texts behind a space that goes again, and their size
    places, marks = [], []
    for span in spans:
        if end < span.start:
            read.append(sentence[end : span.start])
            size += span.start - end
        original, end = span.becomes or sentence[span.start : span.end], span.end
        if span.is_word:
            read.append(next(words))
            places.append(Place(size, size + len(read[-1]), original))
            size += len(read[-1])
            continue
        before, after = sentence[max(span.start - 1, 0) : span.start].isspace(), sentence[end : end + 1].isspace()
        marks.append(Mark(size, original, before, after))
        if after and read[-1][-1].isspace():  # of the spaces around it one stays, and none at the ends
            while sentence[end : end + 1].isspace():
                end += 1
    return Masked("".join([*read[1:], sentence[end:]]).rstrip(), tuple(places), tuple(marks))


def choices(sentence: str, count: int, tokenizer: Tokenizer) -> list[tuple[str, ...]]:
    """Stand-ins to try for `count` words: symbols, where the tokenizer has them, and names that are not in it."""
    if not count:
        return [()]
    known = set(tokenizer.pieces)
    tries = [SYMBOLS[:count]] if count <= len(SYMBOLS) and known.issuperset(SYMBOLS[:count]) else []
    names = [name for name in NAMES.get(language_of(sentence), NAMES["en"]) if name not in sentence]
    names += [names[-1] + _letters(number) for number in range(1, count - len(names) + 1)]
    return tries + [(*names[first:], *names[:first])[:count] for first in range(min(TRIES, len(names)))]


def _letters(number: int) -> str:
    """Different letters for each number from 1 on: a to z, aa, ab, ..."""
    letters = ""
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(ord("a") + letter) + letters
    return letters


def restored(masked: Masked, translation: str, units: Sequence[Unit]) -> str:
    """The translation with the originals.

    A stand-in that came out is replaced; else the word that attends to it most.
    """
    marks = insertions(masked.marks, masked.text, units, translation)
    text, end = "", 0
    for edit in sorted([*_replacements(masked, translation, units), *marks], key=_span):
        text += translation[end : edit.start] + edit.text
        end = max(end, edit.end)
    return text + translation[end:]


def _span(edit: Edit) -> tuple[int, int]:
    return edit.start, edit.end


def _replacements(masked: Masked, translation: str, units: Sequence[Unit]) -> list[Edit]:
    """The words that give way to originals, no word to two; where there are too few, an original goes to the end."""
    edits, left = [], []
    free = [unit for unit in units if any(map(str.isalnum, translation[unit.start : unit.end]))]
    for place in masked.places:
        carried = list(re.finditer(re.escape(masked.text[place.start : place.end]), translation))
        if len(carried) == 1:
            edits.append(Edit(*carried[0].span(), place.original))
            free = [unit for unit in free if unit.end <= edits[-1].start or unit.start >= edits[-1].end]
        else:
            left.append(place)

    while left and free:
        place, unit = max(product(left, free), key=lambda pair: pair[1].share(*pair[0].span))
        run = _run(free, unit, place)
        edits.append(Edit(run[0].start, run[-1].end, place.original))
        free = [unit for unit in free if unit not in run]
        left.remove(place)
    return edits + [Edit(len(translation), len(translation), f" {place.original}") for place in left]


def _run(free: Sequence[Unit], unit: Unit, place: Place) -> list[Unit]:
    """The unit, and those that touch it, as in Chinese, and attend to the same place."""
    run = [unit]
    for other in free[free.index(unit) + 1 :]:
        if other.start == run[-1].end and other.share(*place.span) >= HALF:
            run.append(other)
    for other in reversed(free[: free.index(unit)]):
        if other.end == run[0].start and other.share(*place.span) >= HALF:
            run.insert(0, other)
    return run
