"""Tokenizers: nothing is lost, nothing is mistaken for a control token, every token has its place."""

import random
import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassformer.errors import InputError, UsageError
from glassformer.special import BOS, EOS, PAD, UNK
from glassformer.text.normalization import normalizer
from glassformer.text.tokenizer import Tokenizer

WORDS = {
    "English": "friend cat mat road walk cross sleep yesterday because it the a was we are did not on its",
    "German": "Freund Katze Matte Straße geh überquer schlaf gestern weil müde die war wir sind nicht auf ihr",
    "Hindi": "दोस्त बिल्ल चटाई सड़क चल पार सो कल क्योंकि वह और थ हम हैं नहीं पर उस",
}
ENDINGS = {"English": ["", "s", "ed", "ing"], "German": ["", "e", "en", "test"], "Hindi": ["", "ी", "ा", "ने"]}
CONTROLS = "</s> <s> <pad> <unk> <0x41>"
AWKWARD = [
    "", " ", "  two  spaces ", "\n", "a\nb\r\n", "\0", "a\0b", "\ufeff", "\u2028", "\ufffd", "\U0010ffff",
    CONTROLS, "<s>", "a</s>b", "▁", "▁▁", " ▁ ", "a▁b ▁", "<0x41><0xE2>", "▅", "⁇", "हैं ▁", "\U0010fffd▁\U0010fffc",
    "👩\u200d👩\u200d👧", "e\u0301 é",
]  # fmt: skip

# Words it knows, control strings and the awkward among arbitrary characters.
texts = st.one_of(
    st.text(),
    st.lists(st.sampled_from([*" ".join(WORDS.values()).split(), *CONTROLS.split(), *AWKWARD, " "])).map("".join),
    st.lists(st.sampled_from([*" ".join(WORDS.values()).split(), *AWKWARD]) | st.text(max_size=3)).map(" ".join),
)


def corpus():
    draw = random.Random(0)
    lines = []
    for _ in range(400):
        language = draw.choice(list(WORDS))
        stems = draw.choices(WORDS[language].split(), k=draw.randint(3, 9))
        lines.append(" ".join(stem + draw.choice(ENDINGS[language]) for stem in stems) + draw.choice(".!?"))
    return lines


@pytest.fixture(scope="session", params=["unigram", "bpe"])
def tokenizer(request):
    return Tokenizer.train(corpus(), 380, request.param)


# Nothing is lost


def test_every_character_there_is_comes_back(tokenizer):
    points = [point for point in range(sys.maxunicode + 1) if not 0xD800 <= point <= 0xDFFF]
    assert len(points) == 1_112_064  # all that UTF-8 can spell
    for first in range(0, len(points), 4096):
        text = "".join(map(chr, points[first : first + 4096]))
        ids = tokenizer.encode(text)
        same = tokenizer.decode(ids) == text  # pytest would take minutes to show how two such texts differ
        assert same, f"something is lost between U+{points[first]:04X} and the next 4096"
        assert min(ids) > max(PAD, UNK, BOS, EOS)


@settings(max_examples=100)
@given(text=texts)
def test_any_text_comes_back(tokenizer, text):
    assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_text_comes_back(tokenizer, text):
    assert tokenizer.decode(tokenizer.encode(text)) == text


@settings(max_examples=100)
@given(text=texts)
def test_text_never_gives_a_control_token(tokenizer, text):
    assert all(4 <= token < tokenizer.vocab_size for token in tokenizer.encode(text))


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
def test_control_strings_are_text_even_where_they_were_trained_on(kind):
    trained = Tokenizer.train([f"{line} {CONTROLS}{CONTROLS}" for line in corpus()], 400, kind)
    for text in (CONTROLS, *CONTROLS.split()):
        assert min(trained.encode(text)) >= 4
        assert trained.decode(trained.encode(text)) == text


