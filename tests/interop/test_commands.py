"""`glassformer export` and `glassformer import`, as a user meets them."""

import importlib.util

import numpy as np
import pytest

from glassformer.glass.trace import trace
from glassformer.interop import FORMATS
from glassformer.translator import Translator
from tests.commands import refusal, run, write
from tests.interop.models import ENGLISH, translator

pytestmark = pytest.mark.filterwarnings("ignore:Recommended. pip install sacremoses", "ignore::ResourceWarning")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    directory = tmp_path_factory.mktemp("model") / "ours"
    translator("targets").save(directory)
    return directory


@pytest.fixture
def alone(monkeypatch):
    """No other program is installed."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


def test_out_and_in_again(model, tmp_path):
    """What the imported one translates and explains is what the exported one does."""
    pytest.importorskip("transformers", reason="needs pip install 'glassformer[hf]'")
    sentences = write(tmp_path / "text", "\n".join(ENGLISH[:5]))
    done = run("export", model, "--to", "hf", "--out", tmp_path / "hf", "--sentences", sentences)
    assert done.status == 0 and "5 sentences" in done.out, done.err
    assert ">>de<< Hello" in (tmp_path / "hf/README.md").read_text()
    assert run("import", tmp_path / "hf", "--out", tmp_path / "back").lines == [str(tmp_path / "back")]
    said = [run("translate", one, "--to", "de", sentences, "--beam", 1).out for one in (model, tmp_path / "back")]
    assert said[0] == said[1] and len(said[0].splitlines()) == 5
    traces = [trace(Translator.load(one), ENGLISH[0], to="de") for one in (model, tmp_path / "back")]
    for name in ("encoder.0.self_attention.weights", "decoder.0.cross_attention.weights", "logits"):
        np.testing.assert_allclose(*(one.values(name) for one in traces), rtol=0, atol=1e-5)
    cell = {"head": 1, "row": 0, "column": 2}
    cells = [one.cell("encoder.1.self_attention.weights", **cell) for one in traces]
    assert cells[0].value == pytest.approx(cells[1].value, abs=1e-5)


@pytest.mark.usefixtures("alone")
def test_without_the_other_program_nothing_is_proven(model, tmp_path):
    done = run("export", model, "--to", "hf", "--out", tmp_path / "hf")
    assert done.out == "not proven: transformers is not installed (pip install 'glassformer[hf]')\n"


@pytest.mark.usefixtures("alone")
def test_only_what_the_command_made_is_replaced(model, tmp_path):
    hf, foreign, back = tmp_path / "hf", tmp_path / "foreign", tmp_path / "back"
    run("export", model, "--to", "hf", "--out", hf)
    assert "is there already" in refusal(run("export", model, "--to", "hf", "--out", hf), 2)
    assert run("export", model, "--to", "hf", "--out", hf, "--force").status == 0
    write(foreign / "mine.txt", "precious")
    link = tmp_path / "link"
    link.symlink_to(hf)
    for out in (foreign, model, link):
        assert "not made by this command" in refusal(run("export", model, "--to", "hf", "--out", out, "--force"), 2)
    assert (foreign / "mine.txt").read_text() == "precious"
    assert run("import", hf, "--out", back).status == 0
    assert "is there already" in refusal(run("import", hf, "--out", back), 2)
    assert run("import", hf, "--out", back, "--force").status == 0
    assert "not made by this command" in refusal(run("import", hf, "--out", model, "--force"), 2)


def test_a_path_that_is_no_model(tmp_path):
    assert "no such directory" in refusal(run("import", tmp_path / "none", "--out", tmp_path / "out"))
    assert "config.json: missing" in refusal(run("import", tmp_path, "--out", tmp_path / "out"))


def test_the_command_line_names_the_formats(tmp_path):
    error = refusal(run("export", tmp_path, "--to", "nothing", "--out", tmp_path / "out"), 2)
    assert all(f"'{name}'" in error for name in FORMATS)
