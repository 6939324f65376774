"""Broken copies of the directory of a model: each file of it damaged in every way that its kind allows.

A case is a name and a function that damages a copy of the directory. The same directory gives the same cases.
"""

import io
import json
import os
import pickle
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from safetensors.torch import load, save
from sentencepiece import sentencepiece_model_pb2 as model_pb2

Change = Callable[[Path], object]
Case = tuple[str, Change]
Rewrite = Callable[[bytes], bytes]

VALUES: list[Any] = [
    None, True, -1, 0, 3, 10**30, 0.5, 1e308, float("nan"), "", "many", "../x", "\ud800", [], ["a", "a"], {}, [[]],
]  # fmt: skip
PROTOCOL_BUFFERS: Any = model_pb2


class Trap:
    """What a pickle could do when it is read."""

    def __reduce__(self):
        return (exit, ("a pickle was run",))


def cases(directory: Path) -> Iterator[Case]:
    """All cases of a directory."""
    yield "extra files", _extra
    for number, path in enumerate(sorted(directory.rglob("*"))):
        if path.is_file():
            name = str(path.relative_to(directory))
            for what, change in (*_of_any_file(path), *KINDS.get(path.suffix, _none)(path, number)):
                yield f"{name}: {what}", _on(name, change)
    yield from _swaps(directory)


def _on(name: str, change: Change) -> Change:
    return lambda directory: change(directory / name)


def _rewritten(rewrite: Rewrite) -> Change:
    return lambda path: path.write_bytes(rewrite(path.read_bytes()))


def _extra(directory: Path) -> None:
    (directory / "notes.txt").write_text("no part of it")
    (directory / "folder").mkdir()
    (directory / "training_args.bin").write_bytes(pickle.dumps(Trap()))


def _swaps(directory: Path) -> Iterator[Case]:
    """Two files of a kind, each in the place of the other."""
    paths = sorted(one for one in directory.iterdir() if one.is_file())
    for number, one in enumerate(paths):
        for other in paths[number + 1 :]:
            if one.suffix == other.suffix and one.read_bytes() != other.read_bytes():
                yield f"{one.name} and {other.name}: swapped", _swapped(one.name, other.name)


def _swapped(one: str, other: str) -> Change:
    def change(directory: Path) -> None:
        contents = (directory / one).read_bytes(), (directory / other).read_bytes()
        (directory / one).write_bytes(contents[1])
        (directory / other).write_bytes(contents[0])

    return change


# Any file


