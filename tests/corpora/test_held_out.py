"""What the phrasebook holds out: words, patterns and names that training never has together, or at all."""

import re
from collections import Counter
from itertools import combinations

import pytest

from glassformer.corpora.phrasebook import generate, unseen_names, unseen_patterns
from glassformer.corpora.phrasebook.frames import spelt_names
from glassformer.corpora.phrasebook.holding import content_words
from glassformer.corpora.phrasebook.units import Sentence

ONE_TENTH = generate(3, share=0.1)


def pairs_of(sentence: Sentence) -> set[tuple[str, str]]:
    return set(combinations(content_words(sentence.source), 2))


def test_held_out_words_are_never_trained_on_together(parts: dict[str, list[Sentence]]) -> None:
    """Every held-out sentence has two content words that no training sentence has together, whatever its pattern."""
    trained = {pair for sentence in parts["train"] for pair in pairs_of(sentence)}
    for name in ("valid", "test"):
        assert 1_200 <= len(parts[name]) <= 2_000
        assert sum(sentence.antecedent is not None for sentence in parts[name]) >= 150
        assert all(pairs_of(sentence) - trained for sentence in parts[name])


def test_held_out_patterns_have_their_share(parts: dict[str, list[Sentence]]) -> None:
    shares = {name: Counter(sentence.pattern for sentence in parts[name]) for name in ("train", "test")}
    for pattern, number in shares["test"].items():
        assert number / len(parts["test"]) <= 2 * shares["train"][pattern] / len(parts["train"]) + 0.01, pattern


def test_content_words() -> None:
    assert content_words("The cats did not cross the widest roads") == ["cat", "cross", "road", "widest"]
    assert content_words("Is she taller than me?") == ["tall"]
    assert content_words("I’m going to buy it") == ["buy", "go"]
    assert content_words("HOW ARE YOU?") == []
    assert content_words("Koror drinks tea") == ["drink", "tea"]  # a name that is spelt


def test_unseen_patterns_are_not_trained_on(parts: dict[str, list[Sentence]]) -> None:
    patterns = Counter(sentence.pattern for sentence in unseen_patterns(1, 40))
    assert set(patterns.values()) == {40}
    assert len(patterns) == 5
    assert not patterns.keys() & {sentence.pattern for sentence in parts["train"]}


def test_unseen_names_are_not_trained_on(parts: dict[str, list[Sentence]]) -> None:
    trained = {word for sentence in parts["train"] for word in re.findall(r"[A-Za-z]+", sentence.source)}
    names = {english for english, _ in spelt_names().held_out}
    assert len(names) > 50
    assert not names & trained
    found = unseen_names(1, 100)
    assert len(found) == 100
    assert all(names & set(re.findall(r"[A-Za-z]+", sentence.source)) for sentence in found)


UNSEEN = [
    ("why_like", r"Why (do|does) .+ like .+\?", r".+ क्यों पसंद (है|हैं)\?"),
    ("is_it_more", r"(Is|Are) .+ than .+\?", r"क्या .+से .+ (है|हैं|हूँ|हो)\?"),
    ("because_liked", r".+ likes? .+ because it is .+", r".+ पसंद है क्योंकि .+ है"),
    ("owners_owner", r"[A-Za-z ]+'s [a-z]+'s .+", r".+ के \S+ (का|के|की) .+|.+ की \S+ (का|के|की) .+"),
    ("must_give", r".+ (must|should) (give|send|show) .+", r".+ (होगा|होगी|होंगे|होंगी|चाहिए)"),
]


@pytest.mark.parametrize(("pattern", "english", "translation"), UNSEEN)
def test_unseen_pattern(pattern: str, english: str, translation: str) -> None:
    found = [sentence for sentence in unseen_patterns(1, 40) if sentence.pattern == pattern]
    for sentence in found:
        assert re.fullmatch(english, sentence.source), sentence.source
        assert re.fullmatch(translation, sentence.target), sentence.target
    # What these ask of a model is not said by any other sentence of training, whatever it is called.
    assert not any(re.fullmatch(english, s.source) and re.fullmatch(translation, s.target) for s in ONE_TENTH)


def test_every_held_out_word_is_trained_on(parts: dict[str, list[Sentence]]) -> None:
    known = {w for s in parts["train"] for w in (*s.source.split(), *s.target.split())}
    for name in ("valid", "test"):
        for sentence in parts[name]:
            assert known.issuperset(sentence.source.split())
            assert known.issuperset(sentence.target.split())
