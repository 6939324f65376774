"""The readers of sentence pairs: what they accept, and how they refuse the rest."""

import gzip
import io
import json
import os
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glassformer.errors import InputError
from glassformer.text.pairs import Pair, read_lines, read_pairs, read_parallel
from tests.commands import write


def refusal(reader, *paths) -> str:
    """The one line with which a reader refuses its input."""
    with pytest.raises(InputError) as caught:
        list(reader(*paths))
    message = str(caught.value)
    assert "\n" not in message
    return message


def feed_stdin(monkeypatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


# Lines


def test_tsv_gives_text_origin_and_line(tmp_path):
    path = write(tmp_path / "a.tsv", "We are  friends\tहम दोस्त हैं\n Yes \t हाँ\n")
    assert list(read_pairs(path)) == [
        Pair("We are  friends", "हम दोस्त हैं", str(path), 1),
        Pair("Yes", "हाँ", str(path), 2),
    ]


def test_the_last_line_needs_no_line_end(tmp_path):
    assert list(read_lines(write(tmp_path / "a", "x\ny"))) == [(1, "x"), (2, "y")]


def test_crlf_ends_a_line_and_a_lone_cr_does_not(tmp_path):
    assert list(read_lines(write(tmp_path / "a", "x\r\ny\rz\n"))) == [(1, "x"), (2, "y\rz")]


@pytest.mark.parametrize("inside", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1e"])
def test_unicode_line_separators_stand_within_a_line(tmp_path, inside):
    path = write(tmp_path / "a.tsv", f"one{inside}two\teins{inside}zwei\n")
    assert list(read_pairs(path)) == [Pair(f"one{inside}two", f"eins{inside}zwei", str(path), 1)]


def test_a_byte_order_mark_is_dropped_at_the_start_only(tmp_path):
    path = write(tmp_path / "a", "\ufeffx\n\ufeffy\n")
    assert list(read_lines(path)) == [(1, "x"), (2, "\ufeffy")]


def test_a_byte_order_mark_alone_is_an_empty_file(tmp_path):
    assert "it is empty" in refusal(read_pairs, write(tmp_path / "a.tsv", "\ufeff"))


def test_gzip_is_told_by_suffix_and_by_its_first_bytes(tmp_path):
    data = gzip.compress(b"a\tb\n")
    for name in ("a.tsv.gz", "A.TSV.GZ", "packed.tsv"):
        path = write(tmp_path / name, data)
        assert list(read_pairs(path)) == [Pair("a", "b", str(path), 1)]


def test_reading_streams(tmp_path):
    path = write(tmp_path / "a.tsv", b"a\tb\n" * 10 + b"\xff\n")
    pairs = read_pairs(path)
    assert [next(pairs).line for _ in range(10)] == list(range(1, 11))


def test_invalid_utf8_is_placed_to_the_byte(tmp_path):
    path = write(tmp_path / "a.tsv", b"a\tb\nna\xefve\tx\n")
    assert refusal(read_pairs, path).startswith(f"{path}:2: byte 3 of the line (0xef) is not UTF-8")


def test_a_byte_order_mark_counts_in_the_byte_offset(tmp_path):
    assert "byte 5 of the line (0xff)" in refusal(read_lines, write(tmp_path / "a", b"\xef\xbb\xbfa\xff\n"))


def test_utf16_is_named(tmp_path):
    path = write(tmp_path / "a.tsv", "a\tb\n".encode("utf-16"))
    assert "convert UTF-16 to UTF-8" in refusal(read_pairs, path)


def test_half_a_surrogate_pair_in_utf8_is_refused(tmp_path):
    assert "byte 1 of the line (0xed)" in refusal(read_lines, write(tmp_path / "a", b"\xed\xa0\x80\n"))


def test_nul_is_refused(tmp_path):
    path = write(tmp_path / "a.tsv", "a\tb\nc\0d\te\n")
    assert refusal(read_pairs, path).startswith(f"{path}:2: character 2 is a NUL")


def test_a_missing_file_and_a_directory_are_refused(tmp_path):
    assert "does not exist" in refusal(read_pairs, tmp_path / "none.tsv")
    (tmp_path / "dir.tsv").mkdir()
    assert "is a directory" in refusal(read_pairs, tmp_path / "dir.tsv")


def test_an_unreadable_file_is_refused(without_root):
    path = write(without_root / "a.tsv", "a\tb\n")
    path.chmod(0)
    assert "Permission denied" in refusal(read_pairs, path)


def test_another_system_error_is_one_line(tmp_path):
    name = "x" * 5000 + ".tsv"
    assert "File name too long" in refusal(read_pairs, tmp_path / name)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-9],
        lambda data: data[:12] + b"\xff\xff\xff" + data[15:],
        lambda data: data[:-8] + b"\0\0\0\0" + data[-4:],
        lambda data: b"a\tb\n",
    ],
    ids=["truncated", "spoilt", "wrong checksum", "not gzip"],
)
def test_broken_gzip_is_refused(tmp_path, spoil):
    text = "".join(f"{n}\t{n * n}\n" for n in range(1000))
    path = write(tmp_path / "a.tsv.gz", spoil(gzip.compress(text.encode())))
    message = refusal(read_pairs, path)
    assert message.startswith(f"{path} is not a whole gzip file")


