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


def because_subject(draw: Draw) -> Sentence | None:
    """ "The cat did not cross the road because it was tired": क्योंकि वह थकी हुई थी."""
    reason = draw.pick(draw.words.reasons)
    subject = _subject(draw, reason.verb)
    states = [a for a in reason.of_subject if subject.noun is None or a.suits(subject.noun)]
    if not states or not reason.objects:
        return None
    thing = _object(draw, draw.pick(reason.objects))
    tense, then = draw.pick(TENSES)
    pronoun = _pronoun(subject)
    state = draw.pick(states)
    very = state.graded and draw.chance(0.2)
    predicate = described(state, subject.agreement, subject.person, then, very)
    return _clauses(
        "because_subject",
        draw,
        reason,
        subject,
        thing,
        tense,
        then,
        (pronoun.case(""), predicate, state, subject.agreement, 0),
    )


def because_object(draw: Draw) -> Sentence | None:
    """ "The cat did not cross the road because it was wide": क्योंकि सड़क चौड़ी थी."""
    reason = draw.pick(draw.words.reasons)
    if not reason.of_object:
        return None
    noun, state = draw.pick(reason.of_object)
    subject = _subject(draw, reason.verb)
    thing = _object(draw, noun)
    tense, then = draw.pick(TENSES)
    very = state.graded and draw.chance(0.2)
    predicate = described(state, thing.agreement, thing.person, then, very)
    forms = noun.hindi
    again = forms.plural if thing.agreement.plural else forms.direct
    pronoun = unit(f"{thing.person}:n", mark(again, "n"))
    return _clauses(
        "because_object", draw, reason, subject, thing, tense, then, (pronoun, predicate, state, thing.agreement, 2)
    )


def because_weather(draw: Draw) -> Sentence:
    """ "He did not come because it was raining": an "it" that refers to nothing."""
    verb = draw.words.verb(draw.pick(("go", "come", "return", "walk", "run", "stop", "jump")))
    subject = draw.subject(verb)
    tense, then = draw.pick(TENSES)
    said = _said(draw, verb, tense, subject, None, False)
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


def _clauses(
    pattern: str,
    draw: Draw,
    reason: Reason,
    subject: Phrase,
    thing: Phrase,
    tense: str,
    then: str,
    why: tuple[Unit, Unit, Adjective, Agreement, int],
) -> Sentence | None:
    """Both clauses; `why` ends with the unit that the pronoun refers to."""
    pronoun, predicate, state, agreement, antecedent = why
    verb = reason.verb
    said = _said(draw, verb, tense, subject, thing, reason.done)
    who, what = verbs.subject_unit(verb, tense, subject), verbs.object_unit(verb, thing)
    units = (who, said, what, BECAUSE, pronoun, predicate)
    key = f"{subject.key}|{thing.key}|{state.english}"
    reference = None
    if pronoun.english.lower() in ("it", "they") and _visible(state, then):
        reference = Reference(4, antecedent, 5, agreement.gender, agreement.plural)
    return build(pattern, key, units, (0, 2, 1, 3, 4, 5), reference=reference)


def _said(draw: Draw, verb: Verb, tense: str, subject: Phrase, thing: Phrase | None, done: bool) -> Unit:
    polarity = "+" if done else draw.pick(("not", "n't"))
    if polarity == "n't" and subject.person == "I" and tense == "progressive":
        polarity = "not"
    agreement = verbs.agreement(verb, tense, subject, thing)
    return verbs.statement(verb, tense, subject.person, agreement, polarity)


def _visible(state: Adjective, tense: str) -> bool:
    """Whether the predicate shows the gender: था and थी do, है does not."""
    forms = [hindi.adjective(state.hindi, gender, False) for gender in "mf"]
    return tense == "past" or forms[0] != forms[1]


def _subject(draw: Draw, verb: Verb) -> Phrase:
    """Mostly an animal (it, they) where the verb allows one, else a person."""
    beasts = draw.beasts(verb)
    return draw.living(draw.pick(beasts)) if beasts and draw.chance(0.75) else draw.person()


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
    """ "was very tired": बहुत थकी हुई थी."""
    be = (english.WAS if tense == "past" else english.BE)[person]
    copula = hindi.was(agreement) if tense == "past" else hindi.is_(agreement)
    source = f"{be}:v {'very:d ' if very else ''}{state.english}:a"
    words = hindi.adjective(state.hindi, agreement.gender, agreement.plural)
    return unit(source, f"{'बहुत:d ' if very else ''}{mark(words, 'a')} {copula}:v")


def agreement(sentence: Sentence, hypothesis: str) -> bool:
    """Whether the hypothesis's because-clause agrees with the sentence's antecedent.

    True if what follows its last क्योंकि ends in the expected form (थकी हुई थी), or in other words
    of the same gender and number (डरी हुई थी). Raises ValueError for a sentence that has no
    antecedent.
    """
    antecedent = sentence.antecedent
    if antecedent is None:
        raise ValueError(f"no antecedent to agree with in {sentence.source!r}")
    _, found, clause = hypothesis.rpartition("क्योंकि")
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
