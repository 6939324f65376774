"""Patterns of questions: yes or no, and what, who, where, when, why; to Sir and Madam too."""

from functools import cache

from . import descriptions, english, verbs
from .because import bearing, being, predicate
from .draw import Draw
from .hindi import DEFAULT, Agreement
from .lexicon import Verb
from .phrases import PRONOUNS, Phrase, honoured_you, nominal
from .units import Sentence, Unit, build, unit, whole

ASKED = ("present", "progressive", "past", "future", "was-ing", "want", "perfect", "can", "going")
PUNCTUAL = ("present", "past", "future", "want", "can")  # the tenses that one asks "when" of
WORDS = {"where": "कहाँ", "when": "कब", "why": "क्यों", "how": "कैसे"}
MEN_AND_WOMEN = {"m": honoured_you("m"), "f": honoured_you("f")}
TITLES = {"m": whole("Sir,", "सर,"), "f": whole("Madam,", "मैडम,")}


@cache
def _opening(tense: str, person: str, asks: bool) -> Unit:
    """The auxiliary: in a yes-no question it answers to क्या, and any but "do" to the verb."""
    word = english.auxiliary(tense, person)
    marks = ["q"] * asks + ["V"] * (word not in verbs.TENSELESS)
    source = f"{word}:{'+'.join(marks)}" if marks else word
    return unit(source, "क्या:q" if asks else "")


def _asked_tense(draw: Draw, verb: Verb, word: str = "") -> str:
    """A tense that the verb can bear, and that the question word can ask of."""
    tense = draw.pick(PUNCTUAL if word == "when" else ASKED)
    states = ("progressive", "was-ing", "perfect", "going")
    lasting = "state" in verb.flags and tense in states
    return "present" if lasting or ("habit" in verb.flags and tense in ("progressive", "perfect")) else tense


def yes_no(draw: Draw) -> Sentence:
    """As in "Did the boy eat the bread?": क्या लड़के ने रोटी खाई?"""
    verb = draw.pick(draw.acts if draw.chance(0.7) else draw.deeds)
    subject = draw.asked(verb)
    thing = draw.object(verb, subject) if verb.marker != "none" else None
    return _yes_no(verb, subject, thing, _asked_tense(draw, verb))


def intended(draw: Draw) -> Sentence:
    """As in "Will you wait?": क्या तुम इंतज़ार करोगे?"""
    verb = draw.pick(draw.human_acts if draw.chance(0.6) else draw.human_deeds)
    thing = draw.object(verb, PRONOUNS["you"]) if verb.marker != "none" else None
    return _yes_no(verb, PRONOUNS["you"], thing, "future")


def _yes_no(verb: Verb, subject: Phrase, thing: Phrase | None, tense: str) -> Sentence:
    aux = _opening(tense, subject.person, True)
    said = verbs.inverted(verb, tense, verbs.agreement(verb, tense, subject, thing))
    who = verbs.subject_unit(verb, tense, subject)
    key = f"{subject.key}|{verb.name}|{thing.key if thing else ''}"
    if thing is None:
        return build("yes_no", key, (aux, who, said), (0, 1, 2), "?")
    return build("yes_no", key, (aux, who, said, verbs.object_unit(verb, thing)), (0, 1, 3, 2), "?")