# TSV


@pytest.mark.parametrize("line, found", [("alone", "1 column,"), ("a\tb\tc", "3 columns,")])
def test_tsv_refuses_other_than_two_columns(tmp_path, line, found):
    path = write(tmp_path / "a.tsv", f"a\tb\n{line}\n")
    assert refusal(read_pairs, path).startswith(f"{path}:2: {found} expected 2")


def test_tsv_refuses_a_blank_line_but_keeps_empty_sides(tmp_path):
    path = write(tmp_path / "a.tsv", "\tb\na\t\n\t\n\nc\td\n")
    pairs = read_pairs(path)
    assert [next(pairs)[:2] for _ in range(3)] == [("", "b"), ("a", ""), ("", "")]
    with pytest.raises(InputError, match=":4: the line is blank"):
        next(pairs)


@pytest.mark.parametrize("name", ["a.tsv", "a.jsonl", "a.tsv.gz"])
def test_an_empty_file_is_refused(tmp_path, name):
    assert "it is empty" in refusal(read_pairs, write(tmp_path / name, b""))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.tsv", "a\tb\n\t\n"),
        ("a.csv", 'source,target\n"a\n\n",b\n'),  # a field may hold blank lines
        ("a.jsonl", '{"source": "a", "target": "b"}\n'),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\n\n\n", "\r\n"])
def test_blank_lines_at_the_end_are_no_pairs(tmp_path, name, text, end):
    path = tmp_path / name
    assert list(read_pairs(write(path, text + end))) == list(read_pairs(write(path, text)))
    first = text.partition("\n")[0]  # of CSV a header, which is a row as any other further down
    assert "the line is blank" in refusal(read_pairs, write(path, f"{text}{end}{first}\n"))


# JSON lines


@pytest.mark.parametrize("suffix", [".jsonl", ".ndjson", ".json", ".jsonl.gz"])
def test_json_lines(tmp_path, suffix):
    data = b'{"source": " a\\tb ", "target": "c", "id": 7}\n'
    path = write(tmp_path / f"a{suffix}", gzip.compress(data) if "gz" in suffix else data)
    assert list(read_pairs(path)) == [Pair("a\tb", "c", str(path), 1)]


@pytest.mark.parametrize(
    "line, why",
    [
        ('{"source": "a",', "not JSON"),
        ("[", "not JSON"),
        ('["a", "b"]', "not an object"),
        ('{"source": "a"}', 'no key "target"'),
        ('{"target": "a"}', 'no key "source"'),
        ('{"source": "a", "target": null}', '"target" is not a string'),
        ('{"source": 1, "target": "a"}', '"source" is not a string'),
        ('{"source": "a\\u0000", "target": "a"}', '"source": character 2 is a NUL'),
        ('{"source": "a", "target": "\\ud83d"}', "half a surrogate pair (\\ud83d)"),
        ("[" * 100_000, "too deep"),
        ('{"source": ' + "1" * 5000 + "}", "too large"),
    ],
)
def test_json_lines_refuse(tmp_path, line, why):
    path = write(tmp_path / "a.jsonl", '{"source": "a", "target": "b"}\n' + line + "\n")
    message = refusal(read_pairs, path)
    assert message.startswith(f"{path}:2") and why in message


# Two files


