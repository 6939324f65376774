"""Sentences and swaps that show gender."""

from glassformer.corpora.phrasebook import gender
from glassformer.corpora.phrasebook.lexicon import load_lexicon


def test_the_tired_animals_are_masculine_and_can_be_put_for_a_cat(monkeypatch):
    monkeypatch.setattr(gender, "DRAWN", 4000)
    sentences = gender.tired_animals()
    genders = {noun.english: noun.gender for noun in load_lexicon().of_kinds("animal")}
    assert len(sentences) > 20
    for one in sentences:
        assert "थका" in one.target.split() and genders[gender.subject_of(one)] == "m"
        assert gender.subject_of(one) in one.source.replace("'s", " ").split()
    lengths = [len(one.source.split()) for one in sentences]
    assert lengths == sorted(lengths)


def test_a_swap_is_for_an_animal_of_the_other_gender():
    swaps = dict(gender.gender_swaps())
    assert swaps["horse"] == "cat" and swaps["horses"] == "cats" and swaps["goat"] == "dog" and swaps["cows"] == "dogs"
    words = dict(gender.gendered_words())
    assert words["थका"] == "थकी" and words["थकी"] == "थका" and words["नया"] == "नई" and "ख़ुश" not in words
