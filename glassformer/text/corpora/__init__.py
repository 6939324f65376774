"""Built-in corpora, so that a newcomer needs no file: `phrasebook`, `names` and `gettext`."""

from glassformer.text.corpora.corpus import Corpus, load_corpus

__all__ = ["Corpus", "load_corpus"]
