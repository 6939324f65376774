"""Finite verbs as aligned units, for statements and for questions, and what they agree with."""

from functools import cache

from . import english, hindi
from .hindi import Agreement
from .lexicon import Verb
from .phrases import Phrase
from .units import Unit, mark, unit

ERGATIVE_TENSES = ("past", "perfect")
ASPECTS = ("posture", "staying", "holding")
TENSELESS = ("do", "does", "did")  # auxiliaries that have no counterpart in Hindi


@cache
def statement(
    verb: Verb, tense: str, person: str, agreement: Agreement, polarity: str = "+", short: bool = False
) -> Unit:
    """The verb of a statement; `polarity` is "+", "not" or "n't". `short`: "'m", "'ll" after a pronoun."""
    said = hindi_tense(verb, tense)
    if polarity == "+":
        source = mark(english.affirmative(verb.english, tense, person), "v")
        words = hindi.verb(verb.stem, said, agreement, _aspect(verb))
    else:
        refused = refusal(english.auxiliary(tense, person), polarity == "n't")
        source = f"{refused} {mark(english.rest(verb.english, tense), 'v')}"
        words = hindi.negative(verb.stem, said, agreement, _aspect(verb))
    if short:
        source = english.clitic(source)
    target = " ".join(word + (":n" if word == "नहीं" else ":v") for word in words)
    light = f"{mark(verb.light, 'v')} " if verb.light else ""
    return unit(source, light + target)


@cache
def refusal(auxiliary: str, contracted: bool) -> str:
    """An auxiliary with "not", marked: "did not:n", "isn't:n+v"; "do" itself has no counterpart."""
    words = english.negated(auxiliary, contracted).split()
    said = "" if auxiliary in TENSELESS else "v"
    if len(words) == 1:
        return f"{words[0]}:n+v" if said else f"{words[0]}:n"
    return f"{words[0]}:v not:n" if said else f"{words[0]} not:n"


@cache
def inverted(verb: Verb, tense: str, agreement: Agreement) -> Unit:
    """The verb of a question, after its auxiliary (which is marked "V") and its subject."""
    words = hindi.verb(verb.stem, hindi_tense(verb, tense), agreement, _aspect(verb))
    light = [verb.light] if verb.light else []
    source = mark(english.rest(verb.english, tense), "v")
    return unit(source, mark(" ".join(light + words), "v+V"))


@cache
def inverted_refusal(verb: Verb, tense: str, agreement: Agreement) -> Unit:
    """The verb of a negative question, after its auxiliary (marked "N", and "V" as in `inverted`)."""
    words = hindi.negative(verb.stem, hindi_tense(verb, tense), agreement, _aspect(verb))
    light = f"{mark(verb.light, 'v+V')} " if verb.light else ""
    target = " ".join(word + (":N" if word == "नहीं" else ":v+V") for word in words)
    return unit(mark(english.rest(verb.english, tense), "v"), light + target)


@cache
def hindi_tense(verb: Verb, tense: str) -> str:
    """The tense in Hindi: who "lived" or "loved" did so by habit (रहता था)."""
    return "used" if tense == "past" and "habit" in verb.flags else tense


def _aspect(verb: Verb) -> str:
    return next((aspect for aspect in ASPECTS if aspect in verb.flags), "")


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
    return hindi_tense(verb, tense) in ERGATIVE_TENSES and "ne" in verb.flags


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
    if verb.marker == "bare":
        return thing.case("bare")
    return thing.case(verb.marker, verb.particle)
