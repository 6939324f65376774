"""Sentences and swaps that show gender: of an animal in the source, and of what its translation says of it."""

from . import because, hindi
from .draw import Draw
from .lexicon import load_lexicon
from .units import Sentence

DRAWN = 60_000  # because-clauses, of which about one in forty says थका; a second or so
MASCULINE, FEMININE = "थका", "थकी"
FEMALE, MALE = "cat", "dog"  # an animal of each gender, to put in another's place


def tired_animals(seed: int = 1) -> list[Sentence]:
    """Sentences in which one animal, masculine in Hindi, is tired: ... क्योंकि वह थका हुआ था; the shortest first."""
    draw, found = Draw(load_lexicon(), seed), dict[str, Sentence]()
    animals = {noun.english for noun in load_lexicon().of_kinds("animal")}
    for _ in range(DRAWN):
        one = because.because_subject(draw)
        if one and MASCULINE in one.target.split() and subject_of(one) in animals:
            found[one.source] = one
    return sorted(found.values(), key=lambda one: (len(one.source.split()), one.source))


def subject_of(sentence: Sentence) -> str:
    """The English noun that the sentence is about: "cow" of "Our son's cow carried the stone ..."."""
    return sentence.key.partition("|")[0].split()[-1]


def gender_swaps() -> tuple[tuple[str, str], ...]:
    """For each animal, one and several, another of the other gender."""
    swaps: list[tuple[str, str]] = []
    for noun in load_lexicon().of_kinds("animal"):
        other = load_lexicon().noun(FEMALE if noun.gender == "m" else MALE)
        swaps += [(noun.plural, other.plural), (noun.english, other.english)]
    return tuple(swaps)


def gendered_words() -> tuple[tuple[str, str], ...]:
    """The adjectives that have a gender, masculine against feminine and the other way."""
    pairs: list[tuple[str, str]] = []
    for adjective in load_lexicon().adjectives:
        masculine, feminine = (hindi.adjective(adjective.hindi, gender, False).split()[0] for gender in "mf")
        if masculine != feminine:
            pairs += [(masculine, feminine), (feminine, masculine)]
    return tuple(dict.fromkeys(pairs))