def test_parallel_files(tmp_path):
    source = write(tmp_path / "a.en", "yes \r\n\r\nno\r\n")
    target = write(tmp_path / "a.de.gz", gzip.compress(b"ja\n\nnein"))
    assert list(read_parallel(source, target)) == [
        Pair("yes", "ja", str(source), 1),
        Pair("", "", str(source), 2),
        Pair("no", "nein", str(source), 3),
    ]


@pytest.mark.parametrize("counts", [(1, 4), (4, 1), (0, 3), (3, 0), (2, 3)])
def test_parallel_files_of_unequal_length_are_refused_with_both_counts(tmp_path, counts):
    paths = [write(tmp_path / f"{side}", "x\n" * n) for side, n in zip("st", counts, strict=True)]
    message = refusal(read_parallel, *paths)
    for path, count in zip(paths, counts, strict=True):
        assert f"{path} has {count} line" in message


def test_parallel_files_refuse_two_empty_files_and_two_standard_inputs(tmp_path):
    paths = write(tmp_path / "s", ""), write(tmp_path / "t", "")
    assert f"{paths[0]} and {paths[1]}: it is empty" in refusal(read_parallel, *paths)
    assert "both standard input" in refusal(read_parallel, "-", "-")


# Formats told apart


def test_an_unknown_suffix_is_refused_at_once(tmp_path):
    for name in ("pairs.doc", "pairs", "pairs.gz", "pairs.doc.gz"):
        with pytest.raises(InputError, match=r"understood: \.tsv, \.tab, \.txt, \.csv, \.jsonl"):
            read_pairs(tmp_path / name)


@pytest.mark.parametrize(
    "data",
    [b"a\tb\n", b'  {"source": "a", "target": "b"}\n', gzip.compress(b"a\tb\n")],
    ids=["tsv", "json", "gzip"],
)
def test_standard_input_is_sniffed(monkeypatch, data):
    feed_stdin(monkeypatch, data)
    assert list(read_pairs("-")) == [Pair("a", "b", "standard input", 1)]


def test_standard_input_is_left_open_and_refused_by_name(monkeypatch):
    feed_stdin(monkeypatch, b"a\n")
    assert refusal(read_pairs, "-").startswith("standard input:1: 1 column")
    assert not sys.stdin.buffer.closed
    feed_stdin(monkeypatch, b"")
    assert "no pairs in standard input" in refusal(read_pairs, "-")


def test_a_named_pipe_is_sniffed(tmp_path):
    read_end, write_end = os.pipe()
    os.write(write_end, b"a\tb\n")
    os.close(write_end)
    assert [pair[:2] for pair in read_pairs(f"/dev/fd/{read_end}")] == [("a", "b")]
    os.close(read_end)


# Round trips

sides = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\t\n\r")).map(str.strip)
in_memory = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])


def as_tsv(pairs, folder):
    text = "".join(f"{source}\t{target}\n" for source, target in pairs)
    return read_pairs(write(folder / "pairs.tsv", text))


def as_jsonl(pairs, folder):
    records = [{"source": source, "target": target} for source, target in pairs]
    text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    return read_pairs(write(folder / "pairs.jsonl", text))


def as_gzip(pairs, folder):
    records = [{"source": source, "target": target} for source, target in pairs]
    text = "".join(json.dumps(record) + "\r\n" for record in records)
    return read_pairs(write(folder / "pairs.jsonl.gz", gzip.compress(text.encode())))


def as_parallel(pairs, folder):
    source, target = ("".join(side + "\n" for side in column) for column in zip(*pairs, strict=True))
    return read_parallel(write(folder / "s", source), write(folder / "t", target))


@pytest.mark.parametrize("write_and_read", [as_tsv, as_jsonl, as_gzip, as_parallel])
@in_memory
@given(pairs=st.lists(st.tuples(sides, sides), min_size=1, max_size=8))
def test_what_is_written_is_read_back(tmp_path, write_and_read, pairs):
    if pairs[0][0].startswith("\ufeff"):
        pairs[0] = ("x" + pairs[0][0], pairs[0][1])  # at the start of a file it is a mark
    if pairs[0][1].startswith("\ufeff"):
        pairs[0] = (pairs[0][0], "x" + pairs[0][1])
    read = list(write_and_read(pairs, tmp_path))
    assert [(pair.source, pair.target) for pair in read] == pairs
    assert [pair.line for pair in read] == list(range(1, len(pairs) + 1))
