"""The names corpus, and the splitting that keeps related pairs together."""

import unicodedata

import pycountry
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassformer.corpora.names import load_names
from glassformer.corpora.split import split_groups
from glassformer.errors import InputError
from glassformer.text.pairs import Pair


@pytest.fixture(scope="module")
def hindi():
    return load_names("hi", 1)


def everything(corpus):
    return [*corpus.train, *corpus.valid, *corpus.test]


def texts(pairs):
    return {text.casefold() for pair in pairs for text in pair[:2]}


# Names


def test_hindi_has_the_names_that_are_known(hindi):
    pairs = {(pair.source, pair.target): pair.origin for pair in everything(hindi)}
    assert 14_000 < len(pairs) < 20_000
    assert pairs["Czechia", "चेकिया"] == "names:iso3166-1"
    assert pairs["Indian Rupee", "भारतीय रुपया"] == "names:iso4217"
    assert pairs["Swabian", "स्वाबियन"] == "names:iso639-3"


def test_the_parts_have_their_shares(hindi):
    total = len(everything(hindi))
    assert hindi.name == "names:hi"
    assert len(hindi.valid) == pytest.approx(0.05 * total, abs=2)
    assert len(hindi.test) == pytest.approx(0.05 * total, abs=2)


def test_no_text_is_in_two_parts(hindi):
    train, valid, test = texts(hindi.train), texts(hindi.valid), texts(hindi.test)
    assert not train & valid and not train & test and not valid & test


def test_all_names_of_one_country_are_in_one_part(hindi):
    part_of = {pair.source: part for part in ("train", "valid", "test") for pair in getattr(hindi, part)}
    held_out = 0
    for country in pycountry.countries:
        names = [getattr(country, field, country.name) for field in ("name", "common_name", "official_name")]
        parts = {part_of[name] for name in names if name in part_of}
        assert len(parts) <= 1, names
        held_out += parts != {"train"}
    assert held_out


def test_there_is_no_repetition_and_nothing_untranslated_or_broken(hindi):
    pairs = everything(hindi)
    assert len({(pair.source, pair.target) for pair in pairs}) == len(pairs)
    for pair in pairs:
        assert pair.source.strip() == pair.source != pair.target == pair.target.strip()
        assert any(unicodedata.name(letter).startswith("DEVANAGARI") for letter in pair.target), pair


def test_the_seed_decides_the_parts(hindi):
    assert load_names("hi", 1) == hindi
    other = load_names("hi", 2)
    assert other.valid != hindi.valid
    assert sorted(everything(other)) == sorted(everything(hindi))


def test_other_languages_work_and_keep_latin_letters_where_they_are_their_own():
    german = everything(load_names("de", 1))
    assert ("Czechia", "Tschechien") in {pair[:2] for pair in german}
    assert everything(load_names("pt-BR", 1))


@pytest.mark.parametrize("language", ["hii", "xx", "", "../hi", "hi/LC_MESSAGES"])
def test_an_unknown_language_is_refused(language):
    with pytest.raises(InputError, match=r"no names in language '.*'; (did you mean|known:)"):
        load_names(language, 1)


def test_a_language_with_too_few_names_is_refused():
    with pytest.raises(InputError, match=r"no translated name|too few"):
        load_names("ab", 1)


# Splitting


def pairs_of(*both):
    return [Pair(source, target) for source, target in both]


def test_a_chain_of_shared_sides_is_one_group():
    chain = pairs_of(("a", "1"), ("A", "2"), ("b", "2"), ("b", "3"))
    others = pairs_of(*((f"s{n}", f"t{n}") for n in range(16)))
    for seed in range(20):
        parts = split_groups([*chain, *others], seed)
        assert [len(set(chain) & set(part)) for part in parts] == [4, 0, 0]


def test_related_sources_are_one_group():
    pairs = pairs_of(*((f"s{n}", f"t{n}") for n in range(40)))
    for seed in range(20):
        parts = split_groups(pairs, seed, related=[["s0", "s1", "not there"]])
        assert {len({pairs[0], pairs[1]} & set(part)) for part in parts} == {0, 2}


def test_equal_text_on_opposite_sides_does_not_join():
    parts = split_groups(pairs_of(("a", "b"), ("b", "c"), ("c", "d")), 1)
    assert [len(part) for part in parts] == [1, 1, 1]


def test_width_and_spacing_do_not_make_a_text_another():
    pairs = pairs_of(("ab c", "1"), ("ａｂ  C", "2"))
    with pytest.raises(InputError, match=r"too few pairs, or too much alike, .*: 2 from"):
        split_groups(pairs, 1)


def test_nothing_cannot_be_split():
    with pytest.raises(InputError, match="0 from nowhere"):
        split_groups([], 1)


@given(
    st.lists(st.tuples(st.sampled_from("abcdefghij"), st.integers(0, 40).map(str)), max_size=60),
    st.integers(0, 5),
)
def test_parts_are_whole_and_share_nothing(both, seed):
    pairs = pairs_of(*both)
    try:
        parts = split_groups(pairs, seed)
    except InputError:
        return
    assert sorted(pair for part in parts for pair in part) == sorted(pairs)
    for side in (0, 1):
        sides = [{pair[side] for pair in part} for part in parts]
        assert sum(map(len, sides)) == len(set.union(*sides))
