"""Finite verbs as aligned units, for statements and for questions, and what they agree with."""

from functools import cache

from . import english, hindi
from .hindi import Agreement
from .lexicon import Verb
from .phrases import Phrase
from .units import Unit, mark, unit

ERGATIVE_TENSES = ("past", "perfect")


@cache
def statement(verb: Verb, tense: str, person: str, agreement: Agreement, polarity: str = "+") -> Unit:
    """The verb of a statement; `polarity` is "+", "not" or "n't"."""
    forms = verb.english
    posture = "posture" in verb.flags
    if polarity == "+":
        source = mark(english.affirmative(forms, tense, person), "v")
        words = hindi.verb(verb.stem, tense, agreement, posture)
    else:
        contracted = polarity == "n't"
        aux = english.auxiliary(tense, person)
        refused = english.negated(aux, contracted).split()
        # "did not": did has no counterpart; "didn't" and "cannot" hold the negation themselves
        source = " ".join([*refused[:-1], f"{refused[-1]}:n"])
        source = f"{source} {mark(english.rest(forms, tense), 'v')}"
        words = hindi.negative(verb.stem, tense, agreement, posture)
    target = " ".join(word + (":n" if word == "नहीं" else ":v") for word in words)
    light = f"{mark(verb.light, 'v')} " if verb.light else ""
    return unit(source, light + target)


@cache
def inverted(verb: Verb, tense: str, agreement: Agreement) -> Unit:
    """The verb of a question, after its auxiliary and its subject."""
    words = hindi.verb(verb.stem, tense, agreement, "posture" in verb.flags)
    light = [verb.light] if verb.light else []
    source = mark(english.rest(verb.english, tense), "v")
    return unit(source, mark(" ".join(light + words), "v"))


def agreement(verb: Verb, tense: str, subject: Phrase, thing: Phrase | None) -> Agreement:
    """What the Hindi verb agrees with.

    The subject, unless it bears ने: then the noun inside the verb (मदद की), else the object if it
    stands without a postposition, else nothing (masculine singular).
    """
    if not takes_ne(verb, tense):
        return subject.agreement
    if verb.light_gender:
        return Agreement(3, False, verb.light_gender)
    if thing is None or verb.marker != "direct" or thing.living:
        return hindi.DEFAULT
    return thing.agreement


def takes_ne(verb: Verb, tense: str) -> bool:
    """Whether the subject bears ने."""
    return tense in ERGATIVE_TENSES and "ne" in verb.flags


def subject_unit(verb: Verb, tense: str, subject: Phrase) -> Unit:
    """The subject, with ने where the verb asks for it."""
    return subject.case("ने") if takes_ne(verb, tense) else subject.case("")


@cache
def object_unit(verb: Verb, thing: Phrase) -> Unit:
    """The object with its postposition: को on a living one, का in the gender of मदद and so on."""
    if verb.marker == "direct":
        return thing.case("को" if thing.living else "")
    if verb.marker == "का":
        owned = Agreement(3, False, verb.light_gender)
        return unit(thing.objective or thing.english, thing.genitive(owned))
    return thing.case(verb.marker, verb.particle)
