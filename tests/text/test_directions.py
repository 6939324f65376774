"""Directions: what is one, the symbol of a target, which no text becomes, and the column that has them."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassformer.errors import InputError, UsageError
from glassformer.special import PIECES
from glassformer.text.directions import is_direction, rows_of_each, symbol_of, target_of, target_of_symbol
from glassformer.text.pairs import Pair, read_pairs
from glassformer.text.tokenizer import Tokenizer, encode_pairs
from tests.commands import write
from tests.letters import letters

TARGETS = ("de", "hi", "pt_BR")
SIGNS = ["<2hi> a b <2de>", "<2hi>", "</s><2hi><2pt_BR>", "a <2 hi> b", "<pad> <2fr>"]
WORDS = [text.replace(" ", "") for text, _ in letters(400)]
TEXTS = WORDS + SIGNS * 40  # so often that they could become pieces


@pytest.fixture(scope="module", params=["bpe", "unigram"])
def tokenizer(request):
    return Tokenizer.train(TEXTS, 320, request.param, targets=TARGETS)


@pytest.mark.parametrize("text", ["hi", "en-hi", "eng_Latn-hin_Deva", "x", "formal2"])
def test_a_direction_is_a_target_or_a_source_and_a_target(text):
    assert is_direction(text)
    assert target_of_symbol(symbol_of(target_of(text))) == target_of(text) == text.split("-")[-1]


@pytest.mark.parametrize(
    "text", ["", "-hi", "en-", "en-pt-BR", "1", "123", "en hi", "<2hi>", "हिन्दी", "en->hi", "en-hi\n"]
)
def test_nothing_else_is_one(text):
    assert not is_direction(text)


@given(st.lists(st.sampled_from(["hi", "en-hi", "", "hi-en"])))
def test_the_rows_of_each_direction_are_all_rows(directions):
    rows = rows_of_each(directions)
    assert list(rows) == sorted(set(directions))
    assert all([*own] == [row for row, one in enumerate(directions) if one == name] for name, own in rows.items())


# The symbols


def test_the_symbols_follow_the_control_tokens_and_are_counted(tokenizer):
    assert tokenizer.vocab_size == 320
    assert tuple(tokenizer.pieces[: len(PIECES)]) == PIECES
    assert tokenizer.pieces[len(PIECES) :][: len(TARGETS)] == ["<2de>", "<2hi>", "<2pt_BR>"]
    assert [tokenizer.target_ids(target) for target in TARGETS] == [[4], [5], [6]]
    assert tokenizer.targets == TARGETS


def test_no_text_becomes_a_symbol(tokenizer):
    symbols = {4, 5, 6, *range(len(PIECES))}
    texts = [*SIGNS, "▁<2hi>▁", "<2hi", "2hi>", *map(symbol_of, TARGETS)]
    for ids in (*tokenizer.encode_all(texts), *map(tokenizer.encode, texts), *tokenizer.sample_all(texts, 0.3, seed=1)):
        assert not symbols & set(ids)
    assert [tokenizer.decode(tokenizer.encode(text)) for text in texts] == texts
    assert not symbols & {token.id for text in texts for token in tokenizer.tokens(text)}


@given(st.text("<2hide>/s▁ ") | st.text("<2hi>") | st.text())
def test_nor_does_any_other(text):
    tokenizer = _GIVEN
    ids = tokenizer.encode(text)
    assert min(ids, default=7) > 6
    assert ids == tokenizer.encode_all([text])[0]


_GIVEN = Tokenizer.train(TEXTS, 320, "bpe", targets=TARGETS)


def test_a_symbol_stands_for_no_text(tokenizer):
    ids = [5, *tokenizer.encode("a b"), 4]
    assert tokenizer.decode(ids) == "a b"
    first, *_, last = tokenizer.tokens_of(ids)
    assert (first.piece, first.start, first.end, first.control) == ("<2hi>", 0, 0, True)
    assert (last.piece, last.start, last.end, last.control) == ("<2de>", 3, 3, True)
    assert tokenizer.split_target(ids) == ([5], ids[1:])
    assert tokenizer.split_target(ids[1:]) == ([], ids[1:])
    assert tokenizer.split_target([]) == ([], [])


def test_a_tokenizer_keeps_its_targets(tokenizer, tmp_path):
    path = tmp_path / "t.spm"
    path.write_bytes(tokenizer.to_bytes())
    assert Tokenizer.load(path).targets == TARGETS
    assert Tokenizer.train(TEXTS, 320).targets == ()


def test_a_target_is_told_where_there_are_several_and_known(tokenizer):
    with pytest.raises(UsageError, match=r"^the model has the targets de, hi, pt_BR; say which one \(--to;"):
        tokenizer.target_ids(None)
    with pytest.raises(UsageError, match=r"^no target 'fr': the model's targets are de, hi, pt_BR$"):
        tokenizer.target_ids("fr")
    none = Tokenizer.train(TEXTS, 320)
    assert none.target_ids(None) == none.target_ids("") == []
    with pytest.raises(UsageError, match=r"^no target 'hi': the model was trained without directions$"):
        none.target_ids("hi")
    one = Tokenizer.train(TEXTS, 320, targets=["hi"])
    assert one.target_ids(None) == one.target_ids("hi") == [4]


def test_a_user_symbol_is_no_targets_symbol():
    with pytest.raises(UsageError, match=r"^user_symbols: <2hi> is what directions put before a source already"):
        Tokenizer.train(TEXTS, 320, user_symbols=["<2hi>"], targets=["hi"])
    other = Tokenizer.train(TEXTS, 320, user_symbols=["<2fr>"], targets=["hi"])
    assert (other.targets, other.piece(other.encode("<2fr> a")[1])) == (("hi",), "<2fr>")


def test_pairs_are_encoded_with_their_targets(tokenizer):
    pairs = [
        Pair("a b", "c", "t.tsv", 1, "en-hi"),
        Pair("a b", "d", "t.tsv", 2, "de"),
        Pair("c", "d", "t.tsv", 3, "hi"),
    ]
    sources, targets = encode_pairs(pairs, (tokenizer, tokenizer))
    plain = tokenizer.encode_all([pair.source for pair in pairs])
    assert sources == [[5, *plain[0]], [4, *plain[1]], [5, *plain[2]]]
    assert targets == tokenizer.encode_all([pair.target for pair in pairs])
    unknown = pairs[2]._replace(direction="en-fr", line=7)
    with pytest.raises(InputError, match=r"^t\.tsv:7: no target 'fr': the model's targets are"):
        encode_pairs([*pairs, unknown], (tokenizer, tokenizer))


# The column


@pytest.mark.parametrize(
    ("name", "content", "columns"),
    [
        ("t.tsv", "a\tb\ten-hi\nb\ta\thi-en\n", [1, 2, 3]),
        ("t.tsv", "way\tx\ty\nen-hi\ta\tb\nhi-en\tb\ta\n", ["x", "y", "way"]),
        ("t.csv", "a,b,en-hi\nb,a,hi-en\n", [1, 2, 3]),
        ("t.csv", "way,x,y\nen-hi,a,b\n hi-en ,b,a\n", ["x", "y", "way"]),
        ("t.jsonl", '{"x": "a", "y": "b", "way": "en-hi"}\n{"x": "b", "y": "a", "way": "hi-en"}\n', ["x", "y", "way"]),
        ("t.json", '[{"x":"a","y":"b","way":"en-hi"},{"x":"b","y":"a","way":"hi-en"}]', ["x", "y", "way"]),
        ("t.jsonl", '{"translation": {"x": "a", "y": "b"}, "way": "en-hi"}\n'
                    '{"translation": {"x": "b", "y": "a"}, "way": "hi-en"}\n', ["x", "y", "way"]),
    ],
)  # fmt: skip
def test_a_third_column_has_the_direction(tmp_path, name, content, columns):
    found = list(read_pairs(write(tmp_path / name, content), columns))
    assert [(pair.source, pair.target, pair.direction, pair.to) for pair in found] == [
        ("a", "b", "en-hi", "hi"),
        ("b", "a", "hi-en", "en"),
    ]
    packed = tmp_path / f"{name}.gz"
    packed.write_bytes(gzip.compress(content.encode()))
    assert [pair.direction for pair in read_pairs(packed, columns)] == ["en-hi", "hi-en"]


def test_parquet_has_such_a_column_too(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet

    flat = {"x": ["a"], "y": ["b"], "way": ["en-hi"]}
    nested = {"translation": [{"x": "a", "y": "b"}], "way": ["en-hi"]}
    for table in (flat, nested):
        pyarrow.parquet.write_table(arrow.table(table), tmp_path / "t.parquet")
        assert [pair.direction for pair in read_pairs(tmp_path / "t.parquet", ["x", "y", "way"])] == ["en-hi"]
    with pytest.raises(InputError, match='no key "which"'):
        list(read_pairs(tmp_path / "t.parquet", ["x", "y", "which"]))


@pytest.mark.parametrize("value", ["", "17", "How are you", "en-pt-BR"])
def test_what_is_no_direction_is_refused_by_its_line(tmp_path, value):
    path = write(tmp_path / "t.tsv", f"a\tb\ten-hi\na\tb\t{value}\n")
    with pytest.raises(InputError, match=f"^{path}:2: .*{value}.* is no direction; it must be SOURCE-TARGET or TARGET"):
        list(read_pairs(path, [1, 2, 3]))


def test_a_missing_column_is_said(tmp_path):
    with pytest.raises(InputError, match=r"t\.tsv:1: 2 columns, expected at least 3"):
        list(read_pairs(write(tmp_path / "t.tsv", "a\tb\n"), [1, 2, 3]))
    with pytest.raises(InputError, match=r't\.jsonl:1: no key "way"'):
        list(read_pairs(write(tmp_path / "t.jsonl", json.dumps({"x": "a", "y": "b"}) + "\n"), ["x", "y", "way"]))
    with pytest.raises(InputError, match="TMX has no column of directions, but columns names a third; use directions"):
        list(read_pairs(write(tmp_path / "t.tmx", "<tmx></tmx>"), ["x", "y", "way"]))
