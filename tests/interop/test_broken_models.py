"""Thousands of broken models of every format: each is refused in one clear line, or is a model that translates."""

import shutil
from pathlib import Path

import pytest

from glassformer.interop import export_model
from glassformer.translator import Translator
from tests.commands import refusal, run
from tests.interop import broken, relatives
from tests.interop.models import ENGLISH, opus, translator
from tests.interop.test_checkpoints import fair, joey

EVERY = 9  # of the cases, one; 1 is all of them, about 3,400 in two minutes
LONGEST = 500  # characters of a line
ARCHIVES = Path(__file__).parent / "marian"


def torch_transformer(directory):
    export_model(translator(), "torch", directory, sentences=ENGLISH[:1])


def ours_as_marian(directory):
    export_model(translator("separate"), "hf", directory, sentences=ENGLISH[:1])


def archive(kind):
    def copy(directory):
        shutil.copytree(ARCHIVES / kind, directory, ignore=shutil.ignore_patterns("said.json"))

    return copy


WITH_TRANSFORMERS = {
    "marian": opus, "m2m100": relatives.m2m100, "nllb": relatives.nllb, "mbart50": relatives.mbart50,
    "mbart25": relatives.mbart25, "bart": relatives.bart, "ours": ours_as_marian,
}  # fmt: skip
MAKE = WITH_TRANSFORMERS | {
    "fairseq": fair, "joeynmt": joey, "torch": torch_transformer, "words": archive("words"), "pieces": archive("pieces")
}  # fmt: skip


@pytest.mark.parametrize("kind", MAKE)
def test_one_clear_line_or_a_model(kind, tmp_path):
    if kind in WITH_TRANSFORMERS:
        pytest.importorskip("transformers", reason="needs pip install 'glassformer[hf]'")
    MAKE[kind](tmp_path / "whole")
    cases = list(broken.cases(tmp_path / "whole"))
    refused = sum(is_refused(change, tmp_path / str(number)) for number, (_, change) in enumerate(cases[::EVERY]))
    assert len(cases) > 100 and refused > len(cases) // EVERY // 4


def is_refused(change, folder):
    """Whether a damaged copy is refused; if not, its model must translate."""
    directory = broken.copied(folder.parent / "whole", folder / "in", change)
    done = run("import", directory, "--out", folder / "out")
    if done.status:
        line = refusal(done).replace(str(directory), "")
        assert line.isprintable() and len(line) < LONGEST
        assert not (folder / "out").exists()
    else:
        assert not done.err
        translates(Translator.load(folder / "out"))
    shutil.rmtree(folder)
    return done.status == 1


def translates(ours):
    to = "-".join(ours.targets[:2]) if ours.source_tokenizer.is_two_sided else next(iter(ours.targets), None)
    (said,) = ours.translate(["the cat"], beam=1, max_length=5, to=to)
    assert not said.error, said.error
