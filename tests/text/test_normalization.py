"""What is normalised, what is not, and that spans still point into the user's text."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassformer.text.normalization import INVISIBLE, SPACES, normalizer, source_rules, target_rules
from glassformer.text.tokenizer import Tokenizer

ASSIGNED = [c for c in map(chr, range(0x110000)) if unicodedata.category(c) not in ("Cn", "Cs", "Co")]


def source(text):
    return normalizer("source").normalize(text)


def target(text):
    return normalizer("target").normalize(text)


@pytest.fixture(scope="module")
def tokenizer():
    texts = ["we didn't go to the old shop - it was closed", "हम क़लम से लिखते हैं"] * 20
    return Tokenizer.train(texts, 330, "bpe").with_rules(normalizer("source").serialized_normalizer_spec())


def test_every_character_comes_out_as_nfc_in_either_spelling():
    """Against Python's own NFC, for all characters of Unicode."""
    for character in ASSIGNED:
        if character in SPACES + INVISIBLE:
            continue
        composed = unicodedata.normalize("NFC", character)
        assert target(character) == target(unicodedata.normalize("NFD", character)) == composed, hex(ord(character))


@pytest.mark.parametrize(
    "text, normal",
    [
        ("didn\u2019t", "didn't"),
        ("didn\u00b4t", "didn't"),
        ("\u201cyes\u201d", '"yes"'),
        ("\u201eja\u201c", '"ja"'),
        ("a \u2013 b", "a - b"),
        ("a \u2014 b", "a - b"),
        ("a\u2014b", "a - b"),
        ("wait\u2026", "wait..."),
        ("no\u00a0break", "no break"),
        ("thin\u2009space", "thin space"),
        ("a\u2028b", "a b"),
        ("a\tb", "a b"),
        ("a  b   c" + " " * 20 + "d", "a b c d"),
        ("a \u00a0b\t c", "a b c"),
        ("soft\u00adhyphen", "softhyphen"),
        ("zero\u200bwidth", "zerowidth"),
        ("\ufeffmark", "mark"),
        ("\u200fmark", "mark"),
        ("\uff28\uff45\uff4c\uff4c\uff4f\uff01\u3000\uff11", "Hello! 1"),
        ("\u0958\u0932\u092e", "\u0915\u093c\u0932\u092e"),  # nukta: NFC keeps the letter and its dot apart
        ("बिल\u094d\u200cली", "बिल्ली"),
        ("बिल\u094d\u200dली", "बिल्ली"),
        ("ज\u093c\u200dरा", "ज\u093cरा"),
        ("\u0928\u093c\u200d", "\u0929"),  # a joiner after what is composed
        ("\u0d28\u0d4d\u200d", "\u0d7b"),  # an old spelling of a Malayalam chillu
        ("cafe\u0301", "café"),
        (unicodedata.normalize("NFD", "한국"), "한국"),
        (unicodedata.normalize("NFD", "Việt ấy"), "Việt ấy"),
    ],
)
def test_what_the_source_is_read_as(text, normal):
    assert source(text) == normal


@pytest.mark.parametrize(
    "text",
    [
        "it's",
        "R&D",
        "a-b",
        "10 % - 20 %",
        "👨\u200d👩\u200d👧",
        "می\u200cخواهم",
        "«oui»",
        "x²",
        "ﬁ",
        "５ kg"[1:],
    ],
)
def test_what_stays(text):
    assert source(text) == text


@pytest.mark.parametrize("text", ["l’été", "„ja“", "oui — non", "…", "，。", "क्\u200dष", "a\u200fb"])
def test_the_target_keeps_what_is_to_be_written(text):
    assert target(text) == text


def test_the_sources_rules_hold_the_targets():
    assert source_rules().items() >= target_rules().items()


# What SentencePiece escapes, and lone surrogates, are the tokenizer's matter.
TEXTS = st.text(
    st.one_of(st.sampled_from("".join(source_rules())), st.characters(exclude_categories=["Cs"])), max_size=12
)


@given(TEXTS)
def test_what_is_normal_stays(text):
    assert target(target(text)) == target(text)


@given(TEXTS.filter(lambda text: "\u2581" not in text and "\0" not in text))
def test_spans_point_into_the_users_text(tokenizer, text):
    """They come in order and leave out nothing but what is removed; the ids are those of `encode`."""
    tokens = tokenizer.tokens(text)
    assert [token.id for token in tokens] == tokenizer.encode(text)
    assert all(0 <= token.start <= token.end <= len(text) for token in tokens)
    assert all(one.start <= two.start and one.end <= two.end for one, two in pairwise(tokens))
    covered = {place for token in tokens for place in range(token.start, token.end)}
    left_out = "".join(character for place, character in enumerate(text) if place not in covered)
    assert source(left_out) == "" or tokens == []


def test_a_word_is_where_it_was(tokenizer):
    text = "We didn\u2019t go\u2026"
    spans = {text[token.start : token.end] for token in tokenizer.tokens(text)}
    assert "\u2019" in spans and "\u2026" in spans


def test_the_rules_are_in_the_file(tokenizer):
    again = Tokenizer(tokenizer.to_bytes())
    assert again.rules == source_rules()
    assert again.normalize("didn\u2019t\u00a0go") == "didn't go"
    assert again.encode("didn\u2019t") == again.encode("didn't")


def casefolded(text):
    return normalizer("casefold").normalize(text)


@pytest.mark.parametrize(
    "text",
    [
        "We didn\u2019t GO.",
        "\u00c9cole",
        "E\u0301cole",
        "\u0391\u03a3",
        "\u041c\u0438\u0440",
        "\uff21\uff22",
        "Stra\u00dfe",
    ],
)
def test_upper_and_lower_case_are_read_as_one(text):
    assert casefolded(text) == casefolded(text.upper()) == casefolded(text.lower()) == casefolded(text.title())


def test_casefold_is_unicodes_after_the_sources_rules():
    """Against Python's own case folding, for all characters of Unicode."""
    for character in ASSIGNED:
        assert casefolded(character) == source(character).casefold(), hex(ord(character))


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=20))
def test_casefolded_text_stays(text):
    once = casefolded(text)
    if unicodedata.is_normalized("NFC", once):  # marks that casefolding has brought together are beyond a table
        assert casefolded(once) == once
