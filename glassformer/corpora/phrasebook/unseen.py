"""Patterns that no training sentence follows, though each is put together from what training has; and names that none
has.

They measure what a held-out pair of words cannot: whether the grammar carries over to new shapes, and spelling to new
names.
"""

from . import descriptions, english, frames, hindi, requests, verbs
from .because import BECAUSE, again, described
from .draw import Draw
from .phrases import PRONOUNS, belonging, named
from .questions import WORDS
from .units import Sentence, build, unit, whole


def because_liked(draw: Draw) -> Sentence | None:
    """As in "I like the book because it is interesting": मुझे किताब पसंद है क्योंकि किताब दिलचस्प है."""
    subject, noun = draw.person(), draw.pick(draw.things)
    thing = draw.thing(noun, definite=True)
    state = draw.quality(noun)
    if state is None or state.found or thing.agreement.plural or f" {state.english}:" in thing.english:
        return None
    said = requests.liked("like", thing.agreement, subject.person, "+")
    told = described(state, thing.agreement, thing.person, "present")
    units = (subject.experiencer("को"), said, thing.subject, BECAUSE, again(thing, False), told)
    return build("because_liked", "", units, (0, 2, 1, 3, 4, 5))


def why_like(draw: Draw) -> Sentence | None:
    """As in "Why do you like the book?": तुम्हें किताब क्यों पसंद है?"""
    subject, thing = draw.person(), draw.thing(draw.pick(draw.things), definite=True)
    liked = unit("like:v", f"पसंद:v {hindi.is_(thing.agreement)}:v")
    aux = unit(english.DO[subject.person], "")
    units = (whole("why", WORDS["why"]), aux, subject.experiencer("को"), liked, thing.subject)
    return build("why_like", "", units, (2, 4, 0, 3, 1), "?")


def is_it_more(draw: Draw) -> Sentence | None:
    """As in "Is the dog bigger than the cat?": क्या कुत्ता बिल्ली से बड़ा है?"""
    told = descriptions.comparison(draw)
    while told is None or told.units[1].english not in ("is", "are"):
        told = descriptions.comparison(draw)
    subject, is_, more, than = told.units
    opening = unit(f"{is_.english}:q+V", "क्या:q")
    units = (opening, subject, more, than, unit("", f"{is_.hindi}:V"))
    return build("is_it_more", "", units, (0, 1, 3, 2, 4), "?")


def owners_owner(draw: Draw) -> Sentence | None:
    """As in "Ravi's brother's dog is sleeping here": रवि के भाई का कुत्ता यहाँ सो रहा है."""
    owner = belonging(named(draw.name()), draw.kind("kin"))
    subject = belonging(owner, draw.kind("pet"), draw.chance(0.2))
    verb = draw.pick([v for v in draw.deeds if v.name in ("sleep", "run", "come", "return", "rest", "wake up")])
    tense = draw.pick(("present", "progressive", "past", "future", "was-ing"))
    said = verbs.statement(verb, tense, subject.person, verbs.agreement(verb, tense, subject, None))
    where = whole(*draw.pick((("here", "यहाँ"), ("there", "वहाँ"), ("today", "आज"), ("again", "फिर"))))
    return build("owners_owner", "", (verbs.subject_unit(verb, tense, subject), said, where), (0, 2, 1))


def must_give(draw: Draw) -> Sentence | None:
    """As in "You must give Ravi the book": तुम्हें रवि को किताब देनी होगी."""
    verb = draw.words.verb(draw.pick(("give", "show", "send")))
    subject = PRONOUNS[draw.pick(("I", "you", "we", "he", "she", "they"))]
    receiver = named(draw.name())
    thing = draw.thing(draw.kind("portable", "readable"), subject, definite=True)
    said = requests.obliged(verb, draw.pick(("must", "should")), thing.agreement, False)
    units = (subject.experiencer("को"), said, receiver.case("को"), verbs.object_unit(verb, thing))
    return build("must_give", "", units, (0, 2, 3, 1))


def new_name(draw: Draw) -> Sentence | None:
    """As in "Where is Koror?": a frame for a name that is spelt, with one that no training sentence has."""
    frame = draw.pick([frame for frame in frames.load_frames()[0] if "{rare" in frame.english])
    new = frame._replace(english=frame.english.replace("{rare", "{new"), hindi=frame.hindi.replace("{rare", "{new"))
    return frames.fill(new, draw)
