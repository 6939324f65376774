"""Text that can be read again, and its digest."""

import gzip

import pytest

from glassformer.errors import InputError
from glassformer.text.pair_text import PairText
from glassformer.text.pairs import Pair

TSV = "a\tb\nc\td\n"


def test_files_are_read_again_and_again(tmp_path):
    (tmp_path / "t.tsv").write_text(TSV)
    text = PairText.from_file(str(tmp_path / "t.tsv"))
    assert [pair[:2] for pair in text] == [pair[:2] for pair in text] == [("a", "b"), ("c", "d")]


def test_two_files_and_several_texts(tmp_path):
    (tmp_path / "s").write_text("a\nc\n")
    (tmp_path / "t").write_text("b\nd\n")
    two = PairText.from_parallel_files(str(tmp_path / "s"), str(tmp_path / "t"))
    joined = PairText.concatenated([two, PairText.from_memory([Pair("e", "f")])])
    assert [pair[:2] for pair in joined] == [pair[:2] for pair in joined] == [("a", "b"), ("c", "d"), ("e", "f")]


def test_the_digest_is_of_the_content(tmp_path):
    files = {
        "t.tsv": TSV.encode(), "same.tsv": TSV.encode(), "t.jsonl": TSV.encode(),
        "other.tsv": TSV.replace("d", "e").encode(), "t.tsv.gz": gzip.compress(TSV.encode()),
    }  # fmt: skip
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    digests = {name: PairText.from_file(str(tmp_path / name)).digest() for name in files}
    assert digests["t.tsv"] == digests["same.tsv"]
    assert len(set(digests.values())) == len(files) - 1
    one, other = (PairText.from_file(str(tmp_path / name)) for name in ("t.tsv", "other.tsv"))
    joined = [PairText.concatenated(texts).digest() for texts in ([one, other], [other, one], [one], [one, one])]
    assert len(set(joined)) == 4


def test_the_digest_of_pairs_in_memory():
    texts = [[("a", "bc")], [("ab", "c")], [("a", "bc"), ("d", "e")], []]
    digests = {PairText.from_memory(Pair(*pair) for pair in pairs).digest() for pairs in texts}
    assert len(digests) == len(texts)
    assert (
        PairText.from_memory([Pair("a", "b", "here", 1)]).digest()
        == PairText.from_memory([Pair("a", "b", "there", 2)]).digest()
    )


def test_the_stamp_changes_with_the_file(tmp_path):
    (tmp_path / "t.tsv").write_text(TSV)
    text = PairText.concatenated([PairText.from_file(str(tmp_path / "t.tsv"))])
    before = text.stamp()
    assert before == text.stamp() != []
    (tmp_path / "t.tsv").write_text(TSV + "e\tf\n")
    assert text.stamp() != before


def test_a_missing_file_has_no_digest(tmp_path):
    with pytest.raises(InputError, match=r"t\.tsv does not exist"):
        PairText.from_file(str(tmp_path / "t.tsv")).digest()
