"""The words that a model was trained on, and what the training text says must come with them."""

from collections import Counter
from collections.abc import Iterable, KeysView, Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from itertools import chain

from glassformer.errors import InputError
from glassformer.quality_estimation.association import EXCEPTIONS, expected_words
from glassformer.quality_estimation.words import count_words, said_again, word_sequence, words_of

VERSION = 4  # of what a lexicon holds; part of its key in the cache
MOST_WORDS = 200_000  # of each side, the most frequent
PAIRS = 40_000  # from which it is learnt what comes with what, evenly drawn
LARGEST = 256 << 20  # bytes of its file
PARTS = "source", "target", "once"
UNCOUNTED = 2  # what a word counts as in a lexicon without counts: neither rare nor frequent

Entries = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Lexicon:
    """Each side's words; with a word, those of the other side of which one is expected, if the data says so.

    Words are as `words_of` gives them. `once` has the target's words that are said as often as the source has one of
    what is expected with them, and no oftener: of "ein" that need not be so, nor of a noun that is there for an "it".
    `counts` has how often the training text has each of the source's words.
    """

    source: Entries = field(default_factory=dict)
    target: Entries = field(default_factory=dict)
    once: frozenset[str] = frozenset()
    counts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def from_pairs(cls, sources: Sequence[str], targets: Sequence[str]) -> "Lexicon":
        """Learn it from normalised text, in time and memory that grow with the text."""
        step = max(1, -(-len(sources) // PAIRS))
        pairs = [
            (frozenset(words_of(source)), frozenset(words_of(target)))
            for source, target in zip(sources[::step], targets[::step], strict=True)
        ]
        reversed_pairs = [(target, source) for source, target in pairs]
        expected = expected_words(reversed_pairs)
        once = expected.keys() - _repeated(sources[::step], targets[::step], expected)
        counts, others = _most_frequent(sources), _most_frequent(targets)
        entries = _entries(counts, expected_words(pairs)), _entries(others, expected)
        return cls(*entries, frozenset(once), counts)

    def checked(self, sources: Sequence[str], targets: Sequence[str]) -> "Lexicon":
        """Without what is expected of words where these normalised pairs, of the validation set, say otherwise."""
        once = self.once - _repeated(sources, targets, self.target)
        pairs = [
            (words_of(source).keys(), words_of(target).keys()) for source, target in zip(sources, targets, strict=True)
        ]
        reversed_pairs = [(target, source) for source, target in pairs]
        return Lexicon(_kept(self.source, pairs), _kept(self.target, reversed_pairs), once, self.counts)

    def __bool__(self) -> bool:
        return bool(self.source)

    def __or__(self, other: "Lexicon") -> "Lexicon":
        """The words of both, a word as often as in the one that has it oftener; what is expected is as `other` says
        where it knows the word. Of a lexicon and itself, itself."""
        once = (self.once - other.target.keys()) | other.once
        counts = Counter(self.counts) | Counter(other.counts)
        return Lexicon({**self.source, **other.source}, {**self.target, **other.target}, once, counts)

    def to_bytes(self) -> bytes:
        """As a text file: part, word and expected words, tabs between the three and spaces between the last; behind a
        tab how often the word was there, if it is of the source."""
        lines = [
            *(_line("source", word, self.source[word], self.counts.get(word, UNCOUNTED)) for word in self.source),
            *(_line("target", word, self.target[word]) for word in self.target),
            *(_line("once", word, ()) for word in sorted(self.once)),
        ]
        return "".join(lines).encode()

    @classmethod
    def from_bytes(cls, file: bytes, name: str) -> "Lexicon":
        """Read what `to_bytes` wrote, which once had no counts; InputError, with the file's name, for anything else."""
        parts: dict[str, dict[str, str]] = {part: {} for part in PARTS}
        counts: dict[str, int] = {}
        try:
            if file and not file.endswith(b"\n"):
                raise ValueError("a line that does not end")
            for line in StringIO(file.decode()):
                part, word, columns = line[:-1].split("\t", 2)
                parts[part][word] = columns
            source, target, once = parts.values()
            for word, columns in source.items():
                source[word], tab, count = columns.partition("\t")
                counts[word] = int(count) if tab else UNCOUNTED
            if any("\t" in columns for columns in chain(target.values(), once.values())):
                raise ValueError("a column too many")
        except (ValueError, KeyError) as error:
            raise InputError(f"{name}: truncated or not a lexicon; copy the model again") from error
        return cls(_split(source), _split(target), frozenset(once), counts)


def _split(entries: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """With each word those that are expected with it; most have none, and need no splitting."""
    return {word: tuple(expected.split()) if expected else () for word, expected in entries.items()}


def _line(part: str, word: str, expected: Sequence[str], *count: int) -> str:
    return "\t".join([part, word, " ".join(expected), *map(str, count)]) + "\n"


def _repeated(sources: Sequence[str], targets: Sequence[str], expected: Entries) -> set[str]:
    """The targets' words that too many of these pairs say oftener than what is expected with them."""
    seen, again = Counter[str](), Counter[str]()
    for source, target in zip(sources, targets, strict=True):
        seen.update(words_of(target).keys())
        again.update(said_again(source, word_sequence(target), expected))
    return {word for word, count in again.items() if count > EXCEPTIONS * seen[word]}


def _kept(entries: Entries, pairs: Sequence[tuple[KeysView[str], KeysView[str]]]) -> dict[str, tuple[str, ...]]:
    """The entries; those that fail too often lose what is expected."""
    seen, failed = Counter[str](), Counter[str]()
    for words, others in pairs:
        expecting = [word for word in words if entries.get(word)]
        seen.update(expecting)
        failed.update(word for word in expecting if others.isdisjoint(entries[word]))
    return {word: () if failed[word] > EXCEPTIONS * seen[word] else expected for word, expected in entries.items()}


def _most_frequent(texts: Iterable[str]) -> dict[str, int]:
    """The most frequent words of the texts in the order of the alphabet, and how often each is there."""
    counts = count_words(texts)
    kept = sorted(counts, key=lambda word: (-counts[word], word))[:MOST_WORDS]
    return {word: counts[word] for word in sorted(kept)}


def _entries(words: Iterable[str], expected: Entries) -> dict[str, tuple[str, ...]]:
    """The words, with what is expected of each."""
    return {word: expected.get(word, ()) for word in words}
