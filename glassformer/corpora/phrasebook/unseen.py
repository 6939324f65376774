"""Patterns that no training sentence follows, though each is put together from what training has.

They measure what a held-out pair of words cannot: whether the grammar carries over to new shapes.
"""

from . import descriptions, requests, verbs
from .because import BECAUSE, described
from .draw import Draw
from .phrases import PRONOUNS, belonging, named
from .questions import WORDS
from .units import Sentence, build, mark, unit, whole


def because_liked(draw: Draw) -> Sentence | None:
    """As in "I like the book because it is interesting": मुझे किताब पसंद है क्योंकि वह दिलचस्प है."""
    subject, noun = draw.person(), draw.pick(draw.things)
    thing = draw.thing(noun, definite=True)
    state = draw.quality(noun)
    if state is None or state.found or thing.agreement.plural or "a:" in thing.english:
        return None
    said = requests.liked("like", thing.agreement, subject.person, "+")
    told = described(state, thing.agreement, thing.person, "present")
    units = (subject.experiencer("को"), said, thing.subject, BECAUSE, unit("it:n", mark("वह", "n")), told)
    return build("because_liked", "", units, (0, 2, 1, 3, 4, 5))


def why_not(draw: Draw) -> Sentence | None:
    """As in "Why didn't you open the door?": तुमने दरवाज़ा क्यों नहीं खोला?"""
    verb = draw.pick([v for v in draw.bidden if not v.light])
    subject = draw.person()
    thing = draw.object(verb, subject, definite=True)
    agreed = verbs.agreement(verb, "past", subject, thing)
    words = verbs.hindi.negative(verb.stem, verbs.hindi_tense(verb, "past"), agreed)
    said = unit(mark(verb.english.base, "v"), " ".join(words[:1]) + ":N " + mark(" ".join(words[1:]), "v"))
    who, what = verbs.subject_unit(verb, "past", subject), verbs.object_unit(verb, thing)
    units = (whole("why", WORDS["why"]), unit("didn't:N", ""), who, said, what)
    return build("why_not", "", units, (2, 4, 0, 3, 1), "?")


def is_it_more(draw: Draw) -> Sentence | None:
    """As in "Is the dog bigger than the cat?": क्या कुत्ता बिल्ली से बड़ा है?"""
    told = descriptions.comparison(draw)
    if told is None:
        return None
    subject, is_, more, than = told.units
    if is_.english not in ("is", "are"):
        return None
    opening = unit(f"{is_.english}:q+V", "क्या:q")
    units = (opening, subject, more, than, unit("", f"{is_.hindi}:V"))
    return build("is_it_more", "", units, (0, 1, 3, 2, 4), "?")


def belonging_acts(draw: Draw) -> Sentence | None:
    """As in "Ravi's dog is sleeping here": रवि का कुत्ता यहाँ सो रहा है."""
    owner = named(draw.name())
    subject = belonging(owner, draw.kind("pet"), draw.chance(0.2))
    verb = draw.pick([v for v in draw.deeds if v.name in ("sleep", "run", "come", "return", "rest", "wake up")])
    tense = draw.pick(("present", "progressive", "past", "future", "was-ing"))
    said = verbs.statement(verb, tense, subject.person, verbs.agreement(verb, tense, subject, None))
    where = whole(*draw.pick((("here", "यहाँ"), ("there", "वहाँ"), ("today", "आज"), ("again", "फिर"))))
    return build("belonging_acts", "", (verbs.subject_unit(verb, tense, subject), said, where), (0, 2, 1))


def must_give(draw: Draw) -> Sentence | None:
    """As in "You must give Ravi the book": तुम्हें रवि को किताब देनी होगी."""
    verb = draw.words.verb(draw.pick(("give", "show", "send")))
    subject = PRONOUNS[draw.pick(("I", "you", "we", "he", "she", "they"))]
    receiver = named(draw.name())
    thing = draw.thing(draw.kind("portable", "readable"), subject, definite=True)
    said = requests.obliged(verb, draw.pick(("must", "should")), thing.agreement, False)
    units = (subject.experiencer("को"), said, receiver.case("को"), verbs.object_unit(verb, thing))
    return build("must_give", "", units, (0, 2, 3, 1))