def test_the_first_pieces_are_the_control_tokens_and_the_bytes(tokenizer):
    assert [tokenizer.piece(token) for token in (PAD, UNK, BOS, EOS)] == ["<pad>", "<unk>", "<s>", "</s>"]
    assert [tokenizer.piece(4 + byte) for byte in range(256)] == [f"<0x{byte:02X}>" for byte in range(256)]
    assert tokenizer.vocab_size == 380


def test_decoding_skips_control_tokens_and_mends_broken_bytes(tokenizer):
    ids = tokenizer.encode("the cat")
    assert tokenizer.decode([BOS, *ids, UNK, EOS, PAD, PAD]) == "the cat"
    assert tokenizer.decode([*ids, 4 + 0xE2]) == "the cat\ufffd"
    assert tokenizer.decode([]) == ""


@pytest.mark.parametrize("method", ["encode", "tokens", "encode_all"])
def test_half_a_surrogate_pair_is_refused(tokenizer, method):
    text = "ab\ud83dc"
    with pytest.raises(UsageError, match=r"character 3 .* surrogate"):
        getattr(tokenizer, method)(["fine", text] if method == "encode_all" else text)


@settings(max_examples=100)
@given(many=st.lists(texts, max_size=5))
def test_many_at_once_are_as_each_alone(tokenizer, many):
    assert tokenizer.encode_all(many) == [tokenizer.encode(text) for text in many]


@settings(max_examples=100)
@given(text=texts, more=st.integers(-1, 3))
def test_a_text_fits_where_it_has_no_more_tokens(tokenizer, with_symbols, text, more):
    for one in (tokenizer, with_symbols):  # the latter has rules that lengthen and shorten text
        count = len(one.encode(text))
        assert [one.fits(text, most) for most in (count - 1, count, count + more)] == [False, True, more >= 0]


def test_what_is_trained_on_costs_fewer_tokens_than_letters(tokenizer):
    for words in WORDS.values():
        assert len(tokenizer.encode(words)) < 0.8 * len(words)


# Every token has its place


def byte_of(token):
    """The byte that a token spells, or None."""
    return token.id - 4 if 4 <= token.id < 260 else None


@settings(max_examples=100)
@given(text=texts)
def test_spans_cover_the_text_in_order(tokenizer, text):
    tokens = tokenizer.tokens(text)
    assert [token.id for token in tokens] == tokenizer.encode(text)
    assert [token.piece for token in tokens] == [tokenizer.piece(token.id) for token in tokens]
    reached, spelt = 0, b""
    for index, token in enumerate(tokens):
        if byte_of(token) is not None:
            # The bytes of a character share its span, one character wide.
            assert (token.start, token.end) == (reached, reached + 1)
            spelt += bytes([byte_of(token)])
            if spelt == text[reached].encode():
                reached, spelt = reached + 1, b""
            continue
        assert not spelt
        piece = token.piece.replace("▁", " ")
        if index == 0:  # the space before the text
            assert piece[0] == " "
            piece = piece[1:]
        assert (token.start, text[token.start : token.end]) == (reached, piece)
        reached = token.end
    assert reached == len(text) and not spelt


def test_spans_of_a_known_sentence(tokenizer):
    tokens = tokenizer.tokens("a 👍!")
    thumb = [token for token in tokens if byte_of(token) is not None]
    assert bytes(map(byte_of, thumb)) == "👍".encode()
    assert {(token.start, token.end) for token in thumb} == {(2, 3)}
    assert "".join("a 👍!"[token.start : token.end] for token in tokens if token not in thumb) == "a !"


