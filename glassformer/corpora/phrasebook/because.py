"""Because-clauses whose "it" or "they" refers back, and the measure of their agreement.

"because it was tired" speaks of the subject: Hindi says वह, and the verb agrees (थकी हुई थी).
"because it was wide" speaks of the object: Hindi repeats the noun (सड़क चौड़ी थी).
"""

from functools import cache

from . import english, hindi, verbs
from .draw import Draw
from .hindi import Agreement
from .lexicon import Adjective, Noun, Reason, Verb
from .phrases import PRONOUNS, Phrase, nominal
from .units import Reference, Sentence, Unit, build, mark, unit, whole

STOPS = " \u0964.!?"
BECAUSE = whole("because", "क्योंकि")
# Tense of the act, then of its reason.
TENSES = [("past", "past")] * 5 + [("progressive", "present")] * 2 + [("future", "present")] * 2
WEATHER = {
    "past": [
        ("it was raining", "बारिश हो रही थी"),
        ("it was snowing", "बर्फ़ गिर रही थी"),
        ("it was late", "देर हो गई थी"),
        ("it was hot", "गर्मी थी"),
        ("it was cold", "ठंड थी"),
        ("it was a holiday", "छुट्टी थी"),
    ],
    "present": [
        ("it is raining", "बारिश हो रही है"),
        ("it is snowing", "बर्फ़ गिर रही है"),
        ("it is late", "देर हो गई है"),
        ("it is hot", "गर्मी है"),
        ("it is cold", "ठंड है"),
        ("it is a holiday", "छुट्टी है"),
    ],
}


def reasoned(
    verb: Verb,
    subject: Phrase,
    thing: Phrase,
    state: Adjective,
    of_object: bool,
    tenses: tuple[str, str] = ("past", "past"),
    polarity: str = "+",
    very: bool = False,
) -> Sentence:
    """The act and its reason, which is the `state` of the subject or `of_object`.

    `tenses` are those of the act and of the reason; `polarity` is the act's: "+", "not", "n't".
    """
    tense, then = tenses
    bearer = thing if of_object else subject
    agreement = bearer.agreement
    pronoun = again(thing, bool(state.found)) if of_object else _pronoun(subject).subject
    predicate = described(state, agreement, bearer.person, then, very)
    units = (
        verbs.subject_unit(verb, tense, subject),
        _said(verb, tense, subject, thing, polarity),
        verbs.object_unit(verb, thing),
        BECAUSE,
        pronoun,
        predicate,
    )
    refers = pronoun.english in ("it", "they") and bearer.key not in PRONOUNS
    reference = None
    if refers and _visible(state, then):
        antecedent = 2 if of_object else 0
        reference = Reference(4, antecedent, 5, agreement.gender, agreement.plural)
    pattern = "because_object" if of_object else "because_subject"
    key = f"{subject.key}|{thing.key}|{state.english}"
    return build(pattern, key, units, (0, 2, 1, 3, 4, 5), reference=reference)


def because_subject(draw: Draw) -> Sentence | None:
    """As in "The cat did not cross the road because it was tired": क्योंकि वह थकी हुई थी."""
    reason = draw.pick(draw.reasons)
    subject = _subject(draw, reason.verb)
    states = [a for a in reason.of_subject if subject.noun is None or a.suits(subject.noun)]
    if not states or not reason.objects:
        return None
    return _drawn(draw, reason, subject, draw.pick(reason.objects), draw.pick(states), False)


def because_object(draw: Draw) -> Sentence | None:
    """As in "The cat did not cross the road because it was wide": क्योंकि सड़क चौड़ी थी."""
    reason = draw.pick(draw.reasons)
    if not reason.of_object:
        return None
    noun, state = draw.pick(reason.of_object)
    return _drawn(draw, reason, _subject(draw, reason.verb), noun, state, True)


def _drawn(draw: Draw, reason: Reason, subject: Phrase, noun: Noun, state: Adjective, of_object: bool) -> Sentence:
    """Draw what is left to chance: the object's determiner, the tense, "didn't", "very"."""
    thing = _object(draw, noun)
    tenses = draw.pick(TENSES)
    polarity = _polarity(draw, reason.done, tenses[0], subject)
    very = state.graded and draw.chance(0.2)
    return reasoned(reason.verb, subject, thing, state, of_object, tenses, polarity, very)


def because_weather(draw: Draw) -> Sentence:
    """As in "He did not come because it was raining": an "it" that refers to nothing."""
    verb = draw.words.verb(draw.pick(("go", "come", "return", "walk", "run", "stop")))
    subject = draw.person() if "goal" in verb.flags else draw.subject(verb)  # no cow on its way to the bank
    tense, then = draw.pick(TENSES)
    said = _said(verb, tense, subject, None, _polarity(draw, False, tense, subject))
    free = WEATHER[then] if subject.owner != "its" else WEATHER[then][:-1]  # no animal's holiday
    source, target = draw.pick(free)
    why = whole(source, target)
    who = verbs.subject_unit(verb, tense, subject)
    key = f"{subject.key}|{verb.name}|{source.split()[-1]}"
    if "goal" in verb.flags:
        noun = draw.kind("goal")
        where = nominal(noun, "the").case("bare", "to")
        units = (who, said, where, BECAUSE, why)
        return build("because_weather", f"{key} {noun.english}", units, (0, 2, 1, 3, 4))
    return build("because_weather", key, (who, said, BECAUSE, why), (0, 1, 2, 3))


