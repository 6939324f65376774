"""Patterns of statements about what someone does: with an object, without, and to someone."""

from . import verbs
from .draw import Draw
from .lexicon import Verb
from .phrases import PRONOUNS, Phrase, nominal
from .units import Sentence, Unit, build, whole

VERY_MUCH = whole("very much", "बहुत")


def _negation(tense: str, person: str, polarity: str) -> str:
    """As in "I am" and "used to" have no contracted negative."""
    return "not" if polarity == "n't" and person == "I" and tense == "progressive" else polarity


def transitive(draw: Draw) -> Sentence:
    """As in "The boy reads a book every day": लड़का रोज़ एक किताब पढ़ता है."""
    verb = draw.pick(draw.acts)
    return _with_object(draw, verb, draw.subject(verb), draw.tense(verb))


def _with_object(draw: Draw, verb: Verb, subject: Phrase, tense: str) -> Sentence:
    polarity = draw.polarity(tense)
    thing = draw.object(verb, subject, definite=polarity != "+")
    if polarity == "+":
        tense = draw.readable_tense(verb, tense, subject.person)
    polarity = _negation(tense, subject.person, polarity)
    said = _said(draw, verb, tense, subject, thing, polarity)
    who, what = verbs.subject_unit(verb, tense, subject), verbs.object_unit(verb, thing)
    key = f"{subject.key}|{verb.name}|{thing.key}"
    if "state" in verb.flags:  # one does not love "every day"
        return build("transitive", key, (who, said, what), (0, 2, 1))
    if tense == "present" and polarity == "+" and draw.chance(0.3):
        return build("transitive", key, (who, draw.frequency(), said, what), (0, 1, 3, 2))
    when = draw.time(tense)
    if when is not None:
        return build("transitive", key, (who, said, what, when), (0, 3, 2, 1))
    return build("transitive", key, (who, said, what), (0, 2, 1))


def _said(draw: Draw, verb: Verb, tense: str, subject: Phrase, thing: Phrase | None, polarity: str) -> Unit:
    agreement = verbs.agreement(verb, tense, subject, thing)
    short = subject.key in PRONOUNS and polarity != "n't" and draw.chance(0.4)
    return verbs.statement(verb, tense, subject.person, agreement, polarity, short)


def intransitive(draw: Draw) -> Sentence:
    """As in "The cat sat on its mat": बिल्ली अपनी चटाई पर बैठी."""
    verb = draw.pick(draw.deeds)
    return _without_object(draw, verb, draw.subject(verb), draw.tense(verb))


def _without_object(draw: Draw, verb: Verb, subject: Phrase, tense: str) -> Sentence:
    polarity = _negation(tense, subject.person, draw.polarity(tense))
    if polarity == "+":
        tense = draw.readable_tense(verb, tense, subject.person)
    said = _said(draw, verb, tense, subject, None, polarity)
    who = verbs.subject_unit(verb, tense, subject)
    place, place_key = _place(draw, verb, subject)
    key = f"{subject.key}|{verb.name}|{place_key}"
    when = draw.time(tense, 0.4)
    if place is not None and when is not None and draw.chance(0.6):
        return build("intransitive", key, (who, said, place, when), (0, 3, 2, 1))
    if place is not None:
        return build("intransitive", key, (who, said, place), (0, 2, 1))
    if when is not None:
        return build("intransitive", key, (who, said, when), (0, 2, 1))
    return build("intransitive", key, (who, said), (0, 1))


def _place(draw: Draw, verb: Verb, subject: Phrase) -> tuple[Unit | None, str]:
    """Where to or where, by the verb's flags; and the place's name."""
    if "goal" in verb.flags:
        wild = subject.noun is not None and "animal" in subject.noun.kinds
        noun = draw.kind("ground") if wild else draw.kind("goal")
        if draw.chance(0.25):
            return draw.place(noun, subject).case("से", "from"), noun.english
        where = nominal(noun, "the").case("bare", "to")
    elif "wet" in verb.flags:
        noun = draw.kind("water")
        where = nominal(noun, draw.pick(("the", "this", "that"))).case("में", "in")
    elif "home" in verb.flags:
        noun = draw.kind("town", "dwelling")
        where = draw.place(noun, subject).case("में", "in")
    elif "posture" in verb.flags:
        noun = draw.kind("seat")
        where = draw.thing(noun, subject, definite=True).case("पर", "on")
    elif "outdoor" in verb.flags and draw.chance(0.7):
        noun = draw.kind("ground")
        where = draw.place(noun, subject).case("में", "in")
    elif "place" in verb.flags and draw.chance(0.7):
        noun = draw.kind("inside")
        where = draw.place(noun, subject).case("में", "in")
    else:
        return None, ""
    return where, noun.english


