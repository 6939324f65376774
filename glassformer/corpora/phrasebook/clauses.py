"""Patterns of two clauses: joined by "and", "but" or "so", and relative ones."""

import re

from . import descriptions, frames, statements, verbs
from .because import predicate
from .draw import Draw
from .hindi import Agreement
from .lexicon import Adjective, Noun, as_woman
from .phrases import Phrase, named, nominal, paired
from .units import Sentence, Unit, build, unit, whole

# What may be joined: everyday frames, and what someone or something is or has.
JOINED = (*[frames.everyday] * 3, descriptions.quality, descriptions.identity, descriptions.having)
# What may be said, thought or hoped.
TOLD = (*JOINED, statements.intransitive)
LONGEST_JOINED = 34  # characters of the two sentences that are joined
LONGEST_ADDRESSED = 36  # characters of what is said to somebody
LONGEST_TOLD = 32  # characters of what is thought or hoped
LONGEST_PAIR = 40  # characters of a sentence about two people or things
SHORTEST = 10  # characters that the other has at least, with few exceptions
PARTNERS = 8  # sentences that are tried with another
PRONOUN_SUBJECTS = ("i", "we", "you", "he", "she", "they")
REQUESTS = ("ask", "imperative")
DESCRIBING = ("quality", "identity", "having")
ALONE = ("greeting", "thanks")  # topics whose sentences are not joined
SAID = (
    unit("I:a know:b that:c", "मुझे:a पता:b है:b कि:c"),
    unit("I:a think:b that:c", "मुझे:a लगता:b है:b कि:c"),
    unit("I:a think:b", "मुझे:a लगता:b है:b कि"),
    unit("he:a says:b that:c", "वह:a कहता:b है:b कि:c"),
    unit("she:a says:b that:c", "वह:a कहती:b है:b कि:c"),
    unit("they:a say:b that:c", "वे:a कहते:b हैं:b कि:c"),
    unit("I:a said:b that:c", "मैंने:a कहा:b कि:c"),
    unit("I:a hope:b that:c", "मुझे:a उम्मीद:b है:b कि:c"),
    unit("I:a hope:b", "मुझे:a उम्मीद:b है:b कि"),
    unit("you:a know:b that:c", "तुम्हें:a पता:b है:b कि:c"),
)
OPENINGS = (
    whole("hello,", "नमस्ते,"),
    whole("hi,", "नमस्ते,"),
    whole("good morning,", "सुप्रभात,"),
    whole("good evening,", "शुभ संध्या,"),
    whole("excuse me,", "माफ़ कीजिए,"),
    whole("sorry,", "माफ़ कीजिए,"),
    whole("yes,", "हाँ,"),
    whole("no,", "नहीं,"),
    whole("okay,", "ठीक है,"),
    whole("my friend,", "मेरे दोस्त,"),
)
CLOSINGS = (whole("thank you", "धन्यवाद"), whole("thanks", "धन्यवाद"), whole("sir", "सर"), whole("my friend", "मेरे दोस्त"))
AND, BUT, SO = whole("and", "और"), whole("but", "लेकिन"), whole("so", "इसलिए")


def joined(draw: Draw) -> Sentence | None:
    """As in "He is rich but he is not happy": वह अमीर है लेकिन वह ख़ुश नहीं है.

    Both say what someone is or has, as in "Ravi has a book and Sita has a pen", or something of one pronoun.
    """
    make = draw.pick(JOINED)
    one = make(draw)
    if one is None or not _may_join(one):
        return None
    for _ in range(PARTNERS):
        other = make(draw)
        if other is not None and _may_join(other) and (found := _joined(draw, one, other)) is not None:
            return found
    return None


def _may_join(sentence: Sentence) -> bool:
    """Whether it may be joined with any: short, no question, nothing that stands alone."""
    source = sentence.source
    return len(source) <= LONGEST_JOINED - SHORTEST and sentence.pattern not in ALONE and not set(source) & set("?,")


def _joined(draw: Draw, one: Sentence, other: Sentence) -> Sentence | None:
    if len(one.source) + len(other.source) > LONGEST_JOINED:
        return None
    asked = {sentence.pattern in REQUESTS for sentence in (one, other)}
    if len(asked) > 1:
        return None
    if asked == {True}:  # one asks either politely or not
        return None if "lease" in one.source + other.source else together(one, AND, other)
    if _pronoun(one) and _pronoun(one) == _pronoun(other):
        return together(one, draw.pick((AND, BUT, SO)), other)
    alike = one.pattern == other.pattern and one.pattern in DESCRIBING
    return together(one, draw.pick((AND, AND, BUT)), other) if alike else None


