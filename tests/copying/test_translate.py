"""What translations hold whatever the model writes: the reversing model knows neither addresses nor names."""

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassformer import Copying, Glossary, Translator, translate_texts
from glassformer.copying.stand_ins import SYMBOLS, choices, mask
from glassformer.search import SearchOptions
from glassformer.text.protected import find_protected
from glassformer.text.terms import Term

GREEDY = SearchOptions(beam=1)
URL = "https://example.org/a?b=1"


@pytest.fixture(scope="module")
def translator(reversing):
    return Translator.load(reversing.path)


def one(translator, text, **settings):
    [found] = translate_texts(translator, [text], GREEDY, **settings)
    return found


def glossary(*terms):
    return Copying(glossary=Glossary(terms))


ITEMS = st.sampled_from([URL, "a@b.org", "{0}", "%s", "😀", "<b/>", "word", "a", "b c", "f"])


@settings(max_examples=15)
@given(st.lists(ITEMS, min_size=1, max_size=5))
def test_every_protected_span_comes_out(translator, items):
    text = " ".join(items)
    found = one(translator, text, split=False, copying=glossary(Term("word")))
    if found.error:  # more words than the model admits tokens
        return
    for item in {URL, "a@b.org", "{0}", "%s", "😀", "<b/>", "word"} & set(items):
        assert found.text.count(item) >= items.count(item)


def test_without_copying_the_model_is_alone(translator):
    assert one(translator, "a b 😀 c", copying=None).text == translator.translate(["a b 😀 c"], GREEDY)[0].text


def test_what_needs_no_help_is_as_it_was(translator):
    found, plain = one(translator, "a b c"), translator.translate(["a b c"], GREEDY)[0]
    assert (found.text, found.tokens, found.score, found.inserted) == (plain.text, plain.tokens, plain.score, ())


def test_emoji_and_tags_leave_the_rest_alone(translator):
    found = one(translator, "😀 a <i>b</i> c d")
    assert (found.text, found.inserted) == ("😀 d c <i>b</i> a", ("😀", "<i>", "</i>"))
    assert found.source == "😀 a <i>b</i> c d"
    assert found.tokens == translator.translate(["a b c d"], GREEDY)[0].tokens


def test_a_text_without_words_is_copied(translator):
    assert one(translator, f"{URL} — 😀").text == f"{URL} — 😀"


def test_an_address_longer_than_the_model_admits(translator):
    long = "https://example.org/" + "x" * 200
    assert translate_texts(translator, [long + " a b"], copying=None)[0].error
    assert long in one(translator, f"a {long}").text


def test_alignments_are_there_only_when_asked_for(translator):
    text = f"a {URL} b"
    aligned = one(translator, text, align=True)
    assert aligned.alignment.shape == (len(aligned.tokens), len(aligned.source_tokens))
    assert one(translator, text).alignment is None


def test_alternatives_hold_it_too(translator):
    [found] = translate_texts(translator, [f"a {URL} b"], beam=3, n_best=3)
    assert [URL in alternative.text for alternative in found.alternatives] == [True, True]


def test_a_term_takes_the_place_of_the_word_that_was_there(translator):
    found = one(translator, "a b c d", copying=glossary(Term("b", ("f",))))
    assert (found.text, found.inserted) == ("d c f a", ("f",))


def test_a_form_that_is_there_is_left(translator):
    found = one(translator, "a b c", copying=glossary(Term("a", ("e", "a"))))
    assert (found.text, found.inserted) == ("c b a", ())


def test_terms_do_not_displace_each_other(translator):
    terms = glossary(Term("a", ("XX",)), Term("b", ("YY",)), Term("c", ("ZZ",)))
    assert set(one(translator, "a b c", copying=terms).text.split()) == {"XX", "YY", "ZZ"}


def test_the_likeliest_form_is_taken(translator):
    forms = ("é", "f")  # of which the first is no letter that the model knows
    found = one(translator, "a b c d", copying=glossary(Term("c", forms)))
    likely = [translator.score(["a b c d"], [f"d {form} b a"], 0.6)[0].score for form in forms]
    assert likely[1] > likely[0]
    assert (found.text, found.inserted) == ("d f b a", ("f",))


def test_stand_ins_are_symbols_where_the_tokenizer_has_them(translator):
    class WithSymbols:
        pieces = ("a", *SYMBOLS)

    assert choices("a b", 2, WithSymbols)[0] == SYMBOLS[:2]
    assert choices("a b", 2, translator.source_tokenizer)[0] == ("Tom", "John")
    assert "Tom" not in sum(choices("Tom and", 3, translator.source_tokenizer), ())
    many = choices("a", 30, translator.source_tokenizer)[0]
    assert len(set(many)) == 30


def test_a_masked_text_has_no_doubled_spaces():
    text = f"😀 a {URL}, <b>c</b> 😀 d 😀"
    numbers = count(1)
    spans = find_protected(text)
    masked = mask(text, spans, [f"N{next(numbers)}" for span in spans if span.is_word])
    assert masked.text == "a N1, c d"
    assert [masked.text[place.start : place.end] for place in masked.places] == ["N1"]
    assert [mark.text for mark in masked.marks] == ["😀", "<b>", "</b>", "😀", "😀"]


def test_stand_ins_for_many_words_are_different_and_short(translator):
    """A name that grows with each word took gigabytes for a line of addresses."""
    for names in choices("a", 5000, translator.source_tokenizer):
        assert len(set(names)) == 5000 and max(map(len, names)) < 10
