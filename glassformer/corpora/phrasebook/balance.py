"""Balance a text as it is drawn: words and frames that few sentences have yet are preferred, so that each is seen often
enough. By words alone, frames of frequent words would hardly be drawn: "Give me the book", "This is my sister"."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from .draw import Draw
from .frames import frame_keys, own_words, spelt_names
from .units import Sentence

FLOOR = 50  # sentences that each word must be in, in either language
TRIES = 3  # draws of which the sentence with the rarest word is taken


class Balance:
    """Counts in how many sentences each form of each word is, and how often each frame was drawn, and draws by that.

    A name that is spelt is not to be known as a word: it counts as if it were in any number.
    """

    def __init__(self) -> None:
        """Without any sentence."""
        self._counts: Counter[str] = Counter()
        self._drawn = dict.fromkeys(frame_keys(), 0)
        for names in spelt_names():
            self._counts.update({word: sys.maxsize for pair in names for name in pair for word in name.lower().split()})

    def draw(self, pattern: Callable[[Draw], Sentence | None], draw: Draw) -> Sentence | None:
        """The one of TRIES sentences whose rarest word, or frame, is the rarest."""
        best, least = None, sys.maxsize
        for _ in range(TRIES):
            sentence = pattern(draw)
            if sentence is not None and (rarest := self._rarest(sentence)) < least:
                best, least = sentence, rarest
        if best is not None and best.key in self._drawn:
            self._drawn[best.key] += 1  # a frame that has nothing new left, too
        return best

    def _rarest(self, sentence: Sentence) -> int:
        """In how many sentences the rarest of its words is; or how often its frame was drawn, if that is less."""
        rarest = min(map(self._counts.__getitem__, _words(sentence)))
        return min(rarest, self._drawn.get(sentence.key, rarest))

    def count(self, sentence: Sentence) -> None:
        """Count the words of a sentence that was drawn."""
        self._counts.update(_words(sentence))

    def known_well(self, sentences: Sequence[Sentence], floor: float, always: Iterable[Sentence]) -> Iterator[Sentence]:
        """The sentences less those with a word that fewer than `floor` have and neither `always` nor a frame says."""
        rare = {word for word, count in self._counts.items() if count < floor}
        rare.difference_update(own_words(), *map(_words, always))
        return (sentence for sentence in sentences if rare.isdisjoint(_words(sentence)))


def _words(sentence: Sentence) -> list[str]:
    return f"{sentence.source.lower()} {sentence.target}".replace(",", " ").replace("?", " ").split()
