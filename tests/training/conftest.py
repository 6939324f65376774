"""What the tests of training share: a run that takes no time, on the small corpus, and a way to disturb it."""

import pytest

from glassformer.training.update.objective import Objective
from tests.commands import options, run
from tests.letters import QUICK


@pytest.fixture
def quick(small_corpus, tmp_path):
    """Trains a quick run into `tmp_path / name`; gives the outcome."""

    def train(name, *arguments, **settings):
        return run("train", "--pairs", small_corpus / "train.tsv", "--valid-pairs", small_corpus / "valid.tsv", "--out",
                   tmp_path / name, "--device", "cpu", *options(QUICK | settings), *arguments)  # fmt: skip

    return train


@pytest.fixture
def at_update(monkeypatch):
    """`at_update(change)`: `change(number, model, loss)` gives the loss of each update instead, numbered from 1."""

    def changing(change):
        forward, updates = Objective.forward, []

        def changed(self, *ids):
            if not self.model.training:
                return forward(self, *ids)
            updates.append(None)
            return change(len(updates), self.model, lambda: forward(self, *ids))

        monkeypatch.setattr(Objective, "forward", changed)

    return changing
