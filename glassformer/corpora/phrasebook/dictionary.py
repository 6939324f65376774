"""The phrasebook's words as a dictionary: what each form means, its part of speech, and the gender of a noun.

One walk through the lexicon gives the glosses below a sentence and the colours of the embedding map.
"""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from . import hindi
from .hindi import Agreement
from .lexicon import Adjective, Noun, Verb, load_lexicon, read_rows

MOST = 3  # meanings that are named of one word
GENDERS = {"m": "masculine", "f": "feminine"}
AGREEMENTS = {
    "m.": Agreement(3, False, "m"),
    "f.": Agreement(3, False, "f"),
    "m. pl.": Agreement(3, True, "m"),
    "f. pl.": Agreement(3, True, "f"),
}
PERSONS = {"I": Agreement(1, False, "m"), "you": Agreement(2, True, "m")}
DO = "do", "did", "doing"  # करना, the verb that goes with a noun: पार करना, to cross

Meaning = tuple[str, str]  # a Hindi form, and what it says
Facts = dict[str, str]  # gloss, part_of_speech, and of nouns gender


class Entry(NamedTuple):
    """A word of the lexicon: its English forms and its Hindi one, each Hindi form with its meaning, and what it is."""

    english: tuple[str, ...]
    hindi: str
    forms: tuple[Meaning, ...]
    facts: Facts


@cache
def glosses() -> dict[str, str]:
    """Word by word what Hindi says in English, with gender (m., f.) and number (pl.) where the form shows them; several
    meanings by "; ".

    The small words are those of `glosses.tsv`; all others are inflected from the lexicon.
    """
    found = {row[0]: [row[1]] for row in read_rows("glosses.tsv")}
    small = set(found)
    for word, meaning in _meanings():
        if word and " " not in word and word not in small:
            known = found.setdefault(word, [])
            if meaning not in known and not any(one.startswith(f"{meaning} (") for one in known):
                known.append(meaning)
    return {word: "; ".join(meanings[:MOST]) for word, meanings in found.items()}


@cache
def dictionary() -> tuple[dict[str, Facts], dict[str, Facts]]:
    """What is known of single words, English and Hindi; of a word with several entries, the first counts.

    The gloss is the other language's form that a dictionary would have, so that all forms of a word have the same.
    """
    english: dict[str, Facts] = {}
    hindi_words: dict[str, Facts] = {}
    for entry in _entries():
        hindi_forms = (form for form, _ in entry.forms)
        sides = (english, entry.english, entry.hindi), (hindi_words, hindi_forms, entry.english[0])
        for found, forms, gloss in sides:
            for form in forms:
                if form and " " not in form:
                    found.setdefault(form, {"gloss": gloss} | entry.facts)
    return english, hindi_words


def _meanings() -> Iterator[Meaning]:
    for entry in _entries():
        yield from entry.forms
    words = load_lexicon()
    for verb in words.verbs:
        if verb.light:
            yield from ((word, verb.name) for word in verb.light.split())
    for name in (*words.names, *words.people):
        yield from _aligned(name.hindi, name.english)
    for row in (*read_rows("numbers.tsv"), *read_rows("slots.tsv")):
        yield from _aligned(row[2], row[1])


def _entries() -> Iterator[Entry]:
    words = load_lexicon()
    for noun in words.nouns:
        facts = {"part_of_speech": "noun", "gender": GENDERS[noun.gender]}
        yield Entry((noun.english, noun.plural), noun.hindi.direct, tuple(_of_noun(noun)), facts)
    for adjective in words.adjectives:
        forms = tuple(_of_adjective(adjective))
        yield Entry((adjective.english,), adjective.hindi, forms, {"part_of_speech": "adjective"})
    for verb in words.verbs:
        english = (verb.name.split(" ")[0], *verb.english)
        yield Entry(english, verb.stem, tuple(_of_verb(verb)), {"part_of_speech": "verb"})


def _aligned(text: str, meaning: str) -> Iterator[Meaning]:
    """A word, or words that stand for each other one by one: नई दिल्ली, New Delhi."""
    hindi_words, english_words = text.split(), meaning.split()
    if len(hindi_words) == len(english_words):
        yield from zip(hindi_words, english_words, strict=True)


def _of_noun(noun: Noun) -> Iterator[Meaning]:
    forms = noun.hindi
    yield forms.direct, f"{noun.english} ({noun.gender}.)"
    yield noun.woman, f"{noun.english} (f.)"
    yield forms.oblique, f"{noun.english} ({noun.gender}.)"
    if "mass" not in noun.kinds:
        yield forms.plural, f"{noun.plural} ({noun.gender}. pl.)"
        yield forms.oblique_plural, noun.plural


def _of_adjective(adjective: Adjective) -> Iterator[Meaning]:
    many = {"m.": ("m", False), "f.": ("f", False), "m. pl.": ("m", True)}
    forms = {name: hindi.adjective(adjective.hindi, *form).split()[0] for name, form in many.items()}
    inflects = len(set(forms.values())) > 1
    for name, form in forms.items():
        yield form, f"{adjective.english} ({name})" if inflects else adjective.english


def _of_verb(verb: Verb) -> Iterator[Meaning]:
    """The forms of the verb that inflects: करना of पार करना, to cross."""
    base, past, ing = DO if verb.light else (verb.name, verb.english.past, verb.english.ing)
    yield verb.stem, base
    yield verb.stem + "कर", f"after {ing}"
    for name, agreement in AGREEMENTS.items():
        yield hindi.perfective(verb.stem, agreement), f"{past} ({name})"
        yield hindi.participle(verb.stem, agreement, alone=True), f"{base} ({name})"
        yield hindi.participle(verb.stem, agreement), f"{base} ({name})"
        yield hindi.future(verb.stem, agreement), f"will {base} ({name})"
        yield hindi.infinitive(verb.stem, agreement), f"to {base}"
        yield hindi.subjunctive(verb.stem, agreement), f"may {base}"
    for name, agreement in PERSONS.items():
        yield hindi.future(verb.stem, agreement), f"{name} will {base}"
    for polite in (False, True):
        yield hindi.imperative(verb.stem, polite), f"{base}!"