def _pronoun(sentence: Sentence) -> str:
    """The pronoun that the English begins with; "" where it begins with anything else."""
    first = sentence.source.split()[0].partition("'")[0].lower()
    return first if first in PRONOUN_SUBJECTS else ""


def told(draw: Draw) -> Sentence | None:
    """As in "I know that she is tired": मुझे पता है कि वह थकी हुई है."""
    clause = draw.pick(TOLD)(draw)
    if clause is None or set(clause.source) & set("?,") or len(clause.source) > LONGEST_TOLD:
        return None
    if clause.pattern in (*REQUESTS, *ALONE) or " कि " in clause.target:  # told already
        return None
    that = draw.pick(SAID)
    return build("told", "", (that, *clause.units), (0, *(1 + i for i in clause.order)))


def addressed(draw: Draw) -> Sentence | None:
    """As in "Excuse me, where are you from?", "Come here, Ravi", "I am sorry, Mr Sharma".

    Mostly phrases without a slot, of which everyone types some, and which no other pattern has.
    """
    said = draw.pick(frames.fixed()) if draw.chance(0.85) else frames.everyday(draw)
    if said is None or "," in said.source or len(said.source) > LONGEST_ADDRESSED:
        return None
    end = "?" if said.source.endswith("?") else ""
    order = tuple(range(len(said.units)))
    alone = said.pattern in ALONE
    if not alone and draw.chance(0.4):
        opening = draw.pick(OPENINGS)
        return build("addressed", "", (opening, *said.units), (0, *(1 + i for i in order)), end)
    *units, last = said.units
    closing = named(draw.name()).subject if alone or draw.chance(0.7) else draw.pick(CLOSINGS)
    after = (re.sub(":[a-z]", ":y", side) for side in closing.marked)
    last = unit(*(f"{_comma(side)} {words}" for side, words in zip(last.marked, after, strict=True)))
    return build("addressed", "", (*units, last), order, end)


def _comma(words: str) -> str:
    """The words with a comma after the last, before its mark."""
    head, _, last = words.rpartition(" ")
    word, found, marks = last.partition(":")
    return f"{head} {word},{found}{marks}".strip()


def together(one: Sentence, conjunction: Unit, other: Sentence) -> Sentence:
    """Two sentences with a conjunction between them."""
    middle = len(one.units)
    units = (*one.units, conjunction, *other.units)
    order = (*one.order, middle, *(middle + 1 + i for i in other.order))
    return build("joined", f"{one.key}|{other.key}", units, order)


def pairs(draw: Draw) -> Sentence | None:
    """As in "Ravi and Sita went to the market", "I bought a book and a pen"; without adjectives, as one says it."""
    verb = draw.pick(draw.acts)
    subject = draw.subject(verb)
    thing = draw.object(verb, subject)
    if verb.marker == "direct" and thing.noun is not None and not thing.living and draw.chance(0.6):
        second = draw.object(verb, subject)
        if second.noun is None or second.living or second.noun is thing.noun:
            return None
        thing = paired(thing, second)
    else:
        first, other = subject, draw.subject(verb)
        if not (subject.noun or subject.person == "it") or not _third(subject) or not _third(other):
            return None
        if other.key == subject.key:
            return None
        subject = paired(subject, other)
        thing = draw.object(verb, subject)
        if thing.key in (first.key, other.key):
            return None
    if subject.described or thing.described:
        return None
    tense = draw.readable_tense(verb, draw.tense(verb), subject.person)
    said = verbs.statement(verb, tense, subject.person, verbs.agreement(verb, tense, subject, thing))
    units = (verbs.subject_unit(verb, tense, subject), said, verbs.object_unit(verb, thing))
    made = build("pairs", f"{subject.key}|{verb.name}|{thing.key}", units, (0, 2, 1))
    return made if len(made.source) <= LONGEST_PAIR else None


def _third(phrase: Phrase) -> bool:
    """Whether it is a noun or a name: a pronoun is not joined."""
    return not phrase.cases and phrase.living


