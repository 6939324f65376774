"""Files of a model, a run, a store and a trace that are not what their names say: refused in a line, at once."""

import json
import os
import shutil
from pathlib import Path

import pytest
from safetensors import safe_open
from safetensors.torch import _TYPES, load_file, save_file

from glassformer import train
from glassformer.corpora.gettext import clean, has_words, read_catalogue
from glassformer.errors import InputError, UsageError
from glassformer.files import integrity_problem, write_checksums
from glassformer.glass.record import Trace
from glassformer.model_directory import open_model
from glassformer.reading import DEEPEST, parse_json, read_regular, refuse_no_json
from glassformer.yaml_config import read_yaml
from tests.commands import refusal, run
from tests.interop.models import translator

MOST_READ = 1 << 29  # bytes
MODEL_FILES = "config.json", "model.safetensors", "source.spm", "card.json", "lexicon.tsv"


@pytest.fixture
def model(copying, tmp_path, monkeypatch):
    """A copy of a trained model's directory."""
    monkeypatch.chdir(tmp_path)
    model = shutil.copytree(copying.path / "best", tmp_path / "model")
    (model / "checksums.json").unlink()  # with them, any change is told at once
    return model


@pytest.fixture
def contents(copying):
    """A trained model's files, read by whoever runs the tests."""
    return {file.name: file.read_bytes() for file in (copying.path / "best").iterdir()}


def test_vocabularies_that_were_swapped_are_told_by_their_checksums(copying, tmp_path):
    shutil.copytree(copying.path / "best", model := tmp_path / "model")
    source, target = (model / "source.spm").read_bytes(), (model / "target.spm").read_bytes()
    (model / "source.spm").write_bytes(target)
    (model / "target.spm").write_bytes(source)
    assert "source.spm" in refusal(run("info", model))


UNREADABLE = [*((name, sums) for name in (*MODEL_FILES, ".") for sums in (True, False)), ("checksums.json", True)]


@pytest.mark.parametrize(("name", "sums"), UNREADABLE)
def test_a_file_that_may_not_be_read_is_told_so(contents, without_root, name, sums):
    model = without_root / "model"
    model.mkdir()
    for file, data in contents.items():
        (model / file).write_bytes(data)
    if not sums:
        (model / "checksums.json").unlink()
    rights = (model / name).stat().st_mode
    (model / name).chmod(0)
    for command in ("info", "translate"):
        assert "Permission denied" in refusal(run(command, str(model), stdin="a\n"))
    (model / name).chmod(rights)


def bytes_read():
    """How many bytes this process has read from files and pipes; on Linux."""
    counts = Path("/proc/self/io")
    return int(counts.read_text().split()[1]) if counts.exists() else 0


@pytest.fixture(autouse=True)
def bounded():
    """Each test here reads no more than a few models and modules have: what it is handed has no end."""
    before = bytes_read()
    yield
    assert bytes_read() - before < MOST_READ


def fifo(path):
    os.mkfifo(path)


def zeros(path):
    path.symlink_to("/dev/zero")


def random_bytes(path):
    path.symlink_to("/dev/urandom")


def folder(path):
    path.mkdir()


def loop(path):
    path.symlink_to(path.name)


def elsewhere(path):
    (path.parent.parent / "secret").write_bytes(b"{}")
    path.symlink_to("../secret")


def sparse(path):
    with path.open("wb") as file:
        file.truncate(2 << 40 if path.suffix == ".safetensors" else 30 << 30)


HOSTILE = [fifo, zeros, random_bytes, folder, loop, elsewhere, sparse]


def put(path, hostile):
    path.unlink(missing_ok=True)
    try:
        hostile(path)
    except OSError as error:
        pytest.skip(f"this file system has no such file: {error}")


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("name", MODEL_FILES)
def test_a_model_with_a_file_that_is_none(model, name, hostile):
    put(model / name, hostile)
    assert refusal(run("translate", "model", stdin="a b\n")).startswith("model")


