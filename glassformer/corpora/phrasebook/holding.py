"""What is held out: pairs of content words that no training sentence has together."""

import re
import zlib
from functools import cache
from itertools import combinations

from .frames import load_frames, slot_words, spelt_names
from .lecture import lecture
from .lexicon import load_lexicon

# Of every thousand pairs of content words, for validation and again for test.
HELD_OUT = 6
# Words that belong to the grammar: a pair that has one of them is never held out.
_FUNCTION_WORDS = """
    a an the this that these those my mine our your yours his her its their some any many no all every one ones
    i me we us you he him she it they them who whom whose what which when where why how much
    am is are was were be been being do does did have has had will would shall can could may must should cannot
    m s re ll ve d t not don doesn didn isn aren wasn weren won couldn haven hasn hadn shouldn amn
    and or but so because if than as of to in on at by for from with without near under about after up down out off
    there here very too also mr mrs sir madam please yes o clock let
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())
WORD = re.compile(r"[A-Za-z0-9]+")


def content_words(source: str) -> list[str]:
    """The content words of an English sentence in their base forms ("cats" and "cat" are one), sorted.

    A name that is spelt is none of them: whether it is spelt well says nothing of the word beside it.
    """
    bases, left_out = _bases(), _left_out()
    return sorted({bases.get(word, word) for word in WORD.findall(source.lower()) if word not in left_out})


@cache
def _left_out() -> frozenset[str]:
    return FUNCTION_WORDS | {english.lower() for names in spelt_names() for english, _ in names}


@cache
def _bases() -> dict[str, str]:
    """The base form of every inflected word of the lexicon."""
    words = load_lexicon()
    found = {noun.plural: noun.english for noun in words.nouns}
    found |= {adjective.comparative: adjective.english for adjective in words.adjectives if adjective.comparative}
    for verb in words.verbs:
        for form in verb.english:
            found[form.split()[0]] = verb.english.base.split()[0]
    return found


@cache
def _in_one_breath() -> frozenset[tuple[str, str]]:
    """Pairs that some phrase always has together, so that they cannot be held out: "ice cream", "happy birthday"."""
    words = load_lexicon()
    phrases = [noun.english for noun in words.nouns] + [noun.plural for noun in words.nouns]
    phrases += [word.english for entries in slot_words().values() for word in entries]
    phrases += [re.sub(r"\{[^}]*\}|:\S+", " ", frame.english) for frames in load_frames() for frame in frames]
    phrases += [sentence.source for sentence in lecture()]
    return frozenset(pair for phrase in phrases for pair in combinations(content_words(phrase), 2))


@cache
def part_of_pair(pair: tuple[str, str], seed: int) -> str:
    """As in "train", "valid" or "test", by a hash of the seed and the two words."""
    if pair in _in_one_breath():
        return "train"
    at = zlib.crc32(f"{seed}|{pair[0]}|{pair[1]}".encode()) % 1000
    if at < HELD_OUT:
        return "test"
    return "valid" if at < 2 * HELD_OUT else "train"


def held_pair(source: str, seed: int) -> tuple[str, str]:
    """The first pair of a held-out sentence's content words that is held out."""
    return next(pair for pair in combinations(content_words(source), 2) if part_of_pair(pair, seed) != "train")


def part_of(source: str, seed: int = 1) -> str:
    """The part of a sentence: "test" or "valid" if two of its content words are held out together for it."""
    parts = {part_of_pair(pair, seed) for pair in combinations(content_words(source), 2)}
    return next((name for name in ("test", "valid") if name in parts), "train")
