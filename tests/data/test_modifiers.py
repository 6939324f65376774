"""What the modifiers do to a pair, and what they leave alone."""

import re
import unicodedata
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassformer.data.augmentation import augmented, probabilities_of
from glassformer.data.modifiers import MODIFIERS, STANDARD, Sides, e_mail, emoji, number, url
from glassformer.data.typos import NEIGHBOURS, clusters, typo, with_typos
from glassformer.errors import UsageError
from glassformer.text.normalization import normalizer

PAIRS = [
    Sides("A man isn't standing on the street.", "Ein Mann steht nicht auf der Straße."),
    Sides("Two dogs play!", "दो कुत्ते खेलते हैं।"),
    Sides("हम दोस्त हैं", "We are friends"),
    Sides("我们是朋友。", "We are friends."),
]
SOURCE_ONLY = ["AddEndPunct", "RemoveEndPunct", "Typos", "Spaces", "LowerCase", "TitleCase"]


def modified(name, pair, seed=0):
    return MODIFIERS[name](pair, Random(seed), PAIRS)


def many(name, pair):
    return [modified(name, pair, seed) for seed in range(200)]


# Letter case


@pytest.mark.parametrize(
    ("name", "source", "target", "expected"),
    [
        ("UpperCase", "We are friends", "Straße", ("WE ARE FRIENDS", "STRASSE")),
        ("UpperCase", "We are friends", "हम दोस्त हैं", ("WE ARE FRIENDS", "हम दोस्त हैं")),
        ("UpperCase", "हम दोस्त हैं", "We are friends", ("हम दोस्त हैं", "We are friends")),  # nothing says: capitals
        ("LowerCase", "WE are Friends", "Straße", ("we are friends", "Straße")),
        ("LowerCase", "ΟΔΟΣ", "Road", ("οδος", "Road")),  # with the sigma of a word's end
        ("TitleCase", "isn't the NATO here", "x", ("Isn't The Nato Here", "x")),
        ("TitleCase", "ǆep ßa", "x", ("ǅep Ssa", "x")),
    ],
)
def test_letter_case(name, source, target, expected):
    assert modified(name, Sides(source, target)) == expected


@given(text=st.text())
def test_letter_case_is_no_worse_than_python_s(text):
    """Of the dotted and the dotless i too: İ is i and a dot above, ı is I."""
    assert modified("UpperCase", Sides(text, "ı")).source == text.upper()
    assert modified("LowerCase", Sides(text, "x")).source == text.lower()


@pytest.mark.parametrize("name", SOURCE_ONLY)
def test_what_the_target_should_not_get_it_does_not_get(name):
    for pair in PAIRS:
        assert {after.target for after in many(name, pair)} == {pair.target}


# Punctuation and spaces


def test_final_punctuation_is_dropped_and_added():
    sources = [modified("RemoveEndPunct", pair).source for pair in PAIRS]
    assert sources == ["A man isn't standing on the street", "Two dogs play", "हम दोस्त हैं", "我们是朋友"]
    assert modified("RemoveEndPunct", Sides("...", "...")).source == "..."
    ends = [{after.source.removeprefix(pair.source) for after in many("AddEndPunct", pair)} for pair in PAIRS]
    assert ends == [{""}, {""}, {"।", "!"}, {""}]
    assert {after.source for after in many("AddEndPunct", Sides("我们", "We"))} == {"我们。", "我们!"}
    assert {after.source for after in many("AddEndPunct", Sides("We", "我们"))} == {"We.", "We!"}


@given(source=st.text(alphabet="ab c"))
def test_spaces_are_doubled_and_nothing_else(source):
    after = modified("Spaces", Sides(source, "x")).source
    assert after.replace(" ", "") == source.replace(" ", "")
    assert (len(after) > len(source)) == (" " in source)
    assert re.sub(" +", " ", after) == re.sub(" +", " ", source)


# Several in one, and what is copied


def test_joined_pairs_are_those_of_both_sides():
    pair = PAIRS[0]
    rests = {(after.source.removeprefix(pair.source), after.target.removeprefix(pair.target)) for after in
             many("Merge", pair)}  # fmt: skip
    one = {(f" {other.source}", f" {other.target}") for other in PAIRS}
    assert one <= rests
    assert rests - one <= {(first[0] + second[0], first[1] + second[1]) for first in one for second in one}
    assert modified("Merge", Sides("我们", "we")).source[2:][:1] != " "  # a script without spaces has none here either
    assert MODIFIERS["Merge"](pair, Random(0), ()) == pair


@pytest.mark.parametrize("pair", PAIRS)
def test_noise_is_the_same_on_both_sides_and_survives_the_normalisation(pair):
    kinds = set()
    for after in many("InlineNoise", pair):
        around = [after[side].split(pair[side]) for side in (0, 1)]
        assert around[0] == around[1] and around[0] != ["", ""]
        assert normalizer("source").normalize("".join(around[0])) == "".join(around[0])
        kinds.add(unicodedata.category(max("".join(around[0]))))
    assert len(kinds) > 1


