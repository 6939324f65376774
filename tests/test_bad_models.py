"""What can be wrong with a model's directory: each file missing, truncated, or of another model."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from glassformer.errors import InputError
from glassformer.text.tokenizer import Tokenizer
from glassformer.translator import Translator
from tests.commands import refusal, run, write
from tests.letters import letters, tsv


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Relative names, so that messages can be given in full."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def model(reversing):
    """A model directory of one's own to spoil."""
    model = Path(shutil.copytree(reversing.path / "best", "model"))
    (model / "checksums.json").unlink()  # with them, any change is told at once
    return model


def test_tokenizers_that_do_not_belong_together(model):
    """One vocabulary for both sides, but files whose pieces differ, though they are as many."""
    texts = ["x y z w v u"] * 40
    size = Tokenizer.load(model / "target.spm").vocab_size
    write(model / "target.spm", Tokenizer.train(texts, size, "bpe").to_bytes())
    assert "have other pieces than each other, but the model has one vocabulary" in spoilt()


def spoilt(*arguments):
    """The refusal that every command gives of the spoilt model."""
    write(Path("s.txt"), "a b\n")
    lines = {
        refusal(run("translate", "model", "s.txt")),
        refusal(run("info", "model")),
        refusal(run("score", "model", "--source", "s.txt", "--target", "s.txt")),
        refusal(run("evaluate", "model", "--source", "s.txt", "--reference", "s.txt")),
    }
    assert len(lines) == 1
    return lines.pop()


def test_a_model_that_is_not_there():
    assert spoilt() == "model: no such model; give a model directory or a run directory"


def test_a_directory_that_is_no_model():
    Path("model").mkdir()
    assert spoilt() == "model: not a model directory (no config.json), and no run with a saved model"


def test_a_file_that_is_no_model():
    write(Path("model"), tsv(letters(12)))
    assert spoilt() == "model: not a model directory (no config.json), and no run with a saved model"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("config.json", "model: not a model directory (no config.json)"),
        ("model.safetensors", "model/model.safetensors: missing; copy the whole model directory"),
        ("source.spm", "model/source.spm: missing, and so is tokenizer.spm; copy the whole model directory"),
        ("card.json", "model/card.json: missing; copy the whole model directory"),
    ],
)
def test_a_missing_file(model, name, message):
    (model / name).unlink()
    assert spoilt().startswith(message)


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99])
@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "source.spm", "target.spm", "card.json"])
def test_a_truncated_file(model, name, share):
    data = (model / name).read_bytes()
    (model / name).write_bytes(data[: int(share * len(data))])
    line = spoilt()
    assert line.startswith((f"model/{name}: ", "model: the source tokenizer has"))
    assert line.endswith(("copy it again", "copy the tokenizer again", "the files are not of one model"))


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "source.spm", "target.spm", "card.json"])
def test_a_file_of_something_else(model, name):
    (model / name).write_bytes(b"\x93NUMPY and more" * 500)
    assert spoilt().startswith(f"model/{name}: ")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"d_model": 32}, "tensor 'source_embedding.token.weight' is (273, 64) but config.json makes it (273, 32)"),
        ({"vocab_size": 274}, "the source tokenizer has 273 pieces but config.json says 274"),
        ({"decoder_layers": 1}, "does not belong to this model; the file does not fit config.json"),
        ({"decoder_layers": 3}, "is missing; the file does not fit config.json"),
        ({"num_heads": 3}, "model/config.json: not a config of this version: num_heads = 3 does not divide"),
        ({"d_model": "64"}, "model/config.json: not a config of this version: model/config.json: d_model = '64'"),
        ({"heads": 4}, "model/config.json: unknown config key 'heads'; did you mean 'num_heads'?"),
    ],
)
def test_a_config_that_does_not_fit(model, changes, message):
    values = json.loads((model / "config.json").read_text())
    write(model / "config.json", json.dumps(values | changes))
    assert message in spoilt()


def test_a_config_without_a_needed_key(model):
    values = json.loads((model / "config.json").read_text())
    del values["vocab_size"]
    write(model / "config.json", json.dumps(values))
    assert "vocab_size is missing" in spoilt()


def test_weights_of_another_model(model, copying):
    other = {name: weight[:, :32].contiguous() if weight.dim() == 2 else weight for name, weight in
             load_file(copying.path / "best/model.safetensors").items()}  # fmt: skip
    save_file(other, model / "model.safetensors")
    assert "the files are not of one model" in spoilt()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers(model, value):
    weights = load_file(model / "model.safetensors")
    name = "decoder.1.feed_forward.inner.weight" if "decoder.1.feed_forward.inner.weight" in weights else min(weights)
    weights[name].view(-1)[3] = value
    save_file(weights, model / "model.safetensors")
    line = spoilt()
    assert line == f"model/model.safetensors: tensor '{name}' holds NaN or infinity; use an earlier checkpoint"


def test_a_device_that_is_not_there(model):
    if torch.cuda.is_available():
        pytest.skip("here it is there")
    for name in ("cuda", "meta"):
        line = refusal(run("translate", "model", "--device", name, stdin="a b\n"))
        assert line == f"--device {name}: this machine or this build of torch has no such device; use cpu"


def test_a_model_that_may_not_be_seen(without_root):
    (without_root / "model").mkdir(mode=0)
    with pytest.raises(InputError, match="Permission denied"):
        Translator.load(without_root / "model")
