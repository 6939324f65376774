"""Too little memory is told in one line, and as what it is, whoever notices it."""

import errno
import os
import resource
import sys
from pathlib import Path

import pytest

from glassformer.cli import exit_status
from glassformer.evaluation.comet import Comet
from glassformer.interop import ctranslate2, onnx, spm
from glassformer.text.readers.frames import open_zstd
from glassformer.text.readers.parquet import parquet_rows
from tests.commands import captured, start
from tests.text.readers.files import as_parquet

UNMAPPED = "libx.so.1: failed to map segment from shared object"


@pytest.mark.parametrize("megabytes", [200, 300, 400, 470, 500])
def test_where_libraries_have_no_room_there_is_one_line(megabytes):
    size = megabytes << 20
    process = start("lecture", "--check", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size)))
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (1, b"")
    assert err.startswith(b"glassformer: not enough memory; ") and err.count(b"\n") == 1


@pytest.mark.parametrize("megabytes", [200, 205, 220, 230])
def test_where_pyarrow_has_no_room_there_is_one_line(tmp_path, megabytes):
    """It broke off while it was imported, and then in the exit of the process; or had no room for a thread."""
    path, size = as_parquet(tmp_path / "a.parquet", source=["a", "b"], target=["c", "d"]), megabytes << 20
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size))  # noqa: E731
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = start("check-data", "--pairs", path, preexec_fn=limit, env=environment)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (1, b"")
    assert err.startswith(b"glassformer: not enough memory; ") and err.count(b"\n") == 1


def test_an_error_of_memory_is_not_told_as_a_broken_file(tmp_path, monkeypatch):
    """Whatever was made of it on its way."""
    (tmp_path / "a.spm").write_bytes(b"")
    for error in (
        MemoryError(),
        OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
        RuntimeError("can't start new thread"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr("glassformer.interop.spm.sentencepiece.SentencePieceProcessor", raising(error))
            outcome = captured(lambda: exit_status(lambda: spm.read_spm(tmp_path, "a.spm")))
        assert (outcome.status, outcome.err.count("\n")) == (1, 1)
        assert outcome.err.startswith("glassformer: not enough memory; ")


def raising(error):
    def call(*given, **named):
        raise error

    return call


@pytest.mark.parametrize(
    ("module", "use"),
    [
        ("zstandard", lambda: open_zstd(None)),
        ("pyarrow", lambda: next(parquet_rows(None, (), "a.parquet"))),
        ("ctranslate2", lambda: ctranslate2.check(None)),
        ("onnx", lambda: onnx.check(None)),
        ("comet", lambda: Comet(Path("none"))),
    ],
)
def test_a_library_that_cannot_be_mapped_is_not_called_missing(module, use, monkeypatch):
    class Unmapped:
        @staticmethod
        def find_spec(name, path, target=None):
            if name == module:
                raise ImportError(UNMAPPED)

    monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setattr(sys, "meta_path", [Unmapped, *sys.meta_path])
    with pytest.raises(ImportError, match=UNMAPPED):
        use()
