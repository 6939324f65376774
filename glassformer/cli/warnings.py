"""Warnings about translations as stderr has them: a line for each kind, whatever number of translations has it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glassformer.quality_estimation.warnings import TranslationWarning

SHOWN = 3  # lines of text that are named for each kind
WORDS = 3  # of each of them
MEANINGS = {  # of each kind but "cut off", which is said at once
    "spelling": "words that were read as trained ones",
    "unknown": "words that the model was not trained on",
    "lost": "words without one of their usual translations",
    "added": "words in the translation that no word of theirs asks for",
    "invented": "words in the translation that the training text does not have",
    "number": "other numbers than the translation",
    "repetition": "a translation that repeats itself",
    "copied": "a translation that is only a copy",
    "empty": "no translation",
    "unsure": "a translation that the model was unsure of",
}


class GroupedWarnings:
    """Counts warnings by kind, and keeps the first of each kind as examples."""

    def __init__(self) -> None:
        self._lines = 0
        self._counts: dict[str, int] = {}
        self._examples: dict[str, list[str]] = {}

    def add(self, warnings: "Iterable[TranslationWarning]", line: int) -> None:
        """Take in the warnings of the translation of a line; call it for lines without any too."""
        self._lines += 1
        for warning in warnings:
            kind = warning.kind.value
            self._counts[kind] = self._counts.get(kind, 0) + 1
            examples = self._examples.setdefault(kind, [])
            if len(examples) < SHOWN:
                corrected = [f'"{one.word}" as "{one.read}"' for one in warning.corrections]
                words = ", ".join((corrected or [f'"{word}"' for word in warning.words])[:WORDS])
                examples.append(f"line {line:,} {words}".rstrip())

    def taken(self) -> list[str]:
        """A line for each kind, most frequent first; what was counted is forgotten."""
        counts, examples, lines = self._counts, self._examples, self._lines
        self._lines, self._counts, self._examples = 0, {}, {}
        return [
            f"warning: {count:,} of {lines:,} line{'s have' if lines > 1 else ' has'} {MEANINGS[kind]}: "
            f"{', '.join(examples[kind])}{', ...' if count > SHOWN else ''}"
            for kind, count in sorted(counts.items(), key=lambda item: -item[1])
            if kind in MEANINGS
        ]
