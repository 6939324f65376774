"""Tokenizers that are kept for the next training on the same text."""

import pytest

from glassformer.data.tokenizers import stored_tokenizers
from glassformer.text.tokenizer import Tokenizer
from tests.letters import letters


@pytest.fixture(scope="module")
def tokenizers():
    joint = Tokenizer.train([text for pair in letters(50) for text in pair], 273)
    return joint, joint


def test_tokenizers_are_trained_once(tmp_path, tokenizers):
    trained = []

    def train():
        trained.append(1)
        return tokenizers

    for _ in range(2):
        source, target = stored_tokenizers(tmp_path / "t", train)
        assert source is target
        assert source.to_bytes() == tokenizers[0].to_bytes()
    (tmp_path / "t" / "source.spm").write_bytes(b"damaged")
    assert stored_tokenizers(tmp_path / "t", train) == tokenizers
    assert len(trained) == 2
