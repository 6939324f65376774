"""`glassformer export` and `glassformer import`, as a user meets them."""

import importlib.util
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest

from glassformer.errors import InputError
from glassformer.glass.trace import trace
from glassformer.interop import FORMATS, export_model, torch_transformer
from glassformer.special import EOS
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


class Wrong(torch_transformer.TorchEngine):
    """One of 8 bits that would write `</s>` at every place."""

    def next_tokens(self, _sources, targets):
        return [[EOS] * len(target) for target in targets]


def test_int8_besides_float32_may_stay_unproven(tmp_path, monkeypatch):
    """The graphs of float32 are of use without it; where only int8 was asked for, nothing is written."""
    one = FORMATS["torch"]._replace(engine_int8=Wrong, int8="too")
    monkeypatch.setitem(FORMATS, "onnx", one)
    said = export_model(translator(), "onnx", tmp_path / "out", sentences=ENGLISH[:3]).splitlines()
    assert said[0].startswith("proven by torch.nn") and said[1].startswith(
        "not proven: int8, so use the float32 graphs"
    )
    monkeypatch.setitem(FORMATS, "ctranslate2", one._replace(int8="asked"))
    with pytest.raises(InputError, match="does not compute the same"):
        export_model(translator(), "ctranslate2", tmp_path / "none", sentences=ENGLISH[:3], int8=True)
    assert not (tmp_path / "none").exists()


def test_a_name_that_is_not_utf8(model):
    assert "is not UTF-8" in refusal(run("export", model, "--to", "torch", "--out", "bad\udcff"), 2)


def test_a_model_that_needs_no_import_is_told(model, tmp_path):
    assert "a model of glassformer already" in refusal(run("import", model, "--out", tmp_path / "out"))
    write(tmp_path / "run/log.jsonl", "")
    assert "a run of glassformer" in refusal(run("import", tmp_path / "run", "--out", tmp_path / "out"))
    write(tmp_path / "theirs/model.bin", "")
    assert "a model of CTranslate2" in refusal(run("import", tmp_path / "theirs", "--out", tmp_path / "out"))


def test_a_path_that_is_no_model(tmp_path):
    assert "no such directory" in refusal(run("import", tmp_path / "none", "--out", tmp_path / "out"))
    assert "config.json: missing" in refusal(run("import", tmp_path, "--out", tmp_path / "out"))
    text = write(tmp_path / "text", "the cat")
    assert "no directory, and no .npz" in refusal(run("import", text, "--out", tmp_path / "out"))


HOSTILE = {
    "a FIFO": lambda path: os.mkfifo(path),
    "a folder": lambda path: path.mkdir(),
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "40 GB of nothing": lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 40 << 30),
    "nothing": lambda path: path.write_bytes(b""),
    "what nests": lambda path: path.write_bytes(b'{"a":' + b"[" * 90_000 + b"]" * 90_000 + b"}"),
    "a key twice": lambda path: path.write_bytes(b'{"d_model": 1, "d_model": 2}'),
    "a number that is none": lambda path: path.write_bytes(b'{"d_model": NaN}'),
}


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("name", ["config.json", "vocab.json", "source.spm", "target.spm", "model.safetensors"])
def test_hostile_files_of_another_program(model, tmp_path, name):
    """Refused at once, in a line that names the file; nothing is written."""
    run("export", model, "--to", "hf", "--out", tmp_path / "hf")
    for hostile in HOSTILE.values():
        (tmp_path / "hf" / name).unlink()
        hostile(tmp_path / "hf" / name)
        assert f"hf/{name}" in refusal(run("import", tmp_path / "hf", "--out", tmp_path / "back"))
        assert [one.name for one in tmp_path.iterdir()] == ["hf"]
        if (tmp_path / "hf" / name).is_dir():
            (tmp_path / "hf" / name).rmdir()
            (tmp_path / "hf" / name).touch()


@pytest.mark.usefixtures("alone")
def test_a_file_of_another_program_that_may_not_be_read(without_root):
    with tempfile.TemporaryDirectory(dir=without_root) as folder:
        theirs = Path(folder, "hf")
        export_model(translator(), "hf", theirs)
        (theirs / "config.json").chmod(0)
        assert "config.json: cannot be read: Permission denied" in refusal(
            run("import", theirs, "--out", Path(folder, "out"))
        )


def test_the_command_line_names_the_formats(tmp_path):
    error = refusal(run("export", tmp_path, "--to", "nothing", "--out", tmp_path / "out"), 2)
    assert all(f"'{name}'" in error for name in FORMATS)