@pytest.mark.parametrize("name", MODEL_FILES)
def test_a_file_without_end_that_has_a_checksum(model, name):
    """Its size alone says that it is another: nobody waits for its checksum."""
    write_checksums(model)
    put(model / name, sparse)
    assert name in refusal(run("translate", "model", stdin="a b\n"))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_checkpoint_with_a_file_that_is_none(copying, tmp_path, hostile):
    (checkpoint,) = (copying.path / "checkpoints").iterdir()
    for name in [path.name for path in checkpoint.iterdir()]:
        broken = shutil.copytree(checkpoint, tmp_path / name / "broken")
        put(broken / name, hostile)
        assert integrity_problem(broken).startswith(name)


@pytest.mark.parametrize("hostile", [fifo, folder, loop, sparse])
def test_a_trace_and_a_config_that_are_none(tmp_path, hostile):
    put(tmp_path / "x", hostile)
    for read in (Trace.load, read_yaml):
        with pytest.raises(InputError, match="x"):
            read(tmp_path / "x")


def test_a_link_within_its_folder_is_followed(model):
    (model / "card.json").rename(model / "other.json")
    (model / "card.json").symlink_to("other.json")
    assert run("translate", "model", stdin="a b\n").status == 0


def test_a_run_lock_that_is_a_link_is_not_followed(small_corpus, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "run" / "run.lock").symlink_to(tmp_path / "precious")
    line = refusal(run("train", "--pairs", small_corpus / "train.tsv", "--out", tmp_path / "run"))
    assert line.startswith(f"{tmp_path / 'run' / 'run.lock'}: cannot save: ")
    assert (tmp_path / "precious").read_text() == "mine"


def test_a_log_that_is_a_link_is_not_written_through(small_corpus, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "log.jsonl").symlink_to(tmp_path / "elsewhere")
    line = refusal(run("train", "--pairs", small_corpus / "train.tsv", "--out", tmp_path / "run"), notes=True)
    assert line.startswith(f"{tmp_path / 'run' / 'log.jsonl'}: cannot save: ")
    assert not (tmp_path / "elsewhere").exists()


def test_the_limit_is_the_last_size_that_is_read(tmp_path):
    (tmp_path / "x").write_bytes(b"12345")
    assert read_regular(tmp_path / "x", 5) == b"12345"
    with pytest.raises(OSError, match="5 bytes, where at most 4 are read"):
        read_regular(tmp_path / "x", 4)


# Numbers that no model has


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("encoder_layers", 3000),
        ("encoder_layers", 999),
        ("decoder_layers", 1000),
        ("d_ff", 10_000_000),
        ("d_ff", 1 << 20),
        ("vocab_size", 2**31 - 1),
        ("source_vocab_size", 1 << 24),
        ("d_model", 10**19),
        ("d_model", 1 << 16),
        ("num_heads", 10**30),
        ("max_length", 10**25),
        ("max_length", 1 << 20),
        ("norm_eps", 1e300),
        ("decoder_start_id", 10**20),
    ],
)
def test_sizes_that_the_weights_do_not_have(model, key, value):
    values = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(values | {key: value}))
    assert refusal(run("translate", "model", stdin="a b\n")).startswith("model")


@pytest.mark.parametrize("kind", ["int8", "int64", "bool", "complex64", "uint8"])
def test_weights_that_are_no_floating_point_numbers(model, kind):
    import torch

    if kind == "complex64" and "C64" not in _TYPES:
        pytest.skip("this version of safetensors has no complex numbers")
    weights = load_file(model / "model.safetensors")
    name = sorted(weights)[3]
    weights[name] = weights[name].to(getattr(torch, kind))
    save_file(weights, model / "model.safetensors")
    with safe_open(model / "model.safetensors", "pt") as file:
        assert file.get_slice(name).get_dtype() not in ("F32", "F16")
    assert "holds no floating-point numbers" in refusal(run("translate", "model", stdin="a b\n"))


@pytest.mark.parametrize("engine", ["auto", "eager"])
@pytest.mark.parametrize("kind", ["bfloat16", "float16", "float64"])
def test_weights_in_other_floating_point_numbers(model, kind, engine):
    """Which somebody else's program may have made of them: NumPy, by which the fast engine reads, has no bfloat16."""
    import torch

    weights = {name: one.to(getattr(torch, kind)) for name, one in load_file(model / "model.safetensors").items()}
    save_file(weights, model / "model.safetensors")
    said = run("translate", "model", "--engine", engine, stdin="a b\n")
    assert (said.status, said.out) == (0, "a b\n")


