"""Where sentences end in several scripts, where they do not, and that nothing of a text is lost."""

import re

import pytest
import sentencex
from hypothesis import example, given
from hypothesis import strategies as st

from glassformer.errors import UsageError
from glassformer.text.sentences import Parts, check_language, language_of, parts_between, split_sentences

# Texts with "|" where one sentence ends and the next begins.
TEXTS = [
    "We are friends. |You are right!  |Are they here?",
    "we are friends. |you are right",
    "“We are friends.” |“You are right.”",
    'He asked "Why?" and left.',
    'He said "Go!" |Then he left.',
    "Dr. Smith and Mrs. A. B. Jones live in the U.S. and work, e.g. in shops. |He left.",
    "It costs 3.50 dollars, or $1,000.25. |Version 1.2.3 is out.",
    "See https://example.org/a.b?c=d.e or write to a.b@example.org. |Thank you.",
    "Wait... |Well...then so… he came.",
    "What?! |No way!!! |Really?",
    "No. |I did not. |No. 5 is alive.",
    "Yes. |No.",
    "1. First this. |2. Then that.",
    "Hello! |😀 How are you? 😀😀",
    "She left.\n\n|He came.",
    "(He left.) She stayed.",  # within brackets nothing ends
    "हम दोस्त हैं। |तुम सही हो! |क्या वे यहाँ हैं?  |हाँ",
    "राम आया।। |सीता गई॥ |ठीक है॥",
    "डॉ. शर्मा और पं. नेहरू आए। |रु. 3.5 दिए। |3.5 कि.मी. दूर है। |5 से.मी. लंबा है।",
    "वह ठीक है. |फिर वह आया.",
    "我们是朋友。|你是对的！|他们在吗？|他说：“走吧。”|好",
    "私は友達です。|「はい。」|本当？",
    "هل أنت هنا؟ |نعم. |أنا هنا.",
    "کیا آپ ہیں؟ |ہاں۔ |ٹھیک ہے۔",
    "அவர் வந்தார். |பிறகு சென்றார்.",
    "Նա եկավ։ |Նա գնաց։",
    "መጣ። |ሄደ።",
    "Он пришёл. |Она ушла в 2020 г. в Москву.",
    "Hello",
    "",
    "...",
]


@pytest.mark.parametrize("marked", TEXTS)
def test_a_text_is_split_where_its_sentences_end(marked):
    sentences = marked.split("|")
    found = split_sentences("".join(sentences))
    assert found.parts == [sentence.strip() for sentence in sentences]
    assert found.joined(found.parts) == "".join(sentences)


def test_a_named_language_has_its_own_abbreviations():
    text = "Er kam am 3. Mai an."
    assert split_sentences(text, "de").parts == [text]
    assert len(split_sentences(text).parts) > 1  # by the rules of English
    check_language("de")
    with pytest.raises(UsageError, match="language is 'German'"):
        check_language("German")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("We are", "en"), ("Größe", "en"), ("", "en"), ("123 😀", "en"), ("हम OK", "hi"), ("我们", "zh"),
        ("漢字と漢字漢字", "ja"), ("カタカナ", "ja"), ("한국", "ko"), ("мы", "ru"), ("نحن", "ar"), ("நாம்", "ta"),
        ("a word हम दोस्त हैं", "hi"), ("three words हम", "en"),
    ],
)  # fmt: skip
def test_the_script_of_most_letters_decides(text, language):
    assert language_of(text) == language


PIECES = [
    *".?!।॥。！？…،؟\"'“”()« ,;:-", "  ", "\t", "\n", "\n\n", "\u200d", "\u00a0", "\u2028", "\u3000", "\u2009",
    "😀", "é", "́", "A.", "Mr.", "No.", "No. ", "1.", "z.B.", "डॉ.", "है", "。", "好", "word", "Word", "\x1c",
]  # fmt: skip


@given(
    st.lists(st.sampled_from(PIECES), max_size=20).map("".join) | st.text(), st.sampled_from([None, "de", "hi", "ja"])
)
@example("A\u3000.", None)  # sentencex panics at it, where it stands as it is
@example("Z\u00a0. Then", "de")
def test_nothing_is_lost_and_only_white_space_stands_between(text, language):
    found = split_sentences(text, language)
    assert len(found.spaces) == len(found.parts) - 1
    assert all(part == part.strip() for part in found.parts)
    assert found.parts == [""] or all(found.parts)
    assert not "".join(found.spaces).strip()
    whole = "".join(part + space for part, space in zip(found.parts, [*found.spaces, ""], strict=True))
    assert whole == text.strip()
    assert found.joined(found.parts) == text.strip()


def test_sentencex_still_panics_where_we_keep_wide_spaces_from_it():
    """When it no longer does, the plain spaces may go."""
    with pytest.raises(BaseException, match="char boundary"):
        sentencex.segment("en", "A\u3000.")


def test_parts_between_places():
    assert parts_between(" ab  c ", [0, 3, 4, 7]) == Parts(["ab", "c"], ["  "])
    assert parts_between("  ", [0, 2]) == Parts([""], [])


@pytest.mark.parametrize(
    ("source", "translations", "joined"),
    [
        ("We are.  You are.", ["हम हैं।", "तुम हो।"], "हम हैं।  तुम हो।"),
        ("We are. You are.", ["我们。", "你。"], "我们。你。"),
        ("我们。你。", ["We are.", "You are."], "We are. You are."),
        ("我们。你。", ["私。", "君。"], "私。君。"),
        ("A cat. A dog. A cow.", ["क।", "", "ग।"], "क। ग।"),
        ("A cat. A dog.", ["क।", ""], "क।"),
        ("A cat. A dog.", ["", ""], ""),
    ],
)
def test_white_space_between_translations(source, translations, joined):
    assert split_sentences(source).joined(translations) == joined


def test_the_work_grows_with_the_text_not_faster():
    """Long texts are no trap: each of these would take minutes if every character cost a pass."""
    for text in (
        "word " * 200_000,
        "A. " * 200_000,
        "We are. " * 50_000,
        "! " * 200_000,
        "डॉ. " * 100_000,
        '"(' * 200_000,
    ):
        found = split_sentences(text)
        assert re.sub(r"\s", "", "".join(found.parts)) == re.sub(r"\s", "", text)
