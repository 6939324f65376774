"""safetensors files: read as the library reads them, and told where they are cut off, in whatever moment."""

import json
import os
import random
import shutil

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from glassformer.errors import InputError
from glassformer.model_directory import open_model, read_tensors
from glassformer.quantize import quantize
from glassformer.tensor_file import TensorFile
from glassformer.text.pairs import Pair
from glassformer.training.run.checkpoint import average_parameters
from glassformer.training.run.state import checkpoint_problem

WEIGHTS = "model.safetensors"


def test_every_type_of_number_is_as_the_library_reads_it(tmp_path):
    tensors = {
        str(dtype): (torch.arange(24).reshape(2, 3, 4) % 2).to(dtype)
        for dtype in (torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16,
                      torch.bfloat16, torch.float32, torch.float64)
    }  # fmt: skip
    tensors |= {"none": torch.empty(0, 3), "one": torch.tensor(1.5), "long name \u20ac": torch.ones(1)}
    data = save(tensors, {"format": "pt"})
    (tmp_path / "a.safetensors").write_bytes(data)
    ours, theirs = dict(read_tensors(tmp_path / "a.safetensors")), load(data)
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        assert ours[name].dtype == tensor.dtype
        assert torch.equal(ours[name], tensor), name


def test_what_the_library_refuses_is_refused(tmp_path):
    """Headers with a byte that is another, and files that are too short or too long."""
    chance, path = random.Random(5), tmp_path / "a.safetensors"
    data = save({"a": torch.ones(3, 2), "b": torch.ones(4, dtype=torch.int8)})
    header = int.from_bytes(data[:8], "little") + 8
    refused = 0
    for _ in range(1500):
        altered = bytearray(data)
        for _ in range(chance.randint(1, 2)):
            altered[chance.randrange(header)] = chance.choice(b'0123456789"{}[],:aFI-. ')
        altered = chance.choice([altered, altered, altered[: chance.randrange(len(data))], altered + b"0"])
        path.write_bytes(altered)
        try:
            load(bytes(altered))
        except SafetensorError:
            refused += 1
            with pytest.raises(InputError, match="truncated or not a safetensors file"):
                dict(read_tensors(path))
    assert 500 < refused < 1500


@pytest.mark.parametrize("axes", [[2] * 900_000, [2**1000] * 40_000, [1] * 65])
def test_a_tensor_has_no_more_axes_than_any_program_gives_it(axes, tmp_path):
    """Whose product would be computed for hours before it is compared with the size."""
    header = json.dumps({"a": {"dtype": "F32", "shape": axes, "data_offsets": [0, 4]}}).encode()
    (tmp_path / "a.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    with pytest.raises(InputError, match="a size that is none"):
        dict(read_tensors(tmp_path / "a.safetensors"))


@pytest.fixture
def cut_off(monkeypatch):
    """Makes every safetensors file lose its second half in the moment after its header was read."""
    read = TensorFile.__init__

    def read_and_cut(self, file):
        read(self, file)
        if os.environ.get("CUT_OFF", WEIGHTS) in file.name.rpartition("/")[2]:
            os.truncate(file.name, os.fstat(file.fileno()).st_size // 2)

    return lambda: monkeypatch.setattr(TensorFile, "__init__", read_and_cut)


def load_eager(directory):
    open_model(directory).load()


def load_arrays(directory):
    list(open_model(directory).weights())


@pytest.mark.parametrize("load_it", [load_eager, load_arrays])
@pytest.mark.parametrize("quantized", [False, True])
def test_weights_that_are_cut_off_while_they_are_read(copying, tmp_path, cut_off, quantized, load_it):
    """A memory map of them would end the process."""
    model = tmp_path / "model"
    if quantized:
        quantize(copying.path / "best", model, [Pair("a b", "a b")], largest_loss=100)
    else:
        shutil.copytree(copying.path / "best", model)
    (model / "checksums.json").unlink()  # so that the reader itself is the first that opens them
    cut_off()
    with pytest.raises(InputError, match="was cut off while it was read"):
        load_it(model)


@pytest.mark.parametrize("name", [WEIGHTS, "training_state.safetensors"])
def test_a_checkpoint_that_is_cut_off_while_it_is_looked_at(copying, tmp_path, cut_off, monkeypatch, name):
    (path,) = (copying.path / "checkpoints").iterdir()
    checkpoint = shutil.copytree(path, tmp_path / path.name)
    monkeypatch.setattr("glassformer.training.run.state.integrity_problem", lambda checkpoint: "")
    assert checkpoint_problem(checkpoint) == ""
    monkeypatch.setenv("CUT_OFF", name)
    cut_off()
    assert name in checkpoint_problem(checkpoint)


def test_weights_that_are_cut_off_while_they_are_averaged(copying, tmp_path, cut_off):
    model = shutil.copytree(copying.path / "best", tmp_path / "model")
    cut_off()
    with pytest.raises(InputError, match="was cut off while it was read"):
        average_parameters([model])