@pytest.mark.parametrize("value", [1e30, -3e38])
def test_weights_with_which_there_are_no_numbers(model, value):
    weights = load_file(model / "model.safetensors")
    for tensor in weights.values():
        tensor.fill_(value)
    save_file(weights, model / "model.safetensors")
    (model / "s.txt").write_text("a b\n")
    for command in (("translate", "model", "model/s.txt"), ("score", "model", "--source", "model/s.txt", "--target",
                    "model/s.txt")):  # fmt: skip
        outcome = run(*command)
        assert (outcome.status, outcome.out.strip()) == (1, ""), outcome
        assert "NaN" in outcome.err


@pytest.mark.parametrize("name", ["best", "last", "checkpoint"])
def test_a_flipped_bit_in_any_file_of_a_model(copying, tmp_path, name):
    (checkpoint,) = (copying.path / "checkpoints").iterdir()
    model = shutil.copytree(checkpoint if name == "checkpoint" else copying.path / name, tmp_path / "model")
    for path in sorted(model.iterdir()):
        if path.name.startswith(("training_state", "checksums")):
            continue
        content = path.read_bytes()
        place = len(content) // 2
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert f"model: {path.name} is truncated or altered" in refusal(run("translate", model, stdin="a b\n"))
        path.write_bytes(content)
    assert run("translate", model, stdin="a b\n").out == "a b\n"


def test_pieces_in_another_order(copying, tmp_path):
    from sentencepiece import sentencepiece_model_pb2 as model_pb2

    model = shutil.copytree(copying.path / "best", tmp_path / "model")
    for path in model.glob("*.spm"):
        permuted = model_pb2.ModelProto.FromString(path.read_bytes())
        first, second = permuted.pieces[-1].piece, permuted.pieces[-2].piece
        permuted.pieces[-1].piece, permuted.pieces[-2].piece = second, first
        path.write_bytes(permuted.SerializeToString())
    assert ".spm is truncated or altered" in refusal(run("translate", model, stdin="a b\n"))


# Data that nests, and JSON that is none


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 5000 + "1" + "}" * 5000,
        "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1),
        '{"a": NaN}',
        '{"a": -Infinity}',
        '{"a": "\\ud800"}',
        '{"\\udbff": 1}',
        '{"a": 1, "a": 2}',
        '{"b": {"a": 1, "a": 1}}',
        '{"a": ' + "9" * 5000 + "}",
    ],
    ids=lambda text: text[:12],
)
def test_json_that_is_refused(text, model):
    with pytest.raises(ValueError):
        parse_json(text.encode())
    for name in ("card.json", "config.json"):
        before = (model / name).read_bytes()
        (model / name).write_text(text)
        assert refusal(run("info", "model")).startswith(f"model/{name}: ")
        (model / name).write_bytes(before)


@pytest.mark.parametrize("name", ["card.json", "config.json", "source.spm"])
def test_a_file_of_a_model_that_is_too_large_is_refused_by_its_size(name, model):
    assert run("info", "model").status == 0  # which loads what it needs
    with (model / name).open("ab") as file:
        file.truncate(17 << 20)
    before = bytes_read()
    assert (line := refusal(run("info", "model"))).startswith(f"model/{name}: ")
    assert "are read" in line
    assert bytes_read() - before < 17 << 20


def test_json_of_many_values_is_refused_before_it_takes_memory():
    for text in (b"[" + b"1," * 50 + b"1]", b"[" + b"{}," * 25 + b"1]", b"[" * 51 + b"]" * 51):
        with pytest.raises(ValueError, match="too many"):
            parse_json(text, most=50)
    assert parse_json(b"[1, 2]", most=2) == [1, 2]


def test_values_that_are_no_json_are_refused():
    shared, itself = ["a"], []
    for _ in range(60):
        shared = [shared, shared]
    itself.append(itself)
    for value in (shared, itself, (1,), {1: 2}, b"a", float("nan"), 10**400, "\ud800", {"\ud800": 1}, [object()]):
        with pytest.raises(ValueError):
            refuse_no_json(value)
    refuse_no_json({"a": [1, 1.5, True, None, "ä\udc80", [[]], {}]})


