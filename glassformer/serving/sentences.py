"""A text translated sentence by sentence, for whoever wants each of them as soon as it is there."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from glassformer.serving.models import Direction
from glassformer.serving.service import Service
from glassformer.serving.ticket import TICKET
from glassformer.serving.translating import Wanted, translate
from glassformer.text.sentences import Parts, split_sentences
from glassformer.translator import FailedTranslation, Translation
from glassformer.whole_texts import together

FIRST, MOST = 1, 64  # sentences asked for at a time: at first few, so that the first come soon

Told = Callable[[str], None]  # is told a sentence's translation so far


@dataclass(frozen=True)
class Sentences:
    """The sentences of a text, and how they are to be translated. Their translations joined are that of the text."""

    service: Service
    direction: Direction
    wanted: Wanted
    parts: Parts

    @classmethod
    def of(cls, service: Service, direction: Direction, wanted: Wanted, text: str) -> "Sentences":
        """Split the text, unless it is to be taken as one sentence."""
        return cls(service, direction, wanted, split_sentences(text) if wanted.split else Parts([text.strip()], []))

    def translated(self, told: Told | None = None) -> Iterator[Translation | FailedTranslation]:
        """Each sentence's translation, in order. `told` hears words as they come, if the search is greedy."""
        sentences, start, size = self.parts.parts, 0, FIRST
        while start < len(sentences):
            some = sentences[start : start + size]
            yield from self._translated(some, told)
            start, size = start + size, size if told else min(2 * size, MOST)

    def _translated(self, some: Sequence[str], told: Told | None) -> list[Translation | FailedTranslation]:
        ticket, decode = TICKET.get(), self.direction.model.stored.tokenizers[1].decode
        ticket.tell = (lambda tokens: told(decode(tokens))) if told else None
        return translate(self.service, self.direction, replace(self.wanted, texts=some, split=False))

    def joined(
        self, text: str, found: list[Translation | FailedTranslation], skip: bool = False
    ) -> Translation | FailedTranslation:
        """The translation of the text. `skip`: a sentence that failed leaves no text."""
        return together([text], [self.parts], found, self.wanted.options.n_best, skip)[0]
