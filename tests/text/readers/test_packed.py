"""Packed files: told by their suffix and their first bytes, and refused where they are broken or ask for much."""

import lzma
import sys
import tracemalloc
import zlib

import pytest

from glassformer.text.pairs import read_lines
from glassformer.text.readers.lines import LONGEST
from tests.commands import write
from tests.text.readers.files import PACKERS, as_zstd, refusal, texts


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_packed_file_is_told_by_suffix_and_by_its_first_bytes(tmp_path, suffix):
    pack = PACKERS[suffix]
    packed = pack(b"a\tb\n") + pack(b"c\td\n")  # two streams in one file, as parallel packers write them
    for name in (f"a.tsv{suffix}", f"A.TSV{suffix.upper()}", "a.tsv"):
        assert texts(write(tmp_path / name, packed)) == [("a", "b"), ("c", "d")]


@pytest.mark.parametrize("suffix", PACKERS)
@pytest.mark.parametrize("spoil", [lambda data: data[:-9], lambda data: data[: len(data) // 2], lambda _: b"a\tb\n"])
def test_a_broken_packing_is_refused(tmp_path, suffix, spoil):
    data = PACKERS[suffix]("".join(f"{n}\t{n * n}\n" for n in range(10_000)).encode())
    path = write(tmp_path / f"a.tsv{suffix}", spoil(data))
    kind = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd"}[suffix]
    assert refusal(path).startswith(f"{path} is not a whole {kind} file")


def test_xz_may_have_padding_between_its_streams(tmp_path):
    padded = lzma.compress(b"a\tb\n") + bytes(4) + lzma.compress(b"c\td\n") + bytes(8)
    assert texts(write(tmp_path / "a.tsv.xz", padded)) == [("a", "b"), ("c", "d")]
    assert "not a whole xz file" in refusal(write(tmp_path / "b.tsv.xz", padded + b"more"))


def endless_xz():
    """A dictionary of 4 GiB in a block's header, whose last four bytes are its CRC-32."""
    data = bytearray(lzma.compress(b"a\tb\n", filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 4096}]))
    end = 12 + 4 * data[12]  # the stream's header has 12 bytes
    assert data[14:17] == b"\x21\x01\x00"  # LZMA2, one byte of properties: 4 KiB
    data[16] = 40
    return bytes(data[:end]) + zlib.crc32(data[12:end]).to_bytes(4, "little") + bytes(data[end + 4 :])


def endless_zstd():
    """A window of 1 TiB in a frame's header, and a block as it is."""
    as_zstd(b"")  # which skips the test where there is none
    return b"\x28\xb5\x2f\xfd" + b"\x00\xf0" + (1 | 4 << 3).to_bytes(3, "little") + b"a\tb\n"


@pytest.mark.parametrize(("suffix", "made"), [(".xz", endless_xz), (".zst", endless_zstd)])
def test_a_packing_that_asks_for_gigabytes_is_refused_before_it_has_them(tmp_path, suffix, made):
    message = refusal(write(tmp_path / f"a.tsv{suffix}", made()))
    assert "Memory usage limit exceeded" in message or "too much memory" in message


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_packed_line_without_end_is_refused_before_it_fills_the_memory(tmp_path, suffix):
    path = write(tmp_path / f"a.tsv{suffix}", PACKERS[suffix](b"a\tb\n" + bytes(100 * LONGEST).replace(b"\0", b"x")))
    tracemalloc.start()
    try:
        message = refusal(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert message.startswith(f"{path}:2: the line is longer than 1,048,576 bytes")
    assert peak < 50 * LONGEST


def test_a_line_may_have_as_many_bytes_as_is_said(tmp_path):
    path = write(tmp_path / "a", b"x" * (LONGEST - 1) + b"\n" + b"y" * LONGEST)
    assert [len(text) for _, text in read_lines(path)] == [LONGEST - 1, LONGEST]
    assert "longer than" in refusal(write(tmp_path / "a.tsv", b"x" * LONGEST + b"\n"))


def test_without_the_library_the_extra_is_named(tmp_path, monkeypatch):
    for module, name, extra in (("zstandard", "a.tsv.zst", "zstd"), ("pyarrow", "a.parquet", "parquet")):
        monkeypatch.setitem(sys.modules, module, None)
        path = write(tmp_path / name, b"PAR1")
        assert f"pip install 'glassformer[{extra}]'" in refusal(path)