# Training


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
def test_same_text_same_tokenizer(kind):
    one, other = (Tokenizer.train(iter(corpus()), 380, kind) for _ in range(2))
    assert one.to_bytes() == other.to_bytes()
    assert one.to_bytes() != Tokenizer.train(corpus()[:300], 380, kind).to_bytes()


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
@pytest.mark.parametrize(("vocab_size", "bound"), [(100_000, "at most"), (262, "at least")])
def test_an_impossible_vocabulary_is_answered_with_the_bound(kind, vocab_size, bound):
    with pytest.raises(InputError, match=f"vocab_size = {vocab_size} .*{bound} ") as caught:
        Tokenizer.train(corpus(), vocab_size, kind)
    size = int(re.search(rf"{bound} (\d+)", str(caught.value))[1])
    assert Tokenizer.train(corpus(), size, kind).vocab_size == size
    beyond = size + 1 if bound == "at most" else size - 1
    with pytest.raises(InputError, match=f"{bound} {size}"):
        Tokenizer.train(corpus(), beyond, kind)


@pytest.mark.parametrize("texts", [[], [""], ["", ""]])
def test_no_text_no_tokenizer(texts):
    with pytest.raises(InputError, match="no tokenizer can be trained"):
        Tokenizer.train(texts, 300)


def test_a_very_long_line_is_not_skipped():
    line = " ".join(corpus())
    assert len(line.encode()) > 4192  # SentencePiece's own limit
    assert Tokenizer.train([line], 380).vocab_size == 380


def test_a_line_with_sentencepiece_s_own_sign_is_not_skipped():
    assert Tokenizer.train([f"▅ {line}" for line in corpus()], 380).vocab_size == 380


def test_coverage_spells_rare_characters_in_bytes():
    lines = [*corpus(), "ж"]
    everything, most = (Tokenizer.train(lines, 380, coverage=share) for share in (1.0, 0.995))
    assert [byte_of(token) for token in everything.tokens("ж")][-1:] == [None]
    assert bytes(byte_of(token) for token in most.tokens("ж")[1:]) == "ж".encode()


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
def test_every_digit_is_a_piece_of_its_own(kind):
    """In any script, and in a year that comes a hundred times."""
    years = ["in 1999", "२०२४ में", "v1999x २०२४", "<2hi> 1999"] * 100
    split = Tokenizer.train([*corpus(), *years], 400, kind, user_symbols=["<2hi>"])
    assert not [piece for piece in split.pieces[261:] if re.search(r"\d", piece) and len(piece) > 1]
    assert [token.piece for token in split.tokens("<2hi> 1999२")] == ["▁", "<2hi>", "▁", *"1999२"]
    assert not [piece for piece in split.pieces if "hi>" in piece and piece != "<2hi>"]
    whole = Tokenizer.train([*corpus(), *years], 400, kind, split_digits=False)
    assert {"▁1999", "▁२०२४"} <= set(whole.pieces)


# User symbols

SYMBOLS = ("<2hi>", "｟NUM｠", "don’t,", '"')


@pytest.fixture(scope="module", params=["unigram", "bpe"])
def with_symbols(request):
    plain = Tokenizer.train(corpus(), 380, request.param, user_symbols=SYMBOLS)
    return plain.with_rules(normalizer("source").serialized_normalizer_spec())


def test_a_user_symbol_is_one_piece_wherever_it_stands(with_symbols):
    text = '<2hi> the cat｟NUM｠s don’t,<2hi>" it’s'
    for ids in (with_symbols.encode(text), *with_symbols.sample_all([text] * 50, 0.3, seed=1)):
        symbols = [piece for piece in map(with_symbols.piece, ids) if piece in SYMBOLS]
        assert symbols == ["<2hi>", "｟NUM｠", "don’t,", "<2hi>", '"']
        assert with_symbols.decode(ids) == text.replace("it’s", "it's")  # only the others are normalised
    spans = [text[token.start : token.end] for token in with_symbols.tokens(text) if token.piece in SYMBOLS]
    assert spans == symbols


