"""Texts with markup, by a model that reverses letters."""

from collections import Counter
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from glassformer import Copying, Translator, translate_markup
from glassformer.errors import UsageError
from tests.copying.test_marks import TAG, trees


@pytest.fixture(scope="module")
def translator(reversing):
    return Translator.load(reversing.path)


def translated(translator, text, **settings):
    return translate_markup(translator, [text], beam=1, **settings)[0].text


def test_tags_go_with_their_words(translator):
    assert translated(translator, "a <b>b</b> c d") == "d c <b>b</b> a"
    assert translated(translator, "<p>a <b>b c</b></p>\n<p>d e</p>") == "<p><b>c b</b> a</p>\n<p>e d</p>"


def test_a_pair_around_sentences(translator):
    first, second = "b c?", "d e!"
    one, other = (translated(translator, text) for text in (first, second))
    assert translated(translator, f"<b>{first} {second}</b>") == f"<b>{one} {other}</b>"


def test_entities(translator):
    assert translated(translator, "&lt;b&gt; &amp; &#8212;") == "&lt;b&gt; &amp; \u2014"
    assert "&amp;c=2" in translated(translator, "a https://x.org/?b=1&amp;c=2 b")


def test_what_is_no_markup_stays(translator):
    assert Counter(TAG.findall(translated(translator, "a </b> b <i> c <!-- a --> d"))) == Counter(
        ["</b>", "<i>", "<!-- a -->"]
    )
    assert translated(translator, "") == ""
    assert translated(translator, "<br/> ") == "<br/> "


@settings(max_examples=25)
@given(trees())
def test_well_formed_in_well_formed_out(translator, text):
    found = translated(translator, text)
    ElementTree.fromstring(f"<s>{found}</s>")
    assert Counter(TAG.findall(found)) == Counter(TAG.findall(text))


def test_one_failure_is_the_texts(translator):
    [failed, fine] = translate_markup(translator, [f"<p>{'a' * 99}</p>", "<p>a b</p>"], beam=1)
    assert "text 1: 100 tokens" in str(failed.error)
    assert fine.text == "<p>b a</p>"


def test_what_does_not_go_with_markup(translator):
    for settings_ in ({"n_best": 2}, {"prefixes": ["a"]}):
        with pytest.raises(UsageError, match="markup takes neither"):
            translate_markup(translator, ["a"], **settings_)


def test_tags_are_kept_without_copying_too(translator):
    assert translated(translator, "a <b>b</b> c d", copying=Copying(protect=False)) == "d c <b>b</b> a"
