"""Glossaries: how they are read, and where their terms are."""

import pytest

from glassformer.errors import InputError
from glassformer.text.terms import Glossary, Term, find


def places(words, text, **options):
    return [text[start:end] for start, end in find(words, text, **options)]


def test_whole_words_in_any_letter_case():
    assert places("cat", "Cats cat CAT, bobcat; cat's (cat)") == ["cat", "CAT", "cat", "cat"]
    assert places("New York", "in new york", exact_capitals=True) == []
    assert places("cat", "CAT", exact_capitals=True) == ["CAT"]
    assert places("C++", "C++ or c++11.") == ["C++"] or places("C++", "C++ or c++11.") == ["C++", "c++"]


def test_marks_of_devanagari_belong_to_words():
    assert places("किताब", "किताबें किताब।") == ["किताब"]


def test_scripts_without_spaces_have_no_word_ends():
    assert places("猫", "小猫在这里") == ["猫"]


def test_letters_that_become_two_in_lower_case_move_nothing():
    assert list(find("cat", "İİ cat")) == [(3, 6)]


def test_the_longest_term_counts(tmp_path):
    file = tmp_path / "terms.tsv"
    file.write_text("ice\tबर्फ़\nice cream\tआइसक्रीम\n\n# names\nGlassformer\ncream\tमलाई\tमलाइयाँ\n", encoding="utf-8")
    glossary = Glossary.read(file)
    text = "Ice cream, cream and ice by Glassformer"
    assert [(text[span.start : span.end], term.forms) for span, term in glossary.find(text)] == [
        ("Ice cream", ("आइसक्रीम",)),
        ("cream", ("मलाई", "मलाइयाँ")),
        ("ice", ("बर्फ़",)),
        ("Glassformer", ()),
    ]


def test_any_form_is_accepted():
    term = Term("book", ("किताब", "किताबें"))
    assert term.is_in("यह किताब है") and term.is_in("किताबें।")
    assert not term.is_in("किताबों में")


@pytest.mark.parametrize(
    "text, message",
    [
        (b"a\tb\nc\t\n", "terms.tsv:2: column 2 is empty"),
        (b"\tb\n", "terms.tsv:1: column 1 is empty"),
        (b"a\tb\n\na\tc\n", "terms.tsv:3: 'a' is also in line 1"),
        (b"a\t\xff\n", "terms.tsv:1: byte 3 of the line (0xff) is not UTF-8"),
        (b"# nothing\n\n", "terms.tsv: no terms in it"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, text, message):
    file = tmp_path / "terms.tsv"
    file.write_bytes(text)
    with pytest.raises(InputError) as raised:
        Glossary.read(file)
    assert message in str(raised.value)


def test_a_term_of_very_many_forms_is_refused(tmp_path):
    (tmp_path / "terms.tsv").write_text("a\tb\nc" + "\td" * 1001 + "\n")
    with pytest.raises(InputError, match=r"terms.tsv:2: 'c' has 1,001 forms"):
        Glossary.read(tmp_path / "terms.tsv")
