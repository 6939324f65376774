"""Clauses of the phrasebook by hand, for its tests."""

import unicodedata

from glassformer.corpora.phrasebook import because, verbs
from glassformer.corpora.phrasebook.lexicon import load_lexicon
from glassformer.corpora.phrasebook.phrases import OWNERS, PRONOUNS, Phrase, named, nominal
from glassformer.corpora.phrasebook.units import Sentence, build

WORDS = load_lexicon()


SOMEBODY = WORDS.noun("man")


def phrase(text: str, own: bool = False) -> Phrase:
    """A noun phrase from its English: "the big dogs", "I", "Mr Sharma", "his book"."""
    if text in PRONOUNS:
        return PRONOUNS[text]
    for name in WORDS.names:
        if name.english == text:
            return named(name)
    *before, head = text.split()
    noun = next(n for n in WORDS.nouns if head in (n.english, n.plural))
    adjective = None
    if len(before) == 2:
        adjective = next(a for a in WORDS.adjectives if a.english == before[1] and a.suits(noun))
    determiner = (before or [""])[0].replace("an", "a") if before else ""
    plural = head == noun.plural and "mass" not in noun.kinds
    return nominal(noun, determiner, plural, adjective, own and determiner in OWNERS)


def said(subject: str, verb: str, tense: str, thing: str = "", polarity: str = "+") -> Sentence:
    """A plain clause, the object's possessive referring back to the subject where it can."""
    who = phrase(subject)
    acts = [v for v in WORDS.verbs if v.name == verb]
    fitting = [v for v in acts if (v.marker == "none") is not bool(thing)] or acts
    act = next((v for v in fitting if thing and (phrase(thing).noun or SOMEBODY).kinds & v.objects), fitting[0])
    own = thing.partition(" ")[0] == who.owner
    what = phrase(thing, own) if thing else None
    agreed = verbs.agreement(act, tense, who, what)
    finite = verbs.statement(act, tense, who.person, agreed, polarity)
    first = verbs.subject_unit(act, tense, who)
    if what is None:
        return build("test", "", (first, finite), (0, 1))
    return build("test", "", (first, finite, verbs.object_unit(act, what)), (0, 2, 1))


def crossing(subject: str, thing: str, state: str, of_object: bool) -> Sentence:
    who, what = phrase(subject), phrase(thing)
    bearer = what.noun if of_object else who.noun
    adjective = next(
        a
        for a in WORDS.adjectives
        if a.english == state and (bearer is None or a.suits(bearer) or "elder" in bearer.kinds)
    )
    return because.reasoned(WORDS.verb("cross"), who, what, adjective, of_object, polarity="not")


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def linked(sentence: Sentence) -> set[tuple[str, str]]:
    source, target = sentence.source.split(), sentence.target.split()
    return {(source[i], target[j]) for i, j in sentence.alignment}
