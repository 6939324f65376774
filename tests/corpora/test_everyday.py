"""The everyday sentences: not in the corpus, well formed, and measured by a script that can fail."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from glassformer.corpora.phrasebook import generate, unseen_patterns

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def everyday() -> ModuleType:
    """The script benchmarks/everyday.py as a module."""
    spec = importlib.util.spec_from_file_location("everyday", ROOT / "benchmarks" / "everyday.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["everyday"] = module
    spec.loader.exec_module(module)
    return module


def test_a_hundred_sentences(everyday: ModuleType) -> None:
    rows = everyday.read(everyday.FILE)
    assert len(rows) == len({everyday.plain(source) for source, _, _ in rows}) == 100
    for source, accepted, tries in rows:
        assert source.isprintable()
        assert tries
        assert all(any("\u0900" <= letter <= "\u097f" for letter in text) for text in accepted)
        assert len(accepted) == len({everyday.plain(text) for text in accepted})


def test_none_is_in_the_corpus(everyday: ModuleType) -> None:
    """Letter case, final punctuation and the kind of apostrophe aside."""
    known = {everyday.plain(sentence.source) for sentence in (*generate(1), *unseen_patterns(1))}
    for source, _, _ in everyday.read(everyday.FILE):
        assert everyday.plain(source.replace("\u2019", "'")) not in known


def test_what_counts_as_the_same(everyday: ModuleType) -> None:
    assert everyday.plain("नमस्ते, मेरे दोस्त!") == everyday.plain("नमस्ते मेरे दोस्त\u0964")
    assert everyday.plain("वह बड़ा है") == everyday.plain("वह बड़ा है")  # the nukta in either form
    assert everyday.plain("हम दोस्त हैं") != everyday.plain("हम दोस्त है")
