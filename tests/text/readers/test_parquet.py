"""Parquet as pyarrow writes it, and files of it that are broken, lie of their sizes, or ask for much."""

import subprocess
import sys
from random import Random

import pytest
from hypothesis import given

from glassformer.errors import InputError
from glassformer.text.readers.lines import LONGEST
from tests.commands import write
from tests.text.readers.files import as_parquet, fuzzed, refusal, some_pairs, texts


@fuzzed
@given(pairs=some_pairs)
def test_parquet_as_pyarrow_writes_it(tmp_path, pairs):
    sources, targets = map(list, zip(*pairs, strict=True))
    path = tmp_path / "a.parquet"
    assert texts(as_parquet(path, id=list(range(len(pairs))), source=sources, target=targets)) == pairs
    nested = [{"en": source, "hi": target} for source, target in pairs]
    assert texts(as_parquet(path, translation=nested), ["en", "hi"]) == pairs


def test_parquet_refuses(tmp_path):
    path = as_parquet(tmp_path / "a.parquet", en=["a", "b"], hi=["c", None], n=[1, 2])
    assert refusal(path).startswith(f"{path}: columns en, hi, n; say which is source and which is target")
    assert refusal(path, ["en", "hi"]).startswith(f'{path}:2: "hi" is not a string')
    assert refusal(path, ["en", "n"]).startswith(f'{path}:1: "n" is not a string')
    assert refusal(path, [1, 7]).startswith(f"{path}: 3 columns, expected at least 7")
    assert texts(as_parquet(tmp_path / "b.parquet", x=["a"], y=["b"]), [2, 1]) == [("b", "a")]
    nested = as_parquet(tmp_path / "c.parquet", translation=[{"en": "a", "hi": "b"}])
    assert refusal(nested).startswith(f"{nested}:1: translations in en, hi; say which is source")
    whole = path.read_bytes()
    for spoilt in (whole[:-20], whole[20:], b"", b"PAR1", whole[:100] + b"\xff" * 50 + whole[150:]):
        assert refusal(write(path, spoilt), ["en", "hi"]).startswith(f"{path}")


def test_a_cell_of_parquet_is_bounded(tmp_path):
    """By its page's size before it is unpacked, or by its length before Python has it."""
    rows = {"source": ["a", "x" * (LONGEST * 130)], "target": ["b", "b"]}
    bomb = as_parquet(tmp_path / "bomb.parquet", **rows)
    sys.modules["pyarrow.parquet"].write_table(sys.modules["pyarrow"].table(rows), bomb, compression="zstd")
    assert bomb.stat().st_size < LONGEST
    assert "a page of column 'source' unpacks to 136,3" in refusal(bomb)
    for cell in ("x" * (LONGEST + 1), "xy" * (65 * LONGEST)):
        path = tmp_path / "long.parquet"
        sys.modules["pyarrow.parquet"].write_table(
            sys.modules["pyarrow"].table({"source": ["a", cell], "target": ["b", "b"]}), path, compression="none"
        )
        assert "is longer than 1,048,576 bytes" in refusal(path)
    path = as_parquet(tmp_path / "most.parquet", source=["x" * LONGEST], target=["b"])
    assert [len(source) for source, _ in texts(path)] == [LONGEST]


def varint(number):
    """A number as Thrift's compact protocol has it: the sign lowest, seven bits a byte, the lowest first."""
    bits = (number << 1 ^ number >> 63) & (1 << 64) - 1
    digits = [bits >> shift & 0x7F for shift in range(0, max(bits.bit_length(), 1), 7)]
    return bytes([*(digit | 0x80 for digit in digits[:-1]), digits[-1]])


def with_footer(data, change):
    """A Parquet file with another footer."""
    size = int.from_bytes(data[-8:-4], "little")
    footer = change(data[-8 - size : -8])
    return data[: -8 - size] + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def test_a_footer_of_parquet_that_lies_of_sizes(tmp_path):
    """What is unpacked is told by the pages."""
    sizes = {"use_dictionary": False, "data_page_size": 1 << 30, "write_statistics": False}
    path = as_parquet(tmp_path / "a.parquet", source=["x" * 1_000_000] * 150, target=["b"] * 150)
    table = sys.modules["pyarrow.parquet"].read_table(path)
    sys.modules["pyarrow.parquet"].write_table(table, path, compression="zstd", **sizes)
    column = sys.modules["pyarrow.parquet"].ParquetFile(path).metadata.row_group(0).column(0)
    told = varint(column.total_uncompressed_size)
    data = with_footer(path.read_bytes(), lambda footer: footer.replace(told, varint(1000)))
    assert data != path.read_bytes()
    assert "a page of column 'source' unpacks to 150,000,6" in refusal(write(path, data))


def test_a_page_of_parquet_whose_header_nests_without_end(tmp_path):
    """Lists in lists, as structs in structs, in the place of the first header."""
    text = "".join(Random(1).choices("abcdefghijklmnop", k=9_000))  # which no packing makes short
    whole = as_parquet(tmp_path / "a.parquet", source=[text], target=["b"]).read_bytes()
    for nested in (b"\x19" * 5_000, b"\x1c" * 5_000):  # of one item each; a field that is a struct
        forged = whole[:4] + b"\x19" + nested + whole[5 + len(nested) :]
        assert "not a whole Parquet file" in refusal(write(tmp_path / "b.parquet", forged))


def test_a_text_of_parquet_that_is_there_once_is_not_read_for_ever(tmp_path):
    path = as_parquet(tmp_path / "a.parquet", source=["x" * 1000] * 200_000, target=["b"] * 200_000)
    assert "200 times what the file has" in refusal(path)


def test_any_number_in_a_footer_of_parquet(tmp_path):
    """Some end the process in pyarrow, if it is asked what the footer says of a column."""
    whole = as_parquet(tmp_path / "a.parquet", source=["a b", "c"] * 5, target=["d", "e f"] * 5).read_bytes()
    size = int.from_bytes(whole[-8:-4], "little")
    numbers = [varint(number) for number in (0, 2**62, 2**31, -1, 1)]
    for place in range(size):
        new = numbers[place % 5]
        forged = with_footer(whole, lambda old, at=place, new=new: old[:at] + new + old[at + 1 :])
        try:
            assert len(texts(write(tmp_path / "b.parquet", forged))) <= 10
        except InputError as error:
            assert "\n" not in str(error)


READS_DAMAGED_FILES = """
import sys
from pathlib import Path
from glassformer.errors import InputError
from glassformer.text.pairs import read_pairs

path = Path(sys.argv[1])
good = path.read_bytes()
for at in range(len(good)):
    for byte in (11, 66, 123):
        path.write_bytes(good[:at] + bytes([byte]) + good[at + 1 :])
        try:
            list(read_pairs(path))
        except InputError:
            pass
"""


def test_a_damaged_file_of_parquet_does_not_end_the_process(tmp_path):
    """In a process of its own: pyarrow's own check of a column may end by `abort`."""
    pytest.importorskip("pyarrow")
    path = as_parquet(tmp_path / "a.parquet", source=["a", "b c"], target=["x", "y z"])
    command = [sys.executable, "-c", READS_DAMAGED_FILES, path]
    assert subprocess.run(command, stderr=subprocess.PIPE, timeout=300).stderr == b""
