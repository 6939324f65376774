"""What every test runs under, and what the end-to-end tests share: models trained once, when a test first asks."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from glassformer.text.tokenizer import Tokenizer
from tests.commands import options, run
from tests.letters import SMALL, letter_tokenizer, letters, write_tsv

NOBODY = 65534  # the user who owns nothing, on Linux


@pytest.fixture(scope="session", autouse=True)
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The same for all tests, whoever runs them, and for the processes that they start."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # a shell ignores Ctrl-C for what it runs in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    torch.set_num_threads(1)  # one order of summation, so that equal runs give equal bits
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")  # the same, for the processes
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))  # tokenized corpora are kept there
        patch.delenv("PYTHONUNBUFFERED", raising=False)  # output is buffered, as a user's is
        yield


@pytest.fixture
def without_root() -> Iterator[Path]:
    """A folder of somebody who may not read everything: root, who may, is nobody for the test."""
    folder = Path(tempfile.mkdtemp())
    if os.geteuid() != 0:
        yield folder
    else:
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
        try:
            yield folder
        finally:
            os.seteuid(0)
    shutil.rmtree(folder)


def pytest_configure() -> None:
    settings.register_profile("tests", deadline=None, max_examples=40)  # a busy machine is no failure
    settings.load_profile("tests")


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return letter_tokenizer()


@dataclass(frozen=True)
class Trained:
    """A run, how it was made, and the pairs it was not trained on."""

    path: Path
    held_out: list[tuple[str, str]]
    command: tuple[str, ...]
    err: str


def _trained(folder: Path, reverse: bool, **changes: object) -> Trained:
    pairs = letters(1600, reverse)
    train, valid = write_tsv(folder / "train.tsv", pairs[100:]), write_tsv(folder / "valid.tsv", pairs[:100])
    command = ("train", "--pairs", str(train), "--valid-pairs", str(valid), "--out", str(folder / "run"), "--device",
               "cpu", *options(SMALL | changes))  # fmt: skip
    outcome = run(*command)
    assert outcome.status == 0, outcome.err
    return Trained(folder / "run", pairs[:100], command, outcome.err)


@pytest.fixture(scope="session")
def reversing(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A model that has learnt to reverse letters, with several validations and checkpoints."""
    return _trained(
        tmp_path_factory.mktemp("reversing"),
        reverse=True,
        max_steps=450,
        validate_every=150,
        validate_sentences=50,
        checkpoint_every=75,
        keep_checkpoints=3,
        average_last=2,
        schedule="inverse_sqrt",  # with a rate that keeps the weights moving, so that their average is the better
        learning_rate=0.01,
    )


@pytest.fixture(scope="session")
def copying(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A model that has learnt to copy letters."""
    return _trained(
        tmp_path_factory.mktemp("copying"), reverse=False, max_steps=250, validate_every=250, checkpoint_every=250
    )


@pytest.fixture(scope="session")
def small_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with train.tsv (60 pairs) and valid.tsv (8)."""
    folder, pairs = tmp_path_factory.mktemp("corpus"), letters(68)
    write_tsv(folder / "train.tsv", pairs[8:])
    write_tsv(folder / "valid.tsv", pairs[:8])
    return folder
