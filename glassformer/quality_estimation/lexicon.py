"""The words that a model was trained on, and what the training text says must come with them."""

from collections import Counter
from collections.abc import Iterable, KeysView, Mapping, Sequence
from dataclasses import dataclass, field

from glassformer.errors import InputError
from glassformer.quality_estimation.association import EXCEPTIONS, expected_words
from glassformer.quality_estimation.words import count_words, words_of

VERSION = 2  # of what a lexicon holds; part of its key in the cache
MOST_WORDS = 200_000  # of each side, the most frequent
PAIRS = 40_000  # from which it is learnt what comes with what, evenly drawn
LARGEST = 256 << 20  # bytes of its file
SIDES = "source", "target"

Entries = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Lexicon:
    """Each side's words; with a word, those of the other side of which one is expected, if the data says so.

    Words are as `words_of` gives them.
    """

    source: Entries = field(default_factory=dict)
    target: Entries = field(default_factory=dict)

    @classmethod
    def from_pairs(cls, sources: Sequence[str], targets: Sequence[str]) -> "Lexicon":
        """Learn it from normalised text, in time and memory that grow with the text."""
        step = max(1, -(-len(sources) // PAIRS))
        pairs = [
            (frozenset(words_of(source)), frozenset(words_of(target)))
            for source, target in zip(sources[::step], targets[::step], strict=True)
        ]
        reversed_pairs = [(target, source) for source, target in pairs]
        return cls(_entries(sources, expected_words(pairs)), _entries(targets, expected_words(reversed_pairs)))

    def checked(self, sources: Sequence[str], targets: Sequence[str]) -> "Lexicon":
        """Without what is expected of words where these normalised pairs, of the validation set, say otherwise."""
        pairs = [
            (words_of(source).keys(), words_of(target).keys()) for source, target in zip(sources, targets, strict=True)
        ]
        reversed_pairs = [(target, source) for source, target in pairs]
        return Lexicon(_kept(self.source, pairs), _kept(self.target, reversed_pairs))

    def __bool__(self) -> bool:
        return bool(self.source)

    def __or__(self, other: "Lexicon") -> "Lexicon":
        """The words of both; what is expected is as `other` says where it knows the word."""
        return Lexicon({**self.source, **other.source}, {**self.target, **other.target})

    def to_bytes(self) -> bytes:
        """As a text file: side, word and expected words, tabs between the three and spaces between the last."""
        entries = zip(SIDES, (self.source, self.target), strict=True)
        lines = (
            f"{side}\t{word}\t{' '.join(expected)}\n" for side, words in entries for word, expected in words.items()
        )
        return "".join(lines).encode()

    @classmethod
    def from_bytes(cls, file: bytes, name: str) -> "Lexicon":
        """Read what `to_bytes` wrote; InputError, with the file's name, for anything else."""
        sides: dict[str, dict[str, tuple[str, ...]]] = {side: {} for side in SIDES}
        try:
            for line in file.decode().split("\n")[:-1]:
                side, word, expected = line.split("\t")
                sides[side][word] = tuple(expected.split())
        except (ValueError, KeyError) as error:
            raise InputError(f"{name}: truncated or not a lexicon; copy the model again") from error
        return cls(**sides)


def _kept(entries: Entries, pairs: Sequence[tuple[KeysView[str], KeysView[str]]]) -> dict[str, tuple[str, ...]]:
    """The entries; those that fail too often lose what is expected."""
    seen, failed = Counter[str](), Counter[str]()
    for words, others in pairs:
        expecting = [word for word in words if entries.get(word)]
        seen.update(expecting)
        failed.update(word for word in expecting if others.isdisjoint(entries[word]))
    return {word: () if failed[word] > EXCEPTIONS * seen[word] else expected for word, expected in entries.items()}


def _entries(texts: Iterable[str], expected: Entries) -> dict[str, tuple[str, ...]]:
    """The most frequent words of the texts in the order of the alphabet, with what is expected of each."""
    counts = count_words(texts)
    kept = sorted(counts, key=lambda word: (-counts[word], word))[:MOST_WORDS]
    return {word: expected.get(word, ()) for word in sorted(kept)}
