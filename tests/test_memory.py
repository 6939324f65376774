"""Too little memory is told in one line, and as what it is, whoever notices it."""

import resource
import sys
from pathlib import Path

import pytest

from glassformer.evaluation.comet import Comet
from glassformer.interop import ctranslate2, onnx
from glassformer.text.readers.frames import open_zstd
from glassformer.text.readers.parquet import parquet_rows
from tests.commands import start

UNMAPPED = "libx.so.1: failed to map segment from shared object"


@pytest.mark.parametrize("megabytes", [200, 300, 400, 470, 500])
def test_where_libraries_have_no_room_there_is_one_line(megabytes):
    size = megabytes << 20
    process = start("lecture", "--check", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size)))
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (1, b"")
    assert err.startswith(b"glassformer: not enough memory; ") and err.count(b"\n") == 1


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
