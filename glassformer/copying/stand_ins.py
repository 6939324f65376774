"""A sentence with stand-ins for what is to be copied, and its translation with the originals back in their places."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from glassformer.copying.aligned import Unit, place_between
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
HALF = 0.5  # of its attention, with which a word belongs to what it attends to
SYMBOLS = tuple(f"｟{number}｠" for number in range(1, 10))  # a tokenizer may have them as user symbols


class Place(NamedTuple):
    """What is to be copied, and where it stands in the masked text; an emoji or a tag has an empty place."""

    start: int
    end: int
    original: str
    space_before: bool
    space_after: bool

    @property
    def span(self) -> tuple[int, int]:
        return self.start, self.end

    @property
    def is_empty(self) -> bool:
        return self.start == self.end


@dataclass(frozen=True)
class Masked:
    """A sentence as the model is to read it, and what is to come back into its translation."""

    text: str
    places: tuple[Place, ...]

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
        return all(translation.count(self.text[p.start : p.end]) == 1 for p in self.places if not p.is_empty)


def mask(sentence: str, spans: Sequence[Span], stand_ins: Sequence[str]) -> Masked:
    """The sentence with stand-ins, in order, for the spans that are words, and nothing for the others."""
    text, places, end, words = "", [], 0, iter(stand_ins)
    for span in spans:
        text += sentence[end : span.start]
        before, after = sentence[: span.start], sentence[span.end :]
        stand_in = next(words) if span.is_word else ""
        spaces = before[-1:].isspace(), after[:1].isspace()
        places.append(Place(len(text), len(text) + len(stand_in), sentence[span.start : span.end], *spaces))
        text += stand_in
        # Of the spaces around what has gone one stays, and none at the ends.
        doubled = not stand_in and (not text or text[-1].isspace()) and spaces[1]
        end = span.end + (len(after) - len(after.lstrip()) if doubled else 0)
    return Masked((text + sentence[end:]).rstrip(), tuple(places))


def choices(sentence: str, count: int, tokenizer: Tokenizer) -> list[tuple[str, ...]]:
    """Stand-ins to try for `count` words: symbols, where the tokenizer has them, and names that are not in it."""
    if not count:
        return [()]
    known = set(tokenizer.pieces)
    tries = [SYMBOLS[:count]] if count <= len(SYMBOLS) and known.issuperset(SYMBOLS[:count]) else []
    names = [name for name in NAMES.get(language_of(sentence), NAMES["en"]) if name not in sentence]
    while len(names) < count:
        names.append(names[-1] + "a")
    return tries + [(*names[first:], *names[:first])[:count] for first in range(min(TRIES, len(names)))]


def restored(masked: Masked, translation: str, units: Sequence[Unit]) -> str:
    """The translation with the originals.

    A stand-in that came out is replaced; else the word that attends to it most. What has an empty place goes to where
    it cuts the least attention, in the order of the source, so that tags stay in pairs.
    """
    edits = sorted([*_replacements(masked, translation, units), *_insertions(masked, translation, units)], key=_span)
    text, end = "", 0
    for edit in edits:
        text += translation[end : edit.start] + edit.text
        end = edit.end
    return text + translation[end:]


class Edit(NamedTuple):
    """Characters [start, end) of a translation that `text` replaces."""

    start: int
    end: int
    text: str


def _span(edit: Edit) -> tuple[int, int]:
    return edit.start, edit.end


def _replacements(masked: Masked, translation: str, units: Sequence[Unit]) -> list[Edit]:
    """The words that give way to originals, no word to two; where there are too few, an original goes to the end."""
    edits, left = [], []
    free = [unit for unit in units if any(map(str.isalnum, translation[unit.start : unit.end]))]
    for place in (place for place in masked.places if not place.is_empty):
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


def _insertions(masked: Masked, translation: str, units: Sequence[Unit]) -> Iterator[Edit]:
    """What has an empty place, with the spaces that it had, no one before the one before it in the source."""
    before = at = 0
    for place in (place for place in masked.places if place.is_empty):
        if not masked.text[place.end :].strip():
            before = len(units)
        elif masked.text[: place.start].strip():
            before = place_between(units, place.start, before)
        follows = before and place.space_after and not place.space_before
        ends = [0, *(unit.end for unit in units)]
        starts = [*(unit.start for unit in units), len(translation)]
        at = max(at, ends[before] if follows else starts[before])
        left = " " if place.space_before and translation[:at].strip() and not translation[at - 1].isspace() else ""
        right = " " if place.space_after and translation[at:] and not translation[at].isspace() else ""
        yield Edit(at, at, left + place.original + right)
