"""What a built-in corpus is."""

from dataclasses import dataclass

from glassformer.text.pairs import Pair


@dataclass(frozen=True)
class Corpus:
    """Sentence pairs in three parts that share no pair."""

    name: str
    train: list[Pair]
    valid: list[Pair]
    test: list[Pair]