def relative(draw: Draw) -> Sentence | None:
    """As in "The girl who reads the book is my sister": जो लड़की किताब पढ़ती है वह मेरी बहन है."""
    verb = draw.pick(draw.human_acts)
    noun = draw.pick(draw.people)
    if "kin" in noun.kinds:
        return None
    subject = nominal(noun, "the", draw.chance(0.3))
    tense = draw.readable_tense(verb, draw.pick(("present", "present", "past", "progressive")), subject.person)
    tense = "present" if "state" in verb.flags and tense == "progressive" else tense
    thing = draw.object(verb, subject, definite=True)
    said = verbs.statement(verb, tense, subject.person, verbs.agreement(verb, tense, subject, thing))
    taken = verbs.takes_ne(verb, tense)
    who = whole("who", ("जिन" if subject.agreement.plural else "जिस") if taken else "जो")
    main, order = _main(draw, noun, subject)
    units = (verbs.subject_unit(verb, tense, subject), who, said, verbs.object_unit(verb, thing), *main)
    return build("relative", f"{subject.key}|{verb.name}", units, (1, 0, 3, 2, *(4 + i for i in order)))


def thing_relative(draw: Draw) -> Sentence | None:
    """As in "The book that I bought is old": जो किताब मैंने ख़रीदी वह पुरानी है."""
    verb = draw.pick([v for v in draw.human_acts if v.marker == "direct"])
    noun = draw.pick(draw.objects(verb))
    if noun.living or noun.kinds & {"proper", "unique", "body"}:
        return None
    thing = nominal(noun, "the", draw.chance(0.2) and "mass" not in noun.kinds)
    subject = draw.person()
    tense = draw.readable_tense(verb, draw.pick(("past", "past", "present", "progressive")), subject.person)
    tense = "present" if "state" in verb.flags and tense == "progressive" else tense
    said = verbs.statement(verb, tense, subject.person, verbs.agreement(verb, tense, subject, thing))
    state = draw.quality(noun)
    if state is None or state.found:
        return None
    main, order = _is(draw, thing, state)
    units = (thing.subject, whole("that", "जो"), verbs.subject_unit(verb, tense, subject), said, *main)
    return build("relative", f"{thing.key}|{verb.name}", units, (1, 0, 2, 3, *(4 + i for i in order)))


def _again(phrase: Phrase) -> Unit:
    """The pronoun that takes the relative clause up again: वह, वे."""
    return unit("", "वे" if phrase.agreement.plural else "वह")


def _main(draw: Draw, noun: Noun, subject: Phrase) -> tuple[tuple[Unit, ...], tuple[int, ...]]:
    """What is said of the one who does something: what he is, how he is, or what else he does."""
    chance = draw.random()
    trade = draw.kind("job")
    if chance < 0.1 and descriptions.may_be(subject, trade):
        is_ = descriptions.copula(subject.agreement, subject.person, "present")
        return (_again(subject), is_, descriptions.role(trade, subject)), (0, 2, 1)
    if chance < 0.35:
        kin, several = draw.kind("kin", "elder"), subject.agreement.plural
        honoured = "elder" in kin.kinds
        if (kin.gender != noun.gender and kin.english != "friend") or (honoured and (several or "child" in noun.kinds)):
            return _main(draw, noun, subject)
        owner = draw.pick(("my", "our", "your", "his", "her"))
        who = nominal(as_woman(kin) if noun.gender == "f" else kin, owner, several).subject
        is_ = descriptions.copula(Agreement(3, several or honoured, noun.gender), subject.person, "present")
        return (_again(subject), is_, who), (0, 2, 1)
    state = draw.quality(noun)
    if chance < 0.85 and state is not None:
        return _is(draw, subject, state)
    verb = draw.pick(draw.human_deeds)
    tense = draw.pick(("present", "progressive", "future"))
    said = verbs.statement(verb, tense, subject.person, verbs.agreement(verb, tense, subject, None))
    return (_again(subject), said), (0, 1)


def _is(draw: Draw, phrase: Phrase, state: Adjective) -> tuple[tuple[Unit, ...], tuple[int, ...]]:
    """The pronoun, "is" and an adjective."""
    words, agreement = predicate(state, phrase.agreement)
    is_ = descriptions.copula(agreement, phrase.person, draw.pick(("present", "present", "past")))
    return (_again(phrase), is_, whole(state.english, words)), (0, 2, 1)
