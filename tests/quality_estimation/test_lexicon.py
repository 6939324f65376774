"""Words, what comes with them, and the lexicon's file."""

import random
from dataclasses import replace

import pytest

from glassformer.errors import InputError
from glassformer.quality_estimation.association import expected_words
from glassformer.quality_estimation.lexicon import Lexicon
from glassformer.quality_estimation.words import NUMBER, count_words, numbers_of, said_again, word_sequence, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("We didn't go, did we?", ["we", "didn't", "go", ",", "did", "?"]),
        ("thirty-one 'old' - cats", ["thirty-one", "'", "old", "-", "cats"]),
        ("हम ख़ुश नहीं हैं।", ["हम", "ख़ुश", "नहीं", "हैं", "।"]),
        ("我不吃 3个", ["我", "不", "吃", NUMBER, "个"]),
        ("१२ or 12 \U0001f600", [NUMBER, "or", "\U0001f600"]),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert list(words_of(text)) == words
    assert count_words([text]).keys() == set(words)


def test_numbers_are_the_same_in_every_script() -> None:
    assert numbers_of("१२ और 7, 7") == numbers_of("7 7 and 12")


def pairs_of_a_small_language() -> list[tuple[frozenset[str], frozenset[str]]]:
    """Each source word has its translation but `the`, which has none, and `not`, which has two."""
    draw = random.Random(1)
    pairs = []
    for _ in range(600):
        nouns = draw.sample(("cat", "dog", "man", "sun"), 2)
        source, target = ["the", *nouns], [f"{noun}-t" for noun in nouns]
        if draw.random() < 0.3:
            source.append("not")
            target.append(draw.choice(("nahi", "nahi", "mat")))
        pairs.append((frozenset(source), frozenset([*target, "hai"])))
    return pairs


def test_what_comes_with_a_word_is_learnt() -> None:
    expected = expected_words(pairs_of_a_small_language())
    assert {word: set(others) for word, others in expected.items()} == {
        "cat": {"cat-t"}, "dog": {"dog-t"}, "man": {"man-t"}, "sun": {"sun-t"}, "not": {"nahi", "mat"},
    }  # fmt: skip


def test_what_validation_contradicts_is_not_expected() -> None:
    lexicon = Lexicon({"not": ("nahi",), "cat": ("billi",)}, {"nahi": ("not",)})
    checked = lexicon.checked(["not cat", "cat"], ["mat billi", "billi"])
    assert checked == Lexicon({"not": (), "cat": ("billi",)}, {"nahi": ("not",)})


def test_words_said_oftener_than_the_source_asks_for() -> None:
    expected = {"billi": ("cat", "cats"), "kutta": ("dog",), "hai": ()}
    assert said_again("the cat is a cat", word_sequence("billi billi hai hai"), expected) == []
    assert said_again("the cat is a dog", word_sequence("Billi hai billi hai kutta"), expected) == ["billi"]
    assert (
        said_again("the sun", word_sequence("billi billi"), expected) == []
    )  # not oftener than asked for: not asked for at all


def test_a_word_is_said_once_unless_the_pairs_say_it_again() -> None:
    """A noun that stands for "it" is said twice where the source has it once; a verb is not."""
    draw, sources, targets = random.Random(2), [], []
    for _ in range(400):
        noun, verb = draw.choice(("cat", "dog", "man", "sun")), draw.choice(("eats", "sings", "runs", "reads"))
        again = draw.random() < 0.3
        sources.append(f"the {noun} {verb}" + " because it is big" * again)
        targets.append(f"{noun}-t {verb}-t" + f" kyunki {noun}-t bada hai" * again)
    lexicon = Lexicon.from_pairs(sources, targets)
    assert {"eats-t", "sings-t", "runs-t", "reads-t"} <= lexicon.once
    assert lexicon.once.isdisjoint(("cat-t", "dog-t", "man-t", "sun-t"))
    assert "eats-t" not in lexicon.checked(["the cat eats"], ["cat-t eats-t eats-t"]).once


def test_a_lexicon_is_a_file() -> None:
    sides = {"cat": ("billi",), "the": ()}, {"billi": ("cat",), "\u2028": ()}
    lexicon = Lexicon(*sides, frozenset(("billi",)), {"cat": 3, "the": 12})
    assert Lexicon.from_bytes(lexicon.to_bytes(), "f") == lexicon
    uncounted = lexicon.to_bytes().replace(b"\t3\n", b"\n").replace(b"\t12\n", b"\n")
    assert Lexicon.from_bytes(uncounted, "f") == replace(lexicon, counts={"cat": 2, "the": 2})
    columns = b"source\tthe\t\tmany\n", b"source\tthe\t\t1\t2\n", b"target\tbilli\tcat\t3\n"
    for damaged in (lexicon.to_bytes()[:3] + b"\n", lexicon.to_bytes()[:-1], b"\xff\n", b"third\tword\t\n", *columns):
        with pytest.raises(InputError, match=r"^f: truncated or not a lexicon"):
            Lexicon.from_bytes(damaged, "f")


def test_together_two_lexicons_know_the_words_of_both() -> None:
    both = Lexicon({"a": ("x",), "b": ()}, {}, counts={"a": 1, "b": 2}) | Lexicon(
        {"b": ("y",)}, {"y": ()}, counts={"b": 3}
    )
    assert both == Lexicon({"a": ("x",), "b": ("y",)}, {"y": ()}, counts={"a": 1, "b": 3})
    old, new = Lexicon({}, {"x": (), "y": ()}, frozenset("xy")), Lexicon({}, {"y": (), "z": ()}, frozenset("z"))
    assert (old | new).once == {"x", "z"}  # of y, the new pairs say otherwise