def test_json_that_is_taken():
    assert parse_json(b'{"a": ["\\udc80", 1e5, null, "\xc3\xa4"]}') == {"a": ["\udc80", 1e5, None, "ä"]}
    assert parse_json(b"[" * DEEPEST + b"]" * DEEPEST)


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 5000 + "]" * 5000,
        "a: " + "{b: " * 30 + "1" + "}" * 30,
        "\n".join(" " * n + "a:" for n in range(900)),
        "#" * 20_000_000,
        "a: &a [1, 1]\nb: &b [*a, *a]\nc: [*b, *b]",
        "a: [" + "1," * 25_000 + "1]",
        "a: !!timestamp 16",
        "a: !!bool x",
        'a: !!int ""',
        "a: !!int '1" + ":59" * 200 + "'",
    ],
    ids=lambda text: text[:12],
)
def test_yaml_that_is_refused(text, tmp_path):
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(InputError, match=r"c\.yaml"):
        read_yaml(tmp_path / "c.yaml")


def trace_record():
    return json.loads((Path(__file__).parent / "glass" / "trace_0.1.0.json").read_text())


@pytest.mark.parametrize("length", [20, 3000])
def test_a_chain_of_additions_is_computed_once_each(length, tmp_path):
    record = trace_record()
    first = next(one for one in record["tensors"] if one["data"] and len(one["shape"]) == 2)
    cell = Trace.from_dict(record).cell_at(first["name"], (0, 1)).value
    left_out = {"op": "add", "attributes": {}, "data": None, "columns": None, "statistics": {}}
    for number in range(length):
        before = record["tensors"][-1]["name"] if number else first["name"]
        operands = {"a": before, "b": before if length < 100 else first["name"]}
        record["tensors"].append(first | left_out | {"name": f"sum.{number}", "operands": operands})
    (tmp_path / "t.json").write_text(json.dumps(record))
    expected = cell * 2**length if length < 100 else cell * (length + 1)
    last = f"sum.{length - 1}"
    assert Trace.load(tmp_path / "t.json").cell_at(last, (0, 1)).value == pytest.approx(expected)
    for arguments in (("--cell", f"{last}[0,1]"), ("--tensor", last), ("--html", tmp_path / "t.html")):
        assert run("explain", tmp_path / "t.json", *arguments).status == 0


def beam(parents, steps):
    node = {"token": 5, "piece": "a", "text": "a", "log_prob": -1.0, "sum": -1.0, "length": 1, "penalty": 1.0,
            "score": -1.0, "state": "best"}  # fmt: skip
    nodes = [
        node | {"id": number, "parent": parent, "step": step}
        for number, (parent, step) in enumerate(zip(parents, steps, strict=True))
    ]
    return {"width": 2, "length_penalty": 0.6, "nodes": nodes}


def test_a_deep_beam(tmp_path):
    record = trace_record()
    record["beam"] = beam([None, *range(3000)], range(3001))
    (tmp_path / "t.json").write_text(json.dumps(record))
    for arguments in ((), ("--svg", tmp_path / "t.svg", "--view", "beam"), ("--html", tmp_path / "t.html")):
        outcome = run("explain", tmp_path / "t.json", *arguments)
        assert outcome.status == 0, outcome.err


@pytest.mark.parametrize(
    ("parents", "steps"), [([None, 0], [0, 10**12]), ([None, 0], [0, 0]), ([None, 0], [3, 4]), ([None], [10**9])]
)
def test_a_beam_whose_steps_are_none(parents, steps):
    with pytest.raises(InputError, match="of the beam"):
        Trace.from_dict(trace_record() | {"beam": beam(parents, steps)})


# Catalogues

HEADER = (
    'msgid ""\nmsgstr ""\n"Plural-Forms: nplurals=2; plural={};\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'
)


