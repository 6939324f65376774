"""The phrasebook's words as a dictionary: what each means, its part of speech, and the gender of a noun's Hindi."""

from collections.abc import Iterator
from functools import cache

from .lexicon import load_lexicon

Entry = dict[str, str]  # gloss, part_of_speech, and of nouns gender: m or f
GENDERS = {"m": "masculine", "f": "feminine"}


@cache
def dictionary() -> tuple[dict[str, Entry], dict[str, Entry]]:
    """The entries of single words by their word, English and Hindi; of a word with several, the first."""
    english: dict[str, Entry] = {}
    hindi: dict[str, Entry] = {}
    for words, meanings, entry in _entries():
        for found, texts, gloss in ((english, words, meanings[0]), (hindi, meanings, words[0])):
            for text in texts:
                if text and " " not in text:
                    found.setdefault(text, {"gloss": gloss} | entry)
    return english, hindi


def _entries() -> Iterator[tuple[list[str], list[str], Entry]]:
    """English forms, Hindi forms, and what is said of both."""
    lexicon = load_lexicon()
    for noun in lexicon.nouns:
        yield [noun.english, noun.plural], list(noun.hindi), {"part_of_speech": "noun", "gender": GENDERS[noun.gender]}
    for adjective in lexicon.adjectives:
        yield [adjective.english], [adjective.hindi], {"part_of_speech": "adjective"}
    for verb in lexicon.verbs:
        yield [verb.name.split(" ")[0], *verb.english], [verb.stem], {"part_of_speech": "verb"}