def refused(draw: Draw) -> Sentence | None:
    """As in "Didn't the boy eat the bread?", "Why isn't she coming?": क्या लड़के ने रोटी नहीं खाई?"""
    verb = draw.pick(draw.acts if draw.chance(0.6) else draw.human_deeds)
    why = draw.chance(0.5)
    if why and verb.light_gender:
        return None
    subject = draw.asked(verb)
    thing = draw.object(verb, subject, definite=True) if verb.marker != "none" else None
    tense = _asked_tense(draw, verb, "when" if draw.chance(0.6) else "")
    aux = english.auxiliary(tense, subject.person)
    if english.SHORT.get(aux) == "":
        return None  # no "amn't I"
    marks = "+".join(["q"] * (not why) + ["N"] + ["V"] * (aux not in verbs.TENSELESS))
    opening = unit(f"{english.negated(aux, True)}:{marks}", "" if why else "क्या:q")
    said = verbs.inverted_refusal(verb, tense, verbs.agreement(verb, tense, subject, thing))
    who = verbs.subject_unit(verb, tense, subject)
    whom = () if thing is None else (verbs.object_unit(verb, thing),)
    if why:
        units = (whole("why", WORDS["why"]), opening, who, said, *whom)
        return build("refused", "", units, (2, 4, 0, 3, 1) if whom else (2, 0, 3, 1), "?")
    return build("refused", "", (opening, who, said, *whom), (0, 1, 3, 2) if whom else (0, 1, 2), "?")


def is_it(draw: Draw) -> Sentence | None:
    """As in "Is the road wide?": क्या सड़क चौड़ी है?"""
    noun = draw.pick(draw.words.nouns)
    if noun.living:
        subject = draw.living(noun) if "spouse" not in noun.kinds else draw.elder()
    else:
        subject = draw.thing(noun, definite=True)
    state = draw.quality(noun)
    if state is None or subject.noun is not noun or f" {state.english}:" in subject.english:
        return None
    words, agreement = predicate(state, subject.agreement)
    be, copula = being("past" if draw.chance(0.4) else "present", subject.person, agreement)
    opening, last = unit(f"{be}:q+V", "क्या:q"), unit("", f"{copula}:V")
    if draw.chance(0.2):
        opening, last = unit(f"{be}n't:q+N+V", "क्या:q"), unit("", f"नहीं:N {copula}:V")
    units = (opening, bearing(subject, state), whole(state.english, words), last)
    return build("yes_no", f"{subject.key}|is|{state.english}", units, (0, 1, 2, 3), "?")


def is_someone(draw: Draw) -> Sentence | None:
    """As in "Is she a doctor?", "Is Ravi your brother?": क्या वह डॉक्टर है?"""
    told = draw.pick((descriptions.identity, descriptions.kinship))(draw)
    if told is None:
        return None
    subject, is_, noun = told.units
    if is_.english not in ("is", "are"):
        return None
    units = (unit(f"{is_.english}:q+V", "क्या:q"), subject, noun, unit("", f"{is_.hindi}:V"))
    return build("yes_no", told.key, units, (0, 1, 2, 3), "?")


def what(draw: Draw) -> Sentence:
    """As in "What did the boy eat?": लड़के ने क्या खाया?"""
    verb = draw.words.verb(
        draw.pick(
            (
                "eat",
                "drink",
                "read",
                "write",
                "buy",
                "sell",
                "see",
                "make",
                "cook",
                "learn",
                "hear",
                "look for",
                "bring",
                "choose",
                "throw",
                "cut",
            )
        )
    )
    subject = draw.person()
    tense = _asked_tense(draw, verb)
    agreement = DEFAULT if verbs.takes_ne(verb, tense) else subject.agreement
    return _wh("what", "क्या", subject, verb, tense, agreement)


def where_when_why(draw: Draw) -> Sentence:
    """As in "Where does Ravi live?": रवि कहाँ रहता है?"""
    word = draw.pick(("where", "when", "why"))
    names = ["sleep", "sit", "dance", "work", "study", "rest", "run", "play"]
    names += ["live", "go"] if word == "where" else ["come", "return", "laugh", "cry", "wake up"]
    name = draw.pick(names)
    verb = next(v for v in draw.deeds if v.name == name)
    subject = draw.person()
    tense = _asked_tense(draw, verb, word)
    return _wh(word, WORDS[word], subject, verb, tense, verbs.agreement(verb, tense, subject, None))


def _wh(word: str, hindi_word: str, subject: Phrase, verb: Verb, tense: str, agreement: Agreement) -> Sentence:
    aux = _opening(tense, subject.person, False)
    said = verbs.inverted(verb, tense, agreement)
    who = verbs.subject_unit(verb, tense, subject)
    key = f"{subject.key}|{verb.name}|{word}"
    units = (whole(word, hindi_word), aux, who, said)
    return build("wh", key, units, (2, 0, 3, 1), "?")


