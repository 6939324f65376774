"""Small files of other programs that would take memory or time without end: each is refused at once, in one line."""

import argparse
import contextlib
import io
import json
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from glassformer.errors import InputError
from glassformer.interop import bart, import_model
from glassformer.interop.pickles import unpickled
from tests.commands import refusal, run, write
from tests.interop.test_broken_models import archive
from tests.interop.test_checkpoints import fair, joey
from tests.strange import shared

CALL = b"\x80\x02c%s\n%s\n\x8a\x08" + (1 << 40).to_bytes(8, "little") + b"\x85R."  # a pickle of NAME(2 ** 40)


def rewritten(path, change, **options):
    values = torch.load(path, weights_only=False)
    change(values)
    torch.save(values, path, **options)


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


def array(text, data=b""):
    """Adds an array to an archive, whose header is a text and whose numbers are some bytes."""

    def change(directory):
        header = text.encode() + b"\n"
        with zipfile.ZipFile(directory / "model.npz", "a") as archive:
            archive.writestr("x.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data)

    return change


def misspelt(directory):
    """Puts a byte with which no text in UTF-8 begins into a piece of a SentencePiece file."""
    path = directory / "joint.spm"
    path.write_bytes(path.read_bytes().replace("▁".encode(), b"\x82\x96\x81", 1))


def floats(shape):
    return f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}"


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
    (archive("pieces"), misspelt, "joint.spm: a piece in it is not UTF-8"),
    (archive("words"), array("[" * 9999), "not a .npz of numbers"),
    (
        archive("words"),
        array(floats(f"({1 << 40},)"), bytes(96)),
        "'x' should be float32 of the shape (1099511627776,), but has 96 bytes",
    ),
    (
        archive("words"),
        array(floats("(4294967296, 4294967296)")),
        "shape (4294967296, 4294967296), but has 0 bytes",
    ),
    (archive("words"), array(floats("(23,)"), bytes(96)), "'x' should be float32 of the shape (23,), but has 96 bytes"),
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


def nested(times, width):
    """Code for a tuple of `width` times the same tuple, and so on."""
    head = b"K\1"
    return head + (b"q\0" + b"h\0" * (width - 1) + (b"\x85" if width == 1 else b"\x86")) * times


def key(code):
    return b"}" + code + b"Ns."


def call(name, *arguments):
    """Code for NAME(arguments)."""
    return b"c" + name.replace(b" ", b"\n") + b"\n(" + b"".join(arguments) + b"tR"


def number(value):
    return b"\x8a\x14" + value.to_bytes(20, "little", signed=True)


def long_text(text):
    return b"X" + len(text).to_bytes(4, "little") + text


HEX = long_text(b"hex")
ENCODED = call(b"_codecs encode", long_text(b"a"), long_text(b"utf-8"))
for _ in range(40):
    ENCODED = call(b"_codecs encode", ENCODED, HEX)  # twice as long each time
ALL_THE_SAME = b"}" + b"".join(number(i * (2**61 - 1)) + b"Ns" for i in range(16, 30_000)) + b"."
STORAGE = b"(" + long_text(b"storage") + b"ctorch\nFloatStorage\n%s" + long_text(b"cpu") + b"K\1Ntq\1Q"
ENDLESS = {
    "a key of tuples that hold the same one twice": key(nested(60, 2)),
    "a key that nests deeper than the stack": key(nested(1_000_000, 1)),
    "tuples of tuples that are no key": b"}" + long_text(b"args") + nested(60, 2) + b"s.",
    "a storage whose key is such": STORAGE % nested(60, 2) + b".",
    "a storage whose key is a tuple": STORAGE % b"K\1K\2\x86" + b".",
    "numbers that have the same hash": ALL_THE_SAME,
    "a mapping made of a list of pairs": call(b"collections OrderedDict", b"](K\1K\2\x86e") + b".",
    "a set": call(b"__builtin__ set", b"](K\1e") + b".",
    "a counter": call(b"collections Counter", b"](K\1e") + b".",
    "bytes that grow twofold": ENCODED + b".",
    "a tensor of numbers that are made": call(b"torch Tensor", number(1 << 40)) + b".",
    "more than was put on the stack": b"\x86.",
    "something that was never kept": b"h\x07.",
}


@pytest.mark.parametrize("around", [in_archive, after_the_numbers_of_torch])
@pytest.mark.parametrize("attack", ENDLESS)
def test_no_pickle_takes_time_without_end(around, attack, tmp_path):
    (tmp_path / "best.pt").write_bytes(around(b"\x80\x02" + ENDLESS[attack]))
    with pytest.raises(InputError, match="only tensors are read"):
        unpickled(tmp_path / "best.pt")


def test_the_storages_of_an_old_checkpoint_are_no_way_in(tmp_path):
    fair(tmp_path / "in")
    path = tmp_path / "in" / "best.pt"
    rewritten(path, lambda _: None, _use_new_zipfile_serialization=False)
    data = path.read_bytes()
    at = data.rindex(b"\x80\x02]q")  # the list of storages, after the checkpoint
    path.write_bytes(data[:at] + b"\x80\x02" + key(nested(60, 2)) + data[at:])
    with pytest.raises(InputError, match="only tensors are read"):
        unpickled(path)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_a_pickle_holds_ends_in_time(tmp_path_factory, data):
    """Operations that torch's loader knows, in any order, that nest and share what they can."""
    parts = [b"K\1", b"]", b"}", b")", b"N", b"(", b"t", b"e", b"a", b"s", b"u", b"R", b"b", b"Q", b"\x81", b"\x85",
             b"\x86", b"\x87", b"q\0", b"h\0", b"q\1", b"h\1", long_text(b"a"), nested(30, 2), nested(40, 1),
             b"ccollections\nOrderedDict\n", b"cargparse\nNamespace\n", b"ctorch\nSize\n"]  # fmt: skip
    code = b"".join(data.draw(st.lists(st.sampled_from(parts), max_size=40)))
    path = tmp_path_factory.mktemp("any") / "best.pt"
    path.write_bytes(in_archive(b"\x80\x02" + code + b"."))
    with contextlib.suppress(InputError):
        unpickled(path)


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


def test_merges_are_counted_before_they_are_taken_apart(tmp_path):
    """Each makes a piece of its own; four million of them took 1.2 GB."""
    model = {"type": "BPE", "vocab": {"a": 0, "aa": 1}, "merges": ["a a"] * 3}
    tokenizer = {"model": model, "pre_tokenizer": {"type": "ByteLevel"}, "added_tokens": []}
    write(tmp_path / "tokenizer.json", json.dumps(tokenizer))
    with pytest.raises(InputError, match="3 merges make 2 pieces, though each its own"):
        bart._ids_and_merges(tmp_path)