def test_user_symbols_are_no_control_tokens(with_symbols):
    ids = [with_symbols.encode(symbol)[-1] for symbol in SYMBOLS]
    assert with_symbols.user_symbols == SYMBOLS
    assert ids == [4, 5, 6, 7]  # after the control tokens, before the bytes
    assert with_symbols.decode(ids) == "".join(SYMBOLS)
    assert Tokenizer.train(corpus(), 380).user_symbols == ()


@settings(max_examples=100)
@given(text=st.lists(st.sampled_from([*SYMBOLS, *AWKWARD, *CONTROLS.split()]) | st.text(max_size=3)).map("".join))
def test_text_with_user_symbols_gives_no_control_token(with_symbols, text):
    assert min(with_symbols.encode(text), default=4) >= 4
    assert [token.id for token in with_symbols.tokens(text)] == with_symbols.encode(text)


@pytest.mark.parametrize(
    ("symbols", "message"),
    [
        (["</s>"], "user_symbols: </s> is the name of a control token or of a byte"),
        (["<0xE2>"], "user_symbols: <0xE2> is the name of a control token or of a byte"),
        (["a b"], "user_symbols: 'a b' must have characters, and no white space, NUL or ▁"),
        (["▁"], "user_symbols: '▁' must have characters"),
        ([""], "user_symbols: '' must have characters"),
        (["<a>", "<b>", "<a>"], "has one twice"),
    ],
)
def test_what_cannot_be_a_user_symbol_is_refused(symbols, message):
    with pytest.raises(UsageError, match=message):
        Tokenizer.train(corpus(), 380, user_symbols=symbols)


# On disk


@settings(max_examples=100)
@given(text=texts)
def test_a_saved_tokenizer_is_the_same(tokenizer, tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "saved.spm"
    path.write_bytes(tokenizer.to_bytes())
    loaded = Tokenizer.load(path)
    assert loaded.tokens(text) == tokenizer.tokens(text)
    assert loaded.to_bytes() == tokenizer.to_bytes()


def load(path, data):
    path.write_bytes(data)
    return Tokenizer.load(path)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9, 0.99, 0.999])
def test_a_truncated_file_is_refused(tokenizer, tmp_path, share):
    whole = tokenizer.to_bytes()
    with pytest.raises(InputError, match=r"cut\.spm: .*truncated"):
        load(tmp_path / "cut.spm", whole[: int(share * len(whole))])


def test_an_empty_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"empty\.spm"):
        load(tmp_path / "empty.spm", b"")


def test_a_file_without_its_last_field_is_refused(tokenizer, tmp_path):
    whole = tokenizer.to_bytes()
    tail = whole.rindex(b"identity") - 4  # where the normaliser's field begins
    with pytest.raises(InputError, match=r"cut\.spm"):
        load(tmp_path / "cut.spm", whole[:tail])


@pytest.mark.parametrize("piece", ["<unk>", "<0x41>", "a"])
def test_a_piece_that_is_not_utf_8_is_refused(tokenizer, tmp_path, piece):
    at = f"\n{chr(len(piece))}{piece}\x15".encode()  # its field in the protocol buffer, and then its score
    assert at in tokenizer.to_bytes()
    with pytest.raises(InputError, match=r"bad\.spm: not a SentencePiece model"):
        load(tmp_path / "bad.spm", tokenizer.to_bytes().replace(at, at[:-2] + b"\x82\x15"))


def test_a_file_that_is_no_tokenizer_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"text\.spm: not a SentencePiece model"):
        load(tmp_path / "text.spm", b"We are friends\n" * 50)
    with pytest.raises(InputError, match=r"nowhere\.spm: cannot read"):
        Tokenizer.load(tmp_path / "nowhere.spm")


def test_another_order_of_control_tokens_is_refused(tokenizer, tmp_path):
    swapped = tokenizer.to_bytes().replace(b"<pad>", b"<bad>", 1)
    with pytest.raises(InputError, match=r"first four pieces must be <pad> <unk> <s> </s>"):
        load(tmp_path / "other.spm", swapped)
