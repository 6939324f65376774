"""Over-long sentences are cut at the best place that fits, and nothing is lost."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassformer.text.clauses import split_clauses


def words(most):
    return lambda text: len(text.split()) <= most


@pytest.mark.parametrize(
    ("most", "marked"),
    [
        (9, "I came home late, |because the train that we took had been slow"),
        (5, "we slept in it; |and then, |a day later we left"),  # the last mark that fits
        (5, "I came home |because the train was late"),  # before a conjunction, where there is no mark
        (4, "I came home |because the train was |late"),  # else in the last white space
        (3, "one two three |four five six |seven"),
        (6, "वह घर गया |क्योंकि वह बहुत थका हुआ था"),
        (9, "it fits, and so it stays whole"),
    ],
)
def test_the_place_of_a_cut(most, marked):
    parts = marked.split("|")
    found = split_clauses("".join(parts), words(most))
    assert found.parts == [part.strip() for part in parts]
    assert found.joined(found.parts) == "".join(parts)


def test_marks_without_white_space():
    assert split_clauses("我们是朋友，你是对的，他们在这里", lambda text: len(text) <= 11).parts == [
        "我们是朋友，你是对的，",
        "他们在这里",
    ]
    assert split_clauses("1,000,000 or 3.14", lambda text: len(text) <= 10).parts == ["1,000,000", "or 3.14"]


def test_what_has_no_place_stays_whole():
    assert split_clauses("aaaaaaaa bb cccccccc", lambda text: len(text) <= 4).parts == ["aaaaaaaa", "bb", "cccccccc"]


@given(st.lists(st.sampled_from(["a", "bb,", "ccc", "and", "dddd;", "  ", "好，", "é"]), min_size=1).map(" ".join),
       st.integers(5, 20))  # fmt: skip
def test_parts_fit_and_are_as_few_as_greed_allows(text, most):
    def fits(part):
        return len(part) <= most

    sentence = text.strip()
    found = split_clauses(sentence, fits)
    whole = "".join(part + space for part, space in zip(found.parts, [*found.spaces, ""], strict=True))
    assert whole == sentence
    assert all(map(fits, found.parts))  # every word here does
    assert len(found.parts) == 1 or not fits(sentence)


def test_no_two_plain_parts_would_fit_together():
    """Without marks and conjunctions each part is as long as can be."""
    generator = ["a" * n for n in (3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9)]
    parts = split_clauses(" ".join(generator), lambda text: len(text) <= 10).parts
    for first, second in combinations(range(len(parts)), 2):
        if second == first + 1:
            assert len(f"{parts[first]} {parts[second].split()[0]}") > 10


def test_long_sentences_take_few_looks():
    looks = []

    def fits(text):
        looks.append(len(text))
        return len(text) <= 300

    parts = split_clauses("word " * 20_000, fits).parts
    assert len(parts) == 334  # 60 words are 299 characters
    assert sum(looks) < 40 * len(parts) * 300
