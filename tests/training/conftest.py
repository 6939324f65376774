"""What the tests of training share: a run that takes no time, on the small corpus."""

import pytest
from commands import options, run
from corpora import QUICK


@pytest.fixture
def quick(small_corpus, tmp_path):
    """Trains a quick run into `tmp_path / name`; gives the outcome."""

    def train(name, *arguments, **settings):
        return run("train", "--pairs", small_corpus / "train.tsv", "--valid-pairs", small_corpus / "valid.tsv", "--out",
                   tmp_path / name, "--device", "cpu", *options(QUICK | settings), *arguments)  # fmt: skip

    return train