def _said(verb: Verb, tense: str, subject: Phrase, thing: Phrase | None, polarity: str) -> Unit:
    agreement = verbs.agreement(verb, tense, subject, thing)
    return verbs.statement(verb, tense, subject.person, agreement, polarity)


def _polarity(draw: Draw, done: bool, tense: str, subject: Phrase) -> str:
    if done:
        return "+"
    whole_only = subject.person == "I" and tense == "progressive"  # no "I amn't"
    return "not" if whole_only else draw.pick(("not", "n't"))


@cache
def again(thing: Phrase, found_there: bool) -> Unit:
    """As in "it" or "they" of the object: Hindi repeats the bare noun (सड़क, or सड़क पर of what is found there)."""
    assert thing.noun is not None
    again = nominal(thing.noun, "", thing.agreement.plural)
    if found_there:
        return unit(f"{thing.person}:n", f"{again.oblique} {again.place}")
    return unit(f"{thing.person}:n", again.direct)


def _visible(state: Adjective, tense: str) -> bool:
    """Whether the predicate shows the gender: था and थी do, है does not, nor does अँधेरा था."""
    if state.found:
        return False
    forms = [hindi.adjective(state.hindi, gender, False) for gender in "mf"]
    return tense == "past" or forms[0] != forms[1]


def _subject(draw: Draw, verb: Verb) -> Phrase:
    """Mostly an animal (it, they) where the verb allows one, else a person."""
    beasts = draw.beasts(verb)
    if beasts and draw.chance(0.85):
        return draw.living(draw.pick(beasts), looks_only=True)
    return draw.person(looks_only=True)


def _object(draw: Draw, noun: Noun) -> Phrase:
    """The object, in the plural now and then."""
    if "mass" in noun.kinds:
        return nominal(noun, draw.pick(("the", "the", "this")))
    if draw.chance(0.2):
        return nominal(noun, draw.pick(("the", "these", "those")), True)
    return nominal(noun, draw.pick(("the", "the", "the", "this", "that")))


def _pronoun(subject: Phrase) -> Phrase:
    """The pronoun for a subject mentioned before: he and she for people, it for animals."""
    if subject.key in PRONOUNS:
        return PRONOUNS[subject.key]
    gender = "he" if subject.agreement.gender == "m" else "she"
    if subject.person == "they":
        return _referring("they", True)
    name = "it" if subject.owner == "its" else gender
    return _referring(name, subject.agreement.plural)


@cache
def _referring(name: str, plural: bool) -> Phrase:
    """A third-person pronoun in the nominative: वह, or वे of several or of an honoured one."""
    direct = "वे:n" if plural else "वह:n"
    person = "they" if name == "they" else "it"
    return Phrase(f"{name}:n", direct, direct, person, Agreement(3, plural, "m"), "", name, True)


@cache
def described(state: Adjective, agreement: Agreement, person: str, tense: str, very: bool = False) -> Unit:
    """As in "was very tired": बहुत थकी हुई थी."""
    words, agreement = predicate(state, agreement)
    be, copula = being(tense, person, agreement)
    source = f"{mark(be, 'v')} {'very:d ' if very else ''}{state.english}:a"
    return unit(source, f"{'बहुत:d ' if very else ''}{mark(words, 'a')} {copula}:v")


@cache
def predicate(state: Adjective, agreement: Agreement) -> tuple[str, Agreement]:
    """An adjective said of something, and what the copula agrees with: that, or what is found there."""
    if state.found:
        return state.found, Agreement(3, False, state.found_gender)
    return hindi.adjective(state.hindi, agreement.gender, agreement.plural), agreement


def being(tense: str, person: str, agreement: Agreement) -> tuple[str, str]:
    """The verb "to be" in both languages: is and है, were and थे, "will be" and होंगे."""
    if tense == "future":
        return "will be", hindi.future("हो", agreement)
    if tense == "past":
        return english.WAS[person], hindi.was(agreement)
    return english.BE[person], hindi.is_(agreement)


def bearing(subject: Phrase, state: Adjective) -> Unit:
    """The subject of an adjective: कमरा, but कमरे में before अँधेरा है."""
    return subject.experiencer(subject.place) if state.found else subject.subject


def agreement(sentence: Sentence, hypothesis: str) -> bool:
    """Whether the hypothesis's because-clause agrees with the sentence's antecedent.

    True if what follows its last क्योंकि ends in the expected form (थकी हुई थी), or in other words
    of the same gender and number (डरी हुई थी). Raises ValueError for a sentence that has no
    antecedent.
    """
    antecedent = sentence.antecedent
    if antecedent is None:
        raise ValueError(f"no antecedent to agree with in {sentence.source!r}")
    _, found, clause = hypothesis.rstrip(STOPS).rpartition("क्योंकि")
    expected, words = antecedent.form.split(), clause.split()
    if not found or len(words) < 2:
        return False
    if words[-len(expected) :] == expected:
        return True
    if words[-1] != expected[-1]:
        return False
    if expected[-1] not in ("है", "हैं"):
        return True  # था, थी, थे and थीं show gender and number themselves
    return _gender_ending(words[-2]) == _gender_ending(expected[-2])


def _gender_ending(word: str) -> str:
    """आ, ए or ई, whichever an agreeing word ends in."""
    endings = {"ा": "आ", "े": "ए", "ी": "ई", "आ": "आ", "ए": "ए", "ई": "ई"}
    return endings.get(word[-1], "")