def conjugated(draw: Draw) -> Sentence:
    """As in "I will write a letter", "She fell": the forms of each verb that the other patterns seldom draw."""
    verb = draw.pick(draw.acts if draw.chance(0.6) else draw.deeds)
    if "person" in verb.subjects:
        subject = draw.pick((*(PRONOUNS[word] for word in ("I", "I", "you", "we", "she")), draw.women()))
    else:
        subject = draw.subject(verb)
    tense = "past" if draw.chance(0.2) else "future"
    if verb.marker == "none":
        return _without_object(draw, verb, subject, tense)
    return _with_object(draw, verb, subject, tense)


def of_several(draw: Draw) -> Sentence | None:
    """As in "She lost her keys", "I didn't break the chairs": उसने अपनी चाबियाँ खोईं, whose verb has a form of its own."""
    verb = draw.pick([verb for verb in draw.human_acts if verb.marker == "direct" and "ne" in verb.flags])
    nouns = [noun for noun in draw.objects(verb) if noun.gender == "f" and not noun.living and "mass" not in noun.kinds]
    if not nouns:
        return None
    subject = draw.person()
    owner = draw.pick(("the", "the", "these", "those", subject.owner))
    thing = nominal(draw.pick(nouns), owner, True, own=owner == subject.owner)
    said = _said(draw, verb, "past", subject, thing, draw.polarity("past"))
    who, what = verbs.subject_unit(verb, "past", subject), verbs.object_unit(verb, thing)
    return build("transitive", f"{subject.key}|{verb.name}|{thing.key}", (who, said, what), (0, 2, 1))


def giving(draw: Draw) -> Sentence | None:
    """As in "Ravi gave the girl a book", "... a book to the girl": रवि ने लड़की को एक किताब दी.

    Simply said: no third one's thing, and to nobody who is described.
    """
    verb = draw.pick(_giving_verbs(draw))
    subject = draw.person()
    receiver = draw.person(subject=subject)
    if receiver.referent == subject.referent:
        receiver = PRONOUNS["they"]
    tense = draw.tense(verb)
    polarity = _negation(tense, subject.person, draw.polarity(tense))
    gift = draw.kind("portable", "fruit", "drink", "readable", "cloth")
    thing = draw.thing(gift, subject, definite=polarity != "+")
    if thing.of_someone or receiver.described:
        return None
    said = _said(draw, verb, tense, subject, thing, polarity)
    who, what = verbs.subject_unit(verb, tense, subject), verbs.object_unit(verb, thing)
    key = f"{subject.key}|{verb.name}|{receiver.key} {thing.key}"
    if draw.chance(0.5):
        to = receiver.case("को", "to")
        return build("giving", key, (who, said, what, to), (0, 3, 2, 1))
    return build("giving", key, (who, said, receiver.case("को"), what), (0, 2, 3, 1))


def _giving_verbs(draw: Draw) -> list[Verb]:
    return [verb for verb in draw.words.verbs if "gift" in verb.flags]


def feeling(draw: Draw) -> Sentence:
    """As in "I love you very much": मैं तुमसे बहुत प्यार करता हूँ."""
    verb = draw.words.verb(draw.pick(("love", "love", "hate", "fear", "help")))
    subject = draw.person()
    thing = draw.object(verb, subject)
    tense = draw.pick(("present", "present", "past", "future"))
    polarity = "+" if draw.chance(0.8) else draw.pick(("not", "n't"))
    said = _said(draw, verb, tense, subject, thing, polarity)
    who, whom = verbs.subject_unit(verb, tense, subject), verbs.object_unit(verb, thing)
    key = f"{subject.key}|{verb.name}|{thing.key}"
    if "state" in verb.flags and polarity == "+" and verb.marker == "से":
        return build("feeling", key, (who, said, whom, VERY_MUCH), (0, 2, 3, 1))
    return build("feeling", key, (who, said, whom), (0, 2, 1))