def test_what_there_is_to_copy():
    drawn = [[make(Random(seed)) for seed in range(300)] for make in (emoji, url, e_mail, number)]
    patterns = (
        r"(\W)\1{0,2}",
        r"(https?://|www\.)[a-z0-9]+\.[a-z]+(/[a-z0-9]+)*",
        r"[a-z0-9._]+@[a-z0-9]+\.[a-z]+",
        r"\d{1,3}(,\d{3})*|\d+(\.\d\d|:\d\d|%)?",
    )
    for texts, pattern in zip(drawn, patterns, strict=True):
        assert all(re.fullmatch(pattern, text) for text in texts)
        assert len(set(texts)) > 20


# Typos


def distance(one, other):
    """Damerau and Levenshtein's: letters inserted, deleted, replaced, or swapped with the next."""
    table = {(i, j): i + j for i in range(len(one) + 1) for j in range(len(other) + 1) if not i * j}
    for i, a in enumerate(one, 1):
        for j, b in enumerate(other, 1):
            table[i, j] = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (a != b))
            if i > 1 < j and a == other[j - 2] and b == one[i - 2]:
                table[i, j] = min(table[i, j], table[i - 2, j - 2] + 1)
    return table[len(one), len(other)]


@pytest.mark.parametrize("word", ["friends", "Straße", "дороги"])
def test_a_typo_is_one_slip_behind_the_first_letter(word):
    typos = {typo(word, Random(seed)) for seed in range(300)} - {word}
    assert len(typos) > 8
    assert {(distance(word, other), other[0]) for other in typos} == {(1, word[0])}


def test_neighbouring_keys():
    """As they lie on a keyboard."""
    assert set(NEIGHBOURS["g"]) == set("ftyhvb")
    assert set(NEIGHBOURS["p"]) == set("ol")
    assert all(key in NEIGHBOURS[other] for key, near in NEIGHBOURS.items() for other in near)


def test_letters_of_indic_scripts_stay_whole():
    assert clusters("क्योंकि") == ["क्यों", "कि"]
    assert clusters("मैंने") == ["मैं", "ने"]
    assert clusters("Straße") == list("Straße")
    assert clusters("e\u0301te\u0301") == ["e\u0301", "t", "e\u0301"]
    for word in ("क्योंकि", "दोस्तों", "विद्यालय", "நண்பர்கள்", "বন্ধুদের"):
        for seed in range(100):
            other = typo(word, Random(seed))
            assert not unicodedata.category(other[0]).startswith("M")
            bases = [cluster[0] for cluster in clusters(other)]
            assert not any(unicodedata.category(base).startswith("M") for base in bases)
            assert unicodedata.normalize("NFC", other) == other


@pytest.mark.parametrize(
    "text",
    ["", " ", "a is 1999", "https://a.org/abcdef x@abc.de", "<b>ab</b> ｟NUM｠", "我们是朋友我们", "กขคงจฉ", "v1x2y3"],
)
def test_what_gets_no_typo(text):
    assert {with_typos(text, Random(seed)) for seed in range(50)} == {text}


def test_longer_texts_get_more_typos():
    text = " ".join(["friends"] * 40)
    wrong = [sum(word != "friends" for word in with_typos(text, Random(seed)).split(" ")) for seed in range(50)]
    assert set(wrong) == {5}
    assert sum(word != "friends" for word in with_typos("we are friends", Random(1)).split(" ")) >= 1


# All of them


def test_how_often_each_is_applied():
    pairs = [Sides("We are good friends.", "x")] * 20_000
    for name in ("LowerCase", "RemoveEndPunct", "UpperCase"):
        after = augmented(pairs, {name: 0.05}, (), Random(0))
        changed = sum(one != other for one, other in zip(pairs, after, strict=True))
        assert 0.045 < changed / len(pairs) < 0.055  # 3 standard deviations are 0.0046


def test_user_symbols_are_never_changed():
    symbols = ("<2hi>", "<2de>", "｟NUM｠")
    pairs = [
        Sides("<2hi> We have ｟NUM｠ friends", "हमारे ｟NUM｠ दोस्त हैं"),
        Sides("<2hi> We are friends", "हम दोस्त हैं"),
        Sides("<2de> We are friends", "wir sind freunde"),
        Sides("｟NUM｠ friends", "｟NUM｠ freunde"),
    ] * 300
    after = augmented(pairs, dict.fromkeys(MODIFIERS, 0.5), symbols, Random(0))
    for before, one in zip(pairs, after, strict=True):
        tag = before.source[:5] if before.source[0] == "<" else ""
        assert one.source.startswith(tag)
        assert one.source.count("<2") == len(tag) / 5
        assert [side.count("｟NUM｠") for side in one] == [side.count("｟NUM｠") for side in before]
        languages = {"hi": "दोस्त" in one.target, "de": "freunde" in one.target.lower()}
        assert sum(languages.values()) == 1  # what is joined has the same tag
    assert sum(one.target.count("दोस्त") > 1 for one in after) > 50


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        ({"Uppercase": 0.1}, "augment: unknown modifier 'Uppercase'; did you mean 'UpperCase'"),
        ({"Typos": 1.5}, "augment: Typos = 1.5 must be at least 0 and at most 1"),
    ],
)
def test_what_cannot_be_is_refused(augment, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        probabilities_of(augment)


def test_standard_and_none():
    assert probabilities_of("standard") == STANDARD
    assert list(STANDARD) == list(MODIFIERS)
    assert probabilities_of("none") == {}
    assert probabilities_of({"UpperCase": 0.5, "Typos": 0.25, "Merge": 0}) == {"Typos": 0.25, "UpperCase": 0.5}
