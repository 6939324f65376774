"""What the tests of training share: a run that takes no time, on the small corpus."""

import pytest

from tests.commands import options, run
from tests.commands import train as train_in_python
from tests.letters import QUICK


@pytest.fixture
def quick(small_corpus, tmp_path):
    """Trains a quick run into `tmp_path / name`; gives the outcome. A `callback` follows it from Python."""

    def train(name, *arguments, callback=None, **settings):
        train_pairs, valid_pairs = (str(small_corpus / f"{part}.tsv") for part in ("train", "valid"))
        if callback:
            pairs = {"pairs": [train_pairs], "valid_pairs": [valid_pairs]}
            return train_in_python(callback, out=tmp_path / name, **pairs, **QUICK | settings)
        return run("train", "--pairs", train_pairs, "--valid-pairs", valid_pairs, "--out", tmp_path / name, "--device",
                   "cpu", *options(QUICK | settings), *arguments)  # fmt: skip

    return train
