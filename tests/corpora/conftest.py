"""The phrasebook as a whole, drawn once for all tests of a process."""

import pytest

from glassformer.corpora.phrasebook import corpus as phrasebook_corpus
from glassformer.corpora.phrasebook import generate
from glassformer.corpora.phrasebook.units import Sentence


@pytest.fixture(scope="session")
def sentences() -> list[Sentence]:
    return generate(1)


@pytest.fixture(scope="session")
def parts(sentences: list[Sentence]) -> dict[str, list[Sentence]]:
    return phrasebook_corpus.split(sentences, 1)