@pytest.mark.parametrize("formula", ["n % 0", "n / (n - 1)", "(" * 3000 + "n" + ")" * 3000, "n" + "+1" * 100, "x"])
def test_a_plural_formula_that_gives_nothing(tmp_path, formula):
    (tmp_path / "hi.po").write_text(HEADER.format(formula) + 'msgid "a word"\nmsgstr "ek shabd"\n')
    assert list(read_catalogue(tmp_path / "hi.po")) == [("a word", "ek shabd")]


@pytest.mark.parametrize("hostile", [sparse, fifo, zeros])
def test_a_catalogue_that_is_none(tmp_path, hostile):
    put(tmp_path / "hi.mo", hostile)
    with pytest.raises(InputError, match="not a readable catalogue"):
        list(read_catalogue(tmp_path / "hi.mo"))


@pytest.mark.parametrize("text", ["%" + "0" * 10**5, "a" * 10**5, " " * 10**5, "a_" * 10**5, "(" * 10**5, "&a" * 10**5])
def test_a_long_message_is_cleaned_at_once(text):
    clean(text, text)
    has_words(text)


# Settings that no training has


@pytest.mark.parametrize("key", ["out", "device", "resume", "resumed", "allow", "callbacks", "config", "self", "path"])
def test_an_argument_of_training_is_no_setting(key, small_corpus, tmp_path):
    command = ("train", "--pairs", small_corpus / "train.tsv", "--out", tmp_path / "run", "--device", "cpu")
    assert key in refusal(run(*command, "--set", f"{key}=x"), status=2)
    (tmp_path / "c.yaml").write_text(f"{key}: [x]\n")
    assert key in refusal(run(*command, "--config", tmp_path / "c.yaml"), status=2)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "a" * 300])
def test_a_store_that_no_folder_can_be_named(name, small_corpus, tmp_path):
    with pytest.raises(UsageError, match=r"store is .*: no file has such a name"):
        train(tmp_path / "run", pairs=[str(small_corpus / "train.tsv")], store=name)


@pytest.mark.parametrize("name", ["a\0b.tsv", "\ud800.tsv"])
@pytest.mark.parametrize("setting", ["pairs", "valid_pairs", "source", "valid_source"])
def test_a_text_that_no_file_can_be_named(setting, name, small_corpus, tmp_path):
    pairs = {"pairs": [str(small_corpus / "train.tsv")], "target": "t", "valid_target": "t"}
    wanted = {"source": ["target"], "valid_source": ["pairs", "valid_target"], "valid_pairs": ["pairs"]}
    given = {key: pairs[key] for key in wanted.get(setting, [])} | {setting: [name] if "pairs" in setting else name}
    with pytest.raises(InputError, match="is no name of a file; check the path"):
        train(tmp_path / "run", **given)


@pytest.mark.parametrize(
    "setting",
    ["pair_weights=[1e300]", "pair_weights=[1000001]", "warmup_steps=1" + "0" * 400, "max_steps=1" + "0" * 20,
     "probe_every=1" + "0" * 20, "encoder_layers=300000", "d_model=1" + "0" * 300, "vocab_size=2147483647"],
    ids=lambda text: text[:24],
)  # fmt: skip
def test_a_number_that_is_too_large(setting, small_corpus, tmp_path):
    command = ("train", "--pairs", small_corpus / "train.tsv", "--out", tmp_path / "run", "--device", "cpu")
    assert setting.partition("=")[0] in refusal(run(*command, "--set", setting), status=2)


def test_a_model_that_is_more_than_the_memory(small_corpus, tmp_path, monkeypatch):
    monkeypatch.setattr("glassformer.training.run.building.memory_of", lambda device: 1_000_000)
    command = ("train", "--pairs", small_corpus / "train.tsv", "--out", tmp_path / "run", "--device", "cpu")
    line = refusal(run(*command, "--set", "d_ff=1048576"))
    assert line.startswith("not enough memory: to train 2,15")  # 8 feed-forward layers, 2 * 2**20 * 128 weights each
    assert not Path(tmp_path / "run").exists()


def test_weights_that_are_changed_while_they_are_read(tmp_path):
    """As by a copy that is written over them, after their header was checked."""
    translator().save(model := tmp_path / "model")
    arrays = open_model(model, "cpu").weights()
    next(arrays)
    (model / "model.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match="was cut off while it was read"):
        list(arrays)
