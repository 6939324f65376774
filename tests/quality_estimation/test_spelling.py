"""Corrected words: one slip away, by an independent distance; in their places; and nothing else is touched."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassformer.quality_estimation.spelling import LONGEST, Reading, Speller
from glassformer.quality_estimation.warnings import Correction, Kind, TranslationWarning, joined_warnings
from glassformer.text.protected import Span
from glassformer.text.tokenizer import Tokenizer

COUNTS = dict.fromkeys(["we", "are", "friends", "friend", "with", "didn't", "dog", "dogs", "brother", "weather"], 9)
COUNTS |= {
    "the": 3000,
    "then": 2,
    "three": 500,
    "tree": 900,
    "teh": 1,
    "ths": 9,
    "theh": 1,
    "weathr": 1,
    "0": 9,
    ",": 9,
}
LETTERS = st.text("abc", min_size=2, max_size=6)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """One that learnt "the" as a piece, and nothing of "then"."""
    letters = " ".join(string.ascii_lowercase + string.ascii_uppercase + "'.,!?")
    return Tokenizer.train(["the dog and the dog"] * 50 + [letters], 330, "bpe", coverage=1.0)


@pytest.fixture(scope="module")
def speller(tokenizer: Tokenizer) -> Speller:
    return Speller(COUNTS, tokenizer)


def distance(one: str, other: str) -> int:
    """Optimal string alignment: insertions, deletions, replacements and swaps of neighbours (Damerau 1964), by the
    table of Wagner & Fischer 1974."""
    table = {(row, -1): row + 1 for row in range(-1, len(one))} | {
        (-1, column): column + 1 for column in range(-1, len(other))
    }
    for row, a in enumerate(one):
        for column, b in enumerate(other):
            best = min(table[row - 1, column] + 1, table[row, column - 1] + 1, table[row - 1, column - 1] + (a != b))
            if row and column and a == other[column - 1] and b == one[row - 1]:
                best = min(best, table[row - 2, column - 2] + 1)
            table[row, column] = best
    return table[len(one) - 1, len(other) - 1]


def test_the_independent_distance() -> None:
    assert [distance(*pair) for pair in (("ca", "abc"), ("teh", "the"), ("kitten", "sitting"), ("", "ab"))] == [
        3,
        1,
        3,
        2,
    ]


@settings(max_examples=300)
@given(st.sets(LETTERS, min_size=1, max_size=6), LETTERS)
def test_a_word_is_read_as_one_at_a_distance_of_one_wherever_there_is_one(tokenizer, words, typed) -> None:
    """The first letter stands, or is swapped with the second."""
    swapped = typed[1] + typed[0] + typed[2:]
    near = {
        word for word in words
        if len(word) >= 3 and distance(word, typed) == 1 and (word[0] == typed[0] or word == swapped)
    }  # fmt: skip
    read = Speller(dict.fromkeys(words, 2), tokenizer).read(typed)
    if typed in words or not near:
        assert read == Reading(typed)
    else:
        assert read.text in near and read.corrections == (Correction(typed, read.text, 0, len(typed)),)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("We are freinds.", "We are friends."),
        ("we aer “freinds”, (wiht teh dog)…", "we are “friends”, (with the dog)…"),
        ("WE ARE FREINDS", "WE ARE FRIENDS"),  # all in capitals
        ("the dog dind’t", "the dog didn't"),  # a typographic apostrophe
        ("the brothre's wether", "the brothre's weather"),
        ("te dg", "the dog"),
        ("teh dogs", "the dogs"),  # seen once, where "the" was seen 3,000 times
    ],
)
def test_what_is_read(speller: Speller, typed: str, read: str) -> None:
    assert speller.read(typed).text == read


@pytest.mark.parametrize(
    "text",
    [
        "We are friends, the dog and Freind",  # a capital: a name
        "Freinds are we",
        "iPhone freiNds",
        "friendx.org freinds/the a_freinds #freinds @freinds freinds@the.org https://freinds.the/dgo",
        "freinds5 25 th3",
        'the <img alt="dog freinds dog"> {freinds} %(freinds)s ｟freinds｠ ${freinds}',
        "the brother's dog's friend",  # of words that are known
        "teh1 t 他们 ew xe",
        "weathr ths",  # seen once, but for a frequent word; seen too often
        "frxxnds kgod eht",  # two slips; another first letter; a swap that is none of neighbours
        "",
        "  ",
    ],
)
def test_what_is_kept(speller: Speller, text: str) -> None:
    assert speller.read(text) == Reading(text)


def test_what_a_glossary_has_is_kept(speller: Speller) -> None:
    assert speller.read("the freinds wiht", lambda _: [Span(4, 11)]).text == "the freinds with"


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("thew", "the"),  # 3,000 times with another letter too many, "then" twice
        ("trhee", "three"),  # letters swapped; an "h" too many in "tree" is one letter of many
        ("treee", "tree"),  # a letter doubled; of "three" another letter
        ("tre", "tree"),
    ],
)
def test_the_likeliest_of_several_is_read(speller: Speller, typed: str, read: str) -> None:
    """By how often it was trained, and how likely the slip is."""
    assert speller.read(typed).text == read


def test_without_words_nothing_is_corrected(tokenizer: Tokenizer) -> None:
    assert Speller({}, tokenizer).read("we are freinds") == Reading("we are freinds")


def test_known_words_in_another_spelling_are_known(tokenizer: Tokenizer) -> None:
    """What the tokenizer normalises is looked up as the lexicon has it, which is learnt from normalised text."""

    class Composing:
        encode = tokenizer.encode

        def normalize(self, text: str) -> str:
            return text.replace("e\u0301", "é")

    known = Speller({"café": 9, "cafés": 9}, Composing())  # type: ignore[arg-type]
    assert known.read("cafe\u0301") == Reading("cafe\u0301")


@given(st.lists(st.sampled_from(["freinds", "the", "wiht", "dog,", "Teh", "x.y", "😀", "\u00a0", "हाँ"]), max_size=8))
def test_places_are_those_of_what_was_typed(speller: Speller, items: list[str]) -> None:
    typed = " ".join(items)
    read, at = "", 0
    found = speller.read(typed)
    for one in found.corrections:
        assert typed[one.start : one.end] == one.word
        read += typed[at : one.start] + one.read
        at = one.end
    assert read + typed[at:] == found.text
    assert len(found.corrections) == items.count("freinds") + items.count("wiht")


def test_the_time_is_bounded(speller: Speller) -> None:
    """A long run of letters is no word: what one slip could have made of it is not written down."""
    assert speller.read("f" * (LONGEST + 1)).corrections == ()
    assert speller.read("f" * 200_000 + " freinds").corrections != ()


def test_the_warning_and_joined_ones() -> None:
    reading = Reading("the the", (Correction("teh", "the", 0, 3), Correction("teh", "the", 4, 7)))
    (warning,) = reading.warnings
    assert (warning.kind, warning.words, Reading("the").warnings) == (Kind.SPELLING, ("teh",), ())
    later = TranslationWarning(Kind.SPELLING, ("teh",), (Correction("teh", "the", 9, 12),))
    (joined,) = joined_warnings([warning, later])
    assert joined.words == ("teh",) and [one.start for one in joined.corrections] == [0, 4, 9]
    assert warning.moved(10).corrections[1] == Correction("teh", "the", 14, 17)
    assert warning.moved(None).corrections[0] == Correction("teh", "the", None, None)
    assert warning.to_dict()["corrections"][0] == {"word": "teh", "read": "the", "start": 0, "end": 3}
    assert TranslationWarning(Kind.LOST, ("a",)).to_dict() == {"kind": "lost", "words": ["a"]}
