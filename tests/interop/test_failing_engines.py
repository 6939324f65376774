"""Other programs that fail while they prove an export: one clear line, and nothing is written."""

import pytest

from glassformer.interop import FORMATS, onnx, torch_transformer
from tests.commands import refusal, run, write
from tests.interop.models import ENGLISH, translator


class PanicError(BaseException):
    """As pyo3's, which is no Exception."""


class CppError(RuntimeError):
    """As those of libraries in C++, whose messages have several lines."""


ERRORS = [
    (ImportError("libcudart.so.12: cannot open shared object file"), "ImportError: libcudart.so.12"),
    (OSError("Can't load the model for 'x'"), "OSError: Can't load the model"),
    (AttributeError("module 'x' has no attribute 'y'"), "AttributeError: module 'x'"),
    (CppError("\n[ONNXRuntimeError] : 9 : NOT_IMPLEMENTED : op\n  at somewhere\n"), ": 9 : NOT_IMPLEMENTED : op);"),
    (KeyError(), "KeyError: without a reason"),
    (CppError("x" * 10_000), "x" * 200 + ")"),
    (PanicError("called `Option::unwrap()` on a `None` value"), "PanicError: called"),
    (MemoryError(), "has not enough memory"),
    (CppError("std::bad_alloc"), "has not enough memory"),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    directory = tmp_path_factory.mktemp("model") / "ours"
    translator().save(directory)
    return directory


def failing(monkeypatch, method, error, **options):
    """`--to torch` is proven by an engine of which one method fails."""

    def fail(*_given):
        raise error

    engine = type("Failing", (torch_transformer.TorchEngine,), {"next_tokens": None, method: fail})
    monkeypatch.setitem(FORMATS, "torch", FORMATS["torch"]._replace(engine=engine, **options))
    return engine


def exported(model, tmp_path, to="torch"):
    sentences = write(tmp_path / "text", "\n".join(ENGLISH[:5]))
    return run("export", model, "--to", to, "--out", tmp_path / "out", "--sentences", sentences)


@pytest.mark.parametrize(("error", "says"), ERRORS)
def test_every_failure_is_one_line(error, says, model, tmp_path, monkeypatch):
    failing(monkeypatch, "__init__", error)
    line = refusal(exported(model, tmp_path))
    assert "not proven, so not exported: torch" in line and says in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("method", ["source_ids", "greedy", "log_probs"])
def test_whatever_it_was_asked(method, model, tmp_path, monkeypatch):
    failing(monkeypatch, method, CppError("cannot"))
    assert "nn.Transformer of torch 2" in refusal(exported(model, tmp_path))


def test_int8_besides_float32_stays_unproven(model, tmp_path, monkeypatch):
    """Where it cannot be loaded, and where it cannot run."""
    for method in ("__init__", "next_tokens"):
        rounded = failing(monkeypatch, method, CppError("cannot"))
        whole = {"engine": torch_transformer.TorchEngine, "engine_int8": rounded, "int8": "too"}
        monkeypatch.setitem(FORMATS, "torch", FORMATS["torch"]._replace(**whole))
        proven, unproven = exported(model, tmp_path / method).lines
        assert proven.startswith("proven by") and "so use the float32 graphs; torch" in unproven
        assert (tmp_path / method / "out").is_dir()


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [(KeyboardInterrupt(), 130, "stopped"), (OSError(28, "No space left on device"), 1, "No space left")],
)
def test_what_is_not_the_programs_fault(error, status, says, model, tmp_path, monkeypatch):
    """Ctrl-C and a full disk are told as everywhere."""
    failing(monkeypatch, "greedy", error)
    line = refusal(exported(model, tmp_path), status)
    assert says in line and "proven" not in line
    assert list(tmp_path.iterdir()) == [tmp_path / "text"]


def damaged(to, name, content):
    """The format, of which a file is damaged before it is proven."""
    whole = FORMATS[to]

    def write_damaged(ours, directory, int8):
        whole.write(ours, directory, int8)
        (directory / name).write_bytes(content((directory / name).read_bytes()))

    return whole._replace(write=write_damaged)


@pytest.mark.parametrize(
    ("to", "name", "content", "library"),
    [
        ("hf", "config.json", lambda _: b'{"model_type": "of tomorrow"}', "transformers"),
        ("hf", "model.safetensors", lambda whole: whole[:200], "transformers"),
        ("ctranslate2", "model.bin", lambda whole: whole[: len(whole) // 2], "ctranslate2"),
        ("ctranslate2", "model.bin", lambda whole: b"\x63" + whole[1:], "ctranslate2"),  # version 99 of the format
        ("onnx", "onnx/encoder_model.onnx", lambda whole: whole.replace(b"LayerNorm", b"LayerWhat"), "onnxruntime"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_the_programs_themselves(to, name, content, library, model, tmp_path, monkeypatch):
    """A class, a file, a version of the format, an operator that they do not know."""
    for needed in {"hf": ["transformers"], "ctranslate2": ["ctranslate2"], "onnx": onnx.NEEDED}[to]:
        pytest.importorskip(needed)
    monkeypatch.setitem(FORMATS, to, damaged(to, name, content))
    line = refusal(exported(model, tmp_path, to))
    assert f"not proven, so not exported: {library}" in line
    assert not (tmp_path / "out").exists()
