"""What a built-in corpus is, and the table of those there are."""

from dataclasses import dataclass

from glassformer.errors import UsageError, nearest
from glassformer.text.pairs import Pair


@dataclass(frozen=True)
class Corpus:
    """Sentence pairs in three parts that share no pair."""

    name: str
    train: list[Pair]
    valid: list[Pair]
    test: list[Pair]


def load_corpus(name: str, seed: int = 1) -> Corpus:
    """Build the corpus `name`: `phrasebook`, `names`, or `gettext:LANGUAGE` (as in `gettext:hi`).

    Raises UsageError for an unknown name.
    """
    # Imported here: each corpus loads its lexicon or its package only when asked for.
    kind, _, language = name.partition(":")
    if kind == "phrasebook":
        from glassformer.text.corpora.phrasebook import load_phrasebook

        return load_phrasebook(seed)
    if kind == "names":
        from glassformer.text.corpora.names import load_names

        return load_names(language or "hi", seed)
    if kind == "gettext":
        from glassformer.text.corpora.gettext import load_gettext

        return load_gettext(language or "hi", seed)
    known = ["phrasebook", "names", "gettext"]
    raise UsageError(f"unknown corpus '{name}'; {nearest(kind, known)}")
