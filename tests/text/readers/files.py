"""Files of pairs for the tests of their readers: what writes them, and what is read of them or why it is refused."""

import bz2
import gzip
import lzma
import sys

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from glassformer.errors import InputError
from glassformer.text.pairs import read_pairs

sides = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\ufeff")).map(str.strip)
some_pairs = st.lists(st.tuples(sides, sides), min_size=1, max_size=8)
fuzzed = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def texts(path, columns=()):
    return [pair[:2] for pair in read_pairs(path, columns)]


def refusal(path, columns=()) -> str:
    with pytest.raises(InputError) as caught:
        list(read_pairs(path, columns))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def as_parquet(path, **columns):
    parquet = pytest.importorskip("pyarrow.parquet", reason="Parquet is not tested: pyarrow is missing")
    parquet.write_table(sys.modules["pyarrow"].table(columns), path)
    return path


def as_zstd(data):
    return pytest.importorskip("zstandard", reason="zstd is not tested: zstandard is missing").compress(data)


PACKERS = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": as_zstd}
