"""Small files of other programs that would take memory or time without end: each is refused at once, in one line."""

import argparse
import io
import zipfile

import numpy as np
import pytest
import torch

from glassformer.errors import InputError
from glassformer.interop import import_model
from glassformer.interop.pickles import unpickled
from tests.commands import refusal, run
from tests.interop.test_broken_models import archive
from tests.interop.test_checkpoints import fair, joey

CALL = b"\x80\x02c%s\n%s\n\x8a\x08" + (1 << 40).to_bytes(8, "little") + b"\x85R."  # a pickle of NAME(2 ** 40)


def rewritten(path, change, **options):
    values = torch.load(path, weights_only=False)
    change(values)
    torch.save(values, path, **options)


def shared(depth):
    """A list of two lists that are the same one, and so on: its text would have 2 ** depth words."""
    value = ["a"]
    for _ in range(depth):
        value = [value, value]
    return value


def large(directory):
    """Options of a model of 64 GB, and tensors of its shapes that show one number again and again."""

    def change(values):
        sizes = {32: 16_384, 48: 131_072}
        for name, value in vars(values["args"]).items():
            setattr(values["args"], name, sizes.get(value, value) if isinstance(value, int) else value)
        values["model"] = {
            name: torch.zeros(1).expand([sizes.get(size, size) for size in tensor.shape])
            for name, tensor in values["model"].items()
        }

    rewritten(directory / "best.pt", change)


def packed(directory):
    rewritten(directory / "best.pt", lambda values: values["model"].update(more=torch.zeros(2_000_000)))
    with zipfile.ZipFile(directory / "best.pt") as archive:
        contents = {one.filename: archive.read(one) for one in archive.infolist()}
    with zipfile.ZipFile(directory / "best.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)


def options(**changes):
    return lambda directory: rewritten(directory / "best.pt", lambda values: vars(values["args"]).update(changes))


def appended(name, text):
    def change(directory):
        with (directory / name).open("a") as file:
            file.write(text)

    return change


def header(directory):
    with zipfile.ZipFile(directory / "model.npz", "a") as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00\x10\x27" + b"[" * 9999 + b"\n")


BASE_60 = f"\nx: 1{':59' * 100_000}\n"
CASES = [
    (fair, large, "would grow from"),
    (fair, packed, "would grow from"),
    (fair, options(activation_fn=shared(60)), "activation_fn = '[[[[[[[["),
    (fair, options(activation_fn=10**5000), "only tensors are read"),
    (joey, appended("config.yaml", BASE_60), "not valid YAML"),
    (joey, appended("config.yaml", BASE_60.replace("\n\n", ".5\n")), "not valid YAML"),
    (joey, appended("config.yaml", "\nx: 1" + ":5" * 190 + ".5\n"), "not valid YAML"),
    (archive("words"), appended("model.npz.decoder.yml", BASE_60), "not YAML"),
    (archive("words"), appended("model.npz.decoder.yml", "#" * (1 << 20)), "1,048,576 are the most"),
    (archive("words"), appended("source.yml", "#" * (8 << 20)), "at most 8,388,608 are read"),
    (archive("words"), appended("source.yml", "\nx: [1]\n"), "not YAML"),
    (archive("words"), header, "not a .npz of numbers"),
]


@pytest.mark.parametrize(("make", "change", "says"), CASES)
def test_it_is_refused_at_once(make, change, says, tmp_path):
    make(tmp_path / "in")
    change(tmp_path / "in")
    assert says in refusal(run("import", tmp_path / "in", "--out", tmp_path / "out"))


def in_archive(data):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/version", b"3")
    return written.getvalue()


def after_the_numbers_of_torch(data):
    """As torch before 1.6 wrote: three pickles, then that of the checkpoint."""
    written = io.BytesIO()
    torch.save(5, written, _use_new_zipfile_serialization=False)
    before = written.getvalue()
    return before[: before.index(b"K\x05.") - 2] + data


@pytest.mark.parametrize("around", [in_archive, after_the_numbers_of_torch, lambda data: b"\0" * 9 + in_archive(data)])
@pytest.mark.parametrize("name", [(b"builtins", b"bytearray"), (b"__builtin__", b"bytearray"), (b"torch", b"zeros")])
def test_no_call_in_a_pickle_takes_memory(around, name, tmp_path):
    (tmp_path / "best.pt").write_bytes(around(CALL % name))
    with pytest.raises(InputError, match="only tensors are read"):
        unpickled(tmp_path / "best.pt")


def test_other_numbers_than_floating_point_ones(tmp_path):
    fair(tmp_path / "in")
    for kind in (torch.float8_e5m2, torch.bool, torch.complex64):
        with pytest.raises(InputError, match=str(kind)):
            rewritten(
                tmp_path / "in" / "best.pt",
                lambda values, kind=kind: values.update(model={k: v.to(kind) for k, v in values["model"].items()}),
            )
            import_model(tmp_path / "in", tmp_path / "out")
        fair(tmp_path / "in")


def test_a_checkpoint_of_torch_before_1_6_is_read(tmp_path):
    fair(tmp_path / "in")
    rewritten(tmp_path / "in" / "best.pt", lambda _: None, _use_new_zipfile_serialization=False)
    assert isinstance(unpickled(tmp_path / "in" / "best.pt")["args"], argparse.Namespace)
    import_model(tmp_path / "in", tmp_path / "out")


def test_an_array_with_one_axis_less_is_told_without_a_warning(tmp_path):
    archive("words")(tmp_path / "in")
    with np.load(tmp_path / "in" / "model.npz") as file:
        arrays = dict(file)
    np.savez(tmp_path / "in" / "model.npz", **arrays | {"encoder_l1_self_Wq": np.float32(1)})
    assert refusal(run("import", tmp_path / "in", "--out", tmp_path / "out"))