def _of_any_file(path: Path) -> Iterator[Case]:
    size = path.stat().st_size
    yield "missing", Path.unlink
    yield "empty", _rewritten(lambda _: b"")
    yield "ten bytes", _rewritten(lambda data: data[:10])
    yield "half", _rewritten(lambda data: data[: len(data) // 2])
    yield "without its end", _rewritten(lambda data: data[:-3])
    yield "with an end of another", _rewritten(lambda data: data + b"\xff\0more" * 9)
    yield "zeros", _rewritten(lambda data: bytes(len(data)))
    yield (
        "another byte",
        _rewritten(lambda data: data[: size // 3] + bytes([data[size // 3] ^ 0x55]) + data[size // 3 + 1 :]),
    )
    yield "a directory", _directory
    yield "a link", _link
    yield "a pipe", _pipe
    yield "not readable as text", _rewritten(lambda data: b"\xff\xfe" + data)


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _link(path: Path) -> None:
    other = path.rename(path.with_name("elsewhere"))
    path.symlink_to(other)


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


# Text


def _none(_path: Path, _number: int) -> Iterator[Case]:
    return iter(())


def _of_json(path: Path, seed: int) -> Iterator[Case]:
    values = json.loads(path.read_bytes())
    yield "a list", _rewritten(lambda _: b"[1, 2]")
    yield "deep", _rewritten(lambda _: b'{"a":' * 100_000)
    yield "deep inside", _rewritten(lambda data: data.rstrip()[:-1] + b',"x":' + b"[" * 900 + b"]" * 900 + b"}")
    yield (
        "its first key twice",
        _rewritten(lambda data: data.rstrip()[:-1] + b"," + json.dumps(next(iter(values))).encode() + b": 5}"),
    )
    for what, changed in _changed_mappings(values, seed):
        yield what, _rewritten(lambda _, changed=changed: json.dumps(changed).encode())


def _of_yaml(path: Path, seed: int) -> Iterator[Case]:
    values = yaml.load(path.read_bytes(), yaml.BaseLoader)
    yield "a list", _rewritten(lambda _: b"- 1\n- 2\n")
    yield "deep", _rewritten(lambda data: data + b"\nx: " + b"[" * 2000 + b"]" * 2000 + b"\n")
    yield "aliases", _rewritten(lambda data: data + b"\nx: &a [1]\ny: [*a, *a]\n")
    yield "a Python object", _rewritten(lambda data: data + b"\nx: !!python/object/apply:os.getcwd []\n")
    for what, changed in _changed_mappings(values, seed):
        if "\ud800" not in str(changed):
            yield what, _rewritten(lambda _, changed=changed: yaml.safe_dump(changed, allow_unicode=True).encode())


def _changed_mappings(values: dict[str, Any], seed: int) -> Iterator[tuple[str, Any]]:
    """Without a key, or with another value of it; of mappings inside, the same."""
    keys = list(values)
    for number, key in enumerate(keys[:60]):
        yield f"without {key!r}", {one: value for one, value in values.items() if one != key}
        value = VALUES[(number + seed) % len(VALUES)]
        yield f"{key!r} = {value!r}", values | {key: value}
        if isinstance(values[key], dict) and values[key]:
            for what, inner in list(_changed_mappings(values[key], seed + number))[:40]:
                yield f"{key!r}: {what}", values | {key: inner}


def _of_lines(path: Path, _seed: int) -> Iterator[Case]:
    yield "a line twice", _rewritten(lambda data: data + data.splitlines(keepends=True)[-1])
    yield "a line less", _rewritten(lambda data: b"".join(data.splitlines(keepends=True)[:-1]))
    yield "an empty line", _rewritten(lambda data: b"\n" + data)
    yield "backwards", _rewritten(lambda data: b"".join(reversed(data.splitlines(keepends=True))))
    yield "a line of Latin-1", _rewritten(lambda data: data.replace(b"t", b"\xe4", 1))
    yield "a NUL", _rewritten(lambda data: data.replace(b"t", b"\0", 1))
    yield (
        "a line like a control token",
        _rewritten(lambda data: data.replace(b"the", b"</s>", 1).replace(b"die", b"</s>", 1)),
    )


# SentencePiece


def _of_spm(_path: Path, _seed: int) -> Iterator[Case]:
    for what, change in {
        "a piece less": lambda model: model.pieces.pop(),
        "a piece twice": lambda model: model.pieces.append(model.pieces[9]),
        "an empty piece": lambda model: setattr(model.pieces[9], "piece", ""),
        "a piece like a control token": lambda model: setattr(model.pieces[9], "piece", "</s>"),
        "a piece like a language": lambda model: setattr(model.pieces[9], "piece", "<2de>"),
        "no <unk>": lambda model: setattr(model.pieces[0], "type", 1),
        "all control tokens": lambda model: [setattr(one, "type", 3) for one in model.pieces],
        "scores that are no numbers": lambda model: [setattr(one, "score", float("nan")) for one in model.pieces],
        "infinite scores": lambda model: [setattr(one, "score", float("inf")) for one in model.pieces],
        "words alone": lambda model: setattr(model.trainer_spec, "model_type", 3),
        "characters": lambda model: setattr(model.trainer_spec, "model_type", 4),
        "broken rules": lambda model: setattr(model.normalizer_spec, "precompiled_charsmap", b"\xff" * 40),
        "another mark": lambda model: setattr(model.denormalizer_spec, "name", "imported, languages on both sides"),
    }.items():  # fmt: skip
        yield what, _rewritten(lambda data, change=change: _changed_spm(data, change))


def _changed_spm(data: bytes, change: Callable[[Any], object]) -> bytes:
    model = PROTOCOL_BUFFERS.ModelProto.FromString(data)
    change(model)
    return bytes(model.SerializePartialToString())


# Weights


def _of_safetensors(path: Path, seed: int) -> Iterator[Case]:
    yield "a header without end", _rewritten(lambda data: (1 << 60).to_bytes(8, "little") + data[8:])
    for what, change in _changed_tensors(load(path.read_bytes()), seed):
        yield what, _rewritten(lambda data, change=change: save(_contiguous(change(load(data)))))


def _contiguous(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: one.clone().contiguous() for name, one in tensors.items()}


def _changed_tensors(tensors: dict[str, torch.Tensor], seed: int) -> Iterator[tuple[str, Any]]:
    names = sorted(tensors)
    name, other = names[seed % len(names)], names[-1 - seed % len(names)]
    table = max(names, key=lambda one: tensors[one].numel())
    for one in dict.fromkeys((name, other, table)):
        for what, make in {
            "transposed": lambda tensor: tensor.flip(0)[None],
            "flat": lambda tensor: tensor.flatten()[:-1],
            "empty": lambda tensor: tensor[:0],
            "one number": lambda tensor: tensor.sum(),
            "whole numbers": lambda tensor: tensor.int(),
            "bits": lambda tensor: tensor > 0,
            "complex": lambda tensor: tensor.to(torch.complex64),
            "half": lambda tensor: tensor.half(),
            "NaN": lambda tensor: tensor * float("nan"),
            "huge": lambda tensor: tensor.double() * 1e300,
        }.items():  # fmt: skip
            yield f"{one} {what}", lambda given, one=one, make=make: given | {one: make(given[one])}
        yield f"without {one}", lambda given, one=one: {key: value for key, value in given.items() if key != one}
        yield (
            f"{one} renamed",
            lambda given, one=one: {f"{key}2" if key == one else key: value for key, value in given.items()},
        )
    yield "two swapped", lambda given: given | {name: given[other], other: given[name]}
    yield "one more", lambda given: given | {"more.weight": torch.ones(3)}
    yield "none", lambda _: {}


def _of_npz(path: Path, seed: int) -> Iterator[Case]:
    with np.load(path) as file:
        arrays = dict(file)
    yield "an object", lambda path: np.savez(path, **arrays, trap=np.array([Trap()], dtype=object))
    yield "text", lambda path: np.savez(path, **arrays, more=np.array(["a"]))
    yield "packed a thousand times", _bomb
    yield "a path in its names", _with_path
    weights = {name: torch.from_numpy(one) for name, one in arrays.items() if not name.startswith("special")}
    rest = {name: one for name, one in arrays.items() if name not in weights}
    for what, change in _changed_tensors(weights, seed):
        yield (
            what,
            lambda path, change=change: np.savez(
                path, **rest, **{name: one.numpy() for name, one in change(weights).items()}
            ),
        )
    name = next(iter(rest))
    inner = yaml.load(bytes(rest[name]).rstrip(b"\0"), yaml.BaseLoader)
    for what, changed in _changed_mappings(inner, seed):
        if "\ud800" not in str(changed):
            text = yaml.safe_dump(changed, allow_unicode=True).encode()
            yield (
                f"settings {what}",
                lambda path, text=text: np.savez(path, **arrays | {name: np.frombuffer(text, np.int8)}),
            )


def _bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("Wemb.npy", bytes(10_000_000))


def _with_path(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("../../outside.npy", b"x")


def _of_checkpoint(path: Path, seed: int) -> Iterator[Case]:
    values = torch.load(path, weights_only=False)  # which the tests wrote
    key = "model" if "model" in values else "model_state"
    yield "a trap", _saved(values | {"trap": Trap()})
    yield "a bare pickle", lambda path: path.write_bytes(pickle.dumps(Trap()))
    yield "a module", _saved(torch.nn.Linear(2, 2))
    yield "a list", _saved([1, 2])
    for value in (None, [], 5, {"a": "b"}, {5: torch.ones(1)}, {"a": torch.ones(2).to_sparse()}):
        yield f"{key} = {value!r}", _saved(values | {key: value})
    for what, change in _changed_tensors(values[key], seed):
        yield what, _saved(values | {key: change(values[key])})
    if "args" in values:
        for name in vars(values["args"]):
            changed = vars(values["args"]) | {name: torch.ones(2, 2)}
            yield f"option {name} = a tensor", _saved(values | {"args": type(values["args"])(**changed)})
        for what, changed in _changed_mappings(vars(values["args"]), seed):
            yield f"option {what}", _saved(values | {"args": type(values["args"])(**changed)})
            yield (
                f"cfg {what}",
                _saved(
                    {name: one for name, one in values.items() if name != "args"}
                    | {"cfg": {"model": changed, "task": changed}}
                ),
            )


def _saved(values: object) -> Change:
    def change(path: Path) -> None:
        written = io.BytesIO()
        torch.save(values, written)
        path.write_bytes(written.getvalue())

    return change


KINDS: dict[str, Callable[[Path, int], Iterator[Case]]] = {
    ".json": _of_json, ".yml": _of_yaml, ".yaml": _of_yaml, ".txt": _of_lines, ".spm": _of_spm, ".model": _of_spm,
    ".safetensors": _of_safetensors, ".npz": _of_npz, ".pt": _of_checkpoint, ".ckpt": _of_checkpoint,
}  # fmt: skip


def copied(directory: Path, to: Path, change: Change) -> Path:
    """A copy of the directory, damaged."""
    shutil.copytree(directory, to)
    change(to)
    return to