def why_act(draw: Draw) -> Sentence:
    """As in "Why did the cat cross the road?": बिल्ली ने सड़क क्यों पार की?"""
    verb = draw.pick([v for v in draw.acts if not v.light_gender and "state" not in v.flags])
    subject = draw.asked(verb)
    thing = draw.object(verb, subject, definite=True)
    word = draw.pick(("why", "when", "where"))
    if word == "where" and verb.marker in ("पर", "में", "bare"):
        word = "why"
    tense = _asked_tense(draw, verb, word)
    aux = _opening(tense, subject.person, False)
    said = verbs.inverted(verb, tense, verbs.agreement(verb, tense, subject, thing))
    who, whom = verbs.subject_unit(verb, tense, subject), verbs.object_unit(verb, thing)
    units = (whole(word, WORDS[word]), aux, who, said, whom)
    key = f"{subject.key}|{verb.name}|{thing.key}"
    return build("wh", key, units, (2, 4, 0, 3, 1), "?")


def who(draw: Draw) -> Sentence:
    """As in "Who ate the bread?", "Who is eating it?": रोटी किसने खाई?"""
    verb = draw.pick([v for v in draw.human_acts if not v.light_gender and v.marker != "bare"])
    noun = draw.pick(draw.objects(verb))
    thing = draw.living(noun) if noun.living else draw.thing(noun, definite=True)
    tense = draw.pick(("past", "progressive", "future"))
    taken = verbs.takes_ne(verb, tense)
    nobody = nominal(draw.words.noun("man"), "")  # कौन is a masculine singular
    agreement = verbs.agreement(verb, tense, nobody, thing)
    said = verbs.statement(verb, tense, "it", agreement)
    asked = whole("who", "किसने" if taken else "कौन")
    units = (asked, said, verbs.object_unit(verb, thing))
    return build("wh", f"who|{verb.name}|{thing.key}", units, (2, 0, 1), "?")


def where_is(draw: Draw) -> Sentence | None:
    """As in "Where is my book?": मेरी किताब कहाँ है?"""
    noun = draw.pick(draw.things)
    subject = draw.thing(noun) if draw.chance(0.5) else draw.person()
    if subject.english.startswith(("a:", "an:")):
        subject = nominal(noun, "my")
    be, copula = being("past" if draw.chance(0.3) else "present", subject.person, subject.agreement)
    units = (whole("where", "कहाँ"), whole(be, copula), subject.subject)
    return build("wh", f"where|is|{subject.key}", units, (2, 0, 1), "?")


def polite(draw: Draw) -> Sentence:
    """As in "Sir, where do you live?": सर, आप कहाँ रहते हैं?"""
    gender = draw.pick("mf")
    subject = MEN_AND_WOMEN[gender]
    verb = draw.pick([v for v in draw.human_acts if not v.light_gender])
    thing = draw.object(verb, subject)
    if thing.english.startswith("you:"):
        thing = nominal(draw.words.noun("child"), "the")
        verb = draw.words.verb("call")
    word = draw.pick(("", "", "why", "when"))
    tense = _asked_tense(draw, verb, word)
    said = verbs.inverted(verb, tense, verbs.agreement(verb, tense, subject, thing))
    who_, whom = verbs.subject_unit(verb, tense, subject), verbs.object_unit(verb, thing)
    key = f"{TITLES[gender].english}|{verb.name}|{thing.key}"
    if not word:
        aux = _opening(tense, "they", True)
        return build("polite", key, (TITLES[gender], aux, who_, said, whom), (0, 1, 2, 4, 3), "?")
    aux = _opening(tense, "they", False)
    units = (TITLES[gender], whole(word, WORDS[word]), aux, who_, said, whom)
    return build("polite", key, units, (0, 3, 5, 1, 4, 2), "?")
