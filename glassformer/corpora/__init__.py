"""Built-in corpora, so that a newcomer needs no file: `phrasebook`, `names` and `gettext`."""

from glassformer.corpora.corpus import Corpus
from glassformer.errors import UsageError, nearest

__all__ = ["Corpus", "load_corpus"]


def load_corpus(name: str, seed: int = 1) -> Corpus:
    """Build the corpus `name`: `phrasebook`, `names[:LANGUAGE]`, or `gettext:LANGUAGE` (hi if none is named).

    Raises UsageError for an unknown name.
    """
    # Imported here: each corpus loads its lexicon or its package only when asked for.
    kind, _, language = name.partition(":")
    if kind == "phrasebook":
        from glassformer.corpora.phrasebook import load_phrasebook

        return load_phrasebook(seed)
    if kind == "names":
        from glassformer.corpora.names import load_names

        return load_names(language or "hi", seed)
    if kind == "gettext":
        from glassformer.corpora.gettext import load_gettext

        return load_gettext(language or "hi", seed)
    raise UsageError(f"unknown corpus '{name}'; {nearest(kind, ['phrasebook', 'names', 'gettext'])}")
