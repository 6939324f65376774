"""Patterns of what someone or something is, where it is, and what belongs to whom."""

from functools import cache

from . import english, hindi
from .because import bearing, being, predicate
from .draw import Draw
from .hindi import Agreement
from .lexicon import Adjective, Noun, as_woman
from .phrases import PRONOUNS, Phrase, belonging, named, nominal
from .units import Sentence, Unit, build, mark, unit, whole
from .verbs import refusal

ADULTS = ("man", "woman")
THERE = whole("there", "")
BEING = ("present", "present", "present", "past", "future")
DEGREES = (whole("very", "बहुत"), whole("very", "बहुत"), whole("too", "बहुत ज़्यादा"))


@cache
def copula(agreement: Agreement, person: str, tense: str, negative: str = "+", short: bool = False) -> Unit:
    """As in "is", "was not", "aren't", "won't be": है, नहीं था, नहीं हैं. `short`: "'s" after a pronoun."""
    be, word = being(tense, person, agreement)
    first, *more = be.split()
    source = mark(be, "v")
    if negative != "+":
        source = " ".join([refusal(first, negative == "n't"), *(mark(other, "v") for other in more)])
        word = f"नहीं:n {word}"
    return unit(english.clitic(source) if short else source, f"{word}:v")


def quality(draw: Draw) -> Sentence | None:
    """As in "The road is not wide": सड़क चौड़ी नहीं है."""
    subject = _anything(draw)
    state = draw.quality(subject.noun) if subject.noun else draw.pick(_human(draw, subject))
    if state is None or f" {state.english}:" in subject.english:
        return None
    tense = draw.pick(BEING)
    key = f"{subject.key}|is|{state.english}"
    words, agreement = predicate(state, subject.agreement)
    negative = draw.pick(("+", "+", "not", "n't"))
    degree = draw.pick(DEGREES) if state.graded and negative == "+" and draw.chance(0.4) else None
    is_ = said_to_be(draw, subject, agreement, tense, negative)
    what = _adjective(state.english, words)
    who = bearing(subject, state)
    if degree is not None:
        return build("quality", key, (who, is_, degree, what), (0, 2, 3, 1))
    return build("quality", key, (who, is_, what), (0, 2, 1))


def said_to_be(draw: Draw, subject: Phrase, agreement: Agreement, tense: str, negative: str = "+") -> Unit:
    """The copula after a subject; after a pronoun it is contracted half the time, in the present or future."""
    if subject.person == "I" and negative == "n't" and tense == "present":
        negative = "not"
    short = subject.key in PRONOUNS and tense != "past" and negative != "n't" and draw.chance(0.5)
    return copula(agreement, subject.person, tense, negative, short)


@cache
def _adjective(english_word: str, words: str) -> Unit:
    return whole(english_word, words)


def _human(draw: Draw, subject: Phrase) -> list[Adjective]:
    """Adjectives for people, "old" and "tall" among them; of "it", adjectives for things."""
    kind = "goods" if subject.key == "it" else "person"
    return [a for a in draw.words.adjectives if kind in a.kinds]


def _anything(draw: Draw) -> Phrase:
    """A person, an animal, a thing or a place."""
    chance = draw.random()
    if chance < 0.25:
        return draw.person()
    if chance < 0.31:
        return PRONOUNS["it"]
    if chance < 0.35:
        return draw.couple()
    if chance < 0.44:
        return draw.living(draw.kind("animal"))
    noun = draw.pick(draw.words.nouns)
    if noun.living:
        return draw.living(noun) if "spouse" not in noun.kinds else draw.elder()
    if "proper" in noun.kinds or "unique" in noun.kinds:
        return draw.thing(noun, definite=True)
    if draw.chance(0.3) and "mass" not in noun.kinds:
        owner = named(draw.pick(draw.words.names)) if draw.chance(0.5) else nominal(draw.owner_noun(), "the")
        return belonging(owner, noun, draw.chance(0.2)) if _ownable(noun) else draw.thing(noun)
    return draw.thing(noun, definite=True)


def _ownable(noun: Noun) -> bool:
    kinds = {"goods", "cloth", "vehicle", "portable", "readable", "valuable", "home", "body"}
    return not noun.kinds.isdisjoint(kinds) and "mass" not in noun.kinds


def comparison(draw: Draw) -> Sentence | None:
    """As in "The dog is bigger than the cat": कुत्ता बिल्ली से बड़ा है; of nothing that is described already."""
    subject = _anything(draw)
    noun = subject.noun
    if subject.described or (noun and "body" in noun.kinds):
        return None
    compared = [
        a
        for a in (draw.words.adjectives_for(noun) if noun else _human(draw, subject))
        if a.comparative and f" {a.english}:" not in subject.english
    ]
    if not compared:
        return None
    state = draw.pick(compared)
    other = _comparable(draw, subject, state)
    if other is None or other.key == subject.key:
        return None
    tense = draw.pick(("present", "present", "past"))
    what = _more(state, subject.agreement)
    is_ = said_to_be(draw, subject, subject.agreement, tense, draw.pick(("+", "+", "+", "+", "not", "n't")))
    than = other.case("से", "than")
    key = f"{subject.key}|{state.comparative}|{other.key}"
    return build("comparison", key, (subject.subject, is_, what, than), (0, 3, 2, 1))


@cache
def _more(state: Adjective, agreement: Agreement) -> Unit:
    """As in "bigger": बड़ा, with से before it; one that does not inflect takes ज़्यादा."""
    more = hindi.adjective(state.hindi, agreement.gender, agreement.plural)
    if not state.hindi.endswith("ा"):
        more = f"ज़्यादा {more}"
    return whole(state.comparative, more)


def _comparable(draw: Draw, subject: Phrase, state: Adjective) -> Phrase | None:
    """Something of a like kind that bears the same adjective."""
    if subject.noun is None:
        if subject.key == "it":
            return draw.thing(draw.kind("goods"), definite=True)
        return named(draw.pick(draw.words.names)) if draw.chance(0.6) else draw.person()
    kinds = state.kinds & subject.noun.kinds
    noun = draw.kind(*sorted(kinds))
    if noun.living:
        return draw.living(noun)
    return nominal(noun, "" if "proper" in noun.kinds else draw.pick(("the", "this", "that")))


def identity(draw: Draw) -> Sentence | None:
    """As in "We are friends", "My sister is not a doctor": हम दोस्त हैं, मेरी बहन डॉक्टर नहीं है."""
    subject = _somebody(draw)
    noun = draw.kind("job", "acquaintance", "child") if draw.chance(0.85) else draw.words.noun("friend")
    if not may_be(subject, noun):
        return None
    adjective = draw.adjective(noun, 0.4)
    if adjective and (adjective.english not in LASTING or (noun.english, adjective.english) == ("friend", "old")):
        adjective = None  # an old friend need not be old
    very = adjective is not None and adjective.graded and draw.chance(0.3)
    what = role(noun, subject, adjective, very=very, one=draw.chance(0.5))
    tense = draw.pick(BEING)
    negative = draw.pick(("+", "+", "+", "not", "n't"))
    is_ = said_to_be(draw, subject, subject.agreement, tense, negative)
    key = f"{subject.key}|is|{noun.english}"
    return build("identity", key, (subject.subject, is_, what), (0, 2, 1))


def _somebody(draw: Draw) -> Phrase:
    """Someone of whom one says what he or she is: mostly of a family, "my aunt", "his wife"; or "that woman"."""
    chance = draw.random()
    if chance < 0.35:
        return draw.person()
    if chance < 0.85:
        return draw.living(draw.kind("family", "elder", "spouse"))
    if chance < 0.95:
        return nominal(draw.words.noun(draw.pick(ADULTS)), draw.pick(("the", "this", "that")))
    return draw.known_couple()


def may_be(subject: Phrase, noun: Noun) -> bool:
    """Whether the noun can be said of the subject: no woman is a fisherman, Mr Sharma is no child."""
    gender = subject.agreement.gender
    if "child" in noun.kinds and subject.agreement.plural and subject.person == "it":
        return False
    if "child" in noun.kinds and "job" not in noun.kinds and (subject.noun or subject.several):
        return False
    if subject.noun and not _grown(subject) and subject.noun.kinds.isdisjoint(("elder", "kin", "spouse")):
        return False
    if subject.noun is noun or (noun.english == "friend" and subject.person != "they"):
        return False
    if gender == "m":
        return noun.gender == "m"
    return not noun.english.endswith("man") and noun.english not in ("boy", "actor", "child", "baby", "waiter")


def _grown(subject: Phrase) -> bool:
    return subject.noun is not None and subject.noun.english in ADULTS


def kinship(draw: Draw) -> Sentence | None:
    """As in "She is my sister", "Ravi is not our teacher": वह मेरी बहन है, रवि हमारा अध्यापक नहीं है."""
    subject = draw.pick((PRONOUNS["he"], PRONOUNS["she"], named(draw.name()), named(draw.name())))
    noun = draw.kind("kin", "spouse", "acquaintance")
    woman = subject.agreement.gender == "f"
    of_either = noun.english in ("friend", "boss") or ("acquaintance" in noun.kinds and may_be(subject, noun))
    if noun.gender != subject.agreement.gender and not of_either:
        return None
    owner = draw.pick(("my", "our", "your", "his", "her"))
    if owner == subject.owner or ("spouse" in noun.kinds and owner != ("her" if noun.gender == "m" else "his")):
        return None
    what = nominal(as_woman(noun) if woman else noun, owner)
    honoured = nominal(noun, owner, True) if subject.agreement.plural and not woman else what
    tense = draw.pick(("present", "present", "past"))
    is_ = said_to_be(draw, subject, subject.agreement, tense, draw.pick(("+", "+", "not", "n't")))
    kin = unit(what.english, honoured.direct)
    return build("identity", f"{subject.key}|is|{noun.english}", (subject.subject, is_, kin), (0, 2, 1))


LASTING = frozenset(
    (
        "good",
        "honest",
        "famous",
        "brave",
        "clever",
        "rich",
        "poor",
        "kind",
        "lazy",
        "old",
        "young",
        "strong",
    )
)


def role(
    noun: Noun, subject: Phrase, adjective: Adjective | None = None, *, very: bool = False, one: bool = True
) -> Unit:
    """A noun said of someone: "a doctor" is डॉक्टर, without एक; plural of an honoured man, and of तुम.

    `one`: "you" are one person, as in "You are a doctor".
    """
    if subject.agreement.gender == "f":
        noun = as_woman(noun)
    if subject.person == "they" and not (subject.key == "you" and one):
        return nominal(noun, "", True, adjective).subject
    honoured = subject.agreement.plural and noun.gender == "m"
    said, words = nominal(noun, "", False, adjective).english, nominal(noun, "", honoured, adjective).direct
    if very:
        return unit(f"a very:e {said}", f"बहुत:e {words}")
    first = adjective.english if adjective else noun.english
    return unit(f"{english.article(first)} {said}", words)


def pointing(draw: Draw) -> Sentence | None:
    """As in "This is my book", "These are Ravi's shoes": यह मेरी किताब है, ये रवि के जूते हैं."""
    noun = draw.pick(draw.things)
    plural = draw.chance(0.3)
    word = draw.pick(("these", "those") if plural else ("this", "that"))
    pointer = _POINTERS[word]
    if draw.chance(0.5):
        owner = draw.pick(("my", "our", "your", "his", "her", "their"))
        thing = nominal(noun, owner, plural, draw.adjective(noun, 0.3))
        key = f"{word}|{owner}|{noun.english}"
    else:
        owner_phrase = named(draw.pick(draw.words.names))
        if draw.chance(0.5):
            owner_phrase = nominal(draw.owner_noun(), "the")
        thing = belonging(owner_phrase, noun, plural)
        key = f"{word}|{owner_phrase.key}|{noun.english}"
    negative = draw.pick(("+", "+", "+", "not", "n't"))
    is_ = copula(thing.agreement, thing.person, "present", negative)
    return build("pointing", key, (pointer, is_, thing.subject), (0, 2, 1))


_POINTERS = {
    "this": whole("this", "यह"),
    "that": whole("that", "वह"),
    "these": whole("these", "ये"),
    "those": whole("those", "वे"),
}


def location(draw: Draw) -> Sentence | None:
    """As in "The book is on the table", "There are five books on the table"."""
    where, place = _where(draw)
    if "container" not in place.kinds:
        noun = draw.kind("portable", "dish", "small-one")
    elif "fillable" in place.kinds and "breakable" not in place.kinds:
        noun = draw.kind("portable", "dish")
    else:  # a pocket, a bottle, a drawer
        noun = draw.kind("small")
    if noun is place or "mass" in noun.kinds:
        return None
    tense = draw.pick(BEING)
    key = f"{noun.english}|in|{place.english}"
    if draw.chance(0.5):
        owners = () if noun.living and "pet" not in noun.kinds else ("my", "your", "his", "her")
        thing = nominal(noun, draw.pick(("the", *owners, "this", "that")))
        if draw.chance(0.25):
            thing = nominal(noun, draw.pick(("the", "those", "these")), True)
        negative = draw.pick(("+", "+", "+", "not", "n't"))
        is_ = copula(thing.agreement, thing.person, tense, negative)
        return build("location", key, (thing.subject, is_, where), (0, 2, 1))
    adjective = draw.adjective(noun)
    plural = draw.chance(0.5)
    determiner = draw.pick(("many", "some", draw.number(), draw.number())) if plural else "a"
    thing = nominal(noun, determiner, plural, adjective)
    is_ = copula(thing.agreement, thing.person, tense)
    return build("existence", key, (THERE, is_, thing.subject, where), (3, 2, 1, 0))


def _where(draw: Draw) -> tuple[Unit, Noun]:
    """A place: on something flat, in something hollow, near something, under a table."""
    chance = draw.random()
    determiner = draw.pick(("the", "the", "the", "this", "that", "our"))
    if chance < 0.35:
        noun = draw.kind("surface")
        return nominal(noun, determiner).case("पर", "on"), noun
    if chance < 0.7:
        noun = draw.kind("container", "home", "enter")
        return nominal(noun, determiner).case("में", "in"), noun
    if chance < 0.85:
        noun = draw.kind("furniture")
        return nominal(noun, determiner).case("के नीचे", "under"), noun
    noun = draw.kind("building", "water", "way", "furniture")
    return nominal(noun, determiner).case("के पास", "near"), noun


def having(draw: Draw) -> Sentence | None:
    """As in "I have a book": मेरे पास एक किताब है; "I have two brothers": मेरे दो भाई हैं."""
    subject = draw.person()
    person, kin = subject.person, draw.chance(0.2)
    noun = draw.kind("kin") if kin else draw.pick(draw.things)
    if draw.chance(0.2):
        noun = draw.kind("pet", "cattle")
        kin = False
    past = draw.chance(0.3)
    plural = draw.chance(0.5)
    determiner = draw.pick((draw.number(), draw.number(), "many", "some")) if plural else "a"
    if kin and plural:
        determiner = draw.pick(("two", "three", "four", "five"))
    thing = nominal(noun, determiner, plural, None if kin else draw.adjective(noun))
    have = _have(thing.agreement, "had" if past else english.HAVE[person], past)
    key = f"{subject.key}|has|{noun.english}"
    owner = unit(subject.english, subject.genitive(thing.agreement)) if kin else subject.experiencer("के पास")
    return build("having", key, (owner, have, thing.subject), (0, 2, 1))


@cache
def _have(agreement: Agreement, word: str, past: bool) -> Unit:
    return unit(f"{word}:v", f"{hindi.was(agreement) if past else hindi.is_(agreement)}:v")


def lacking(draw: Draw) -> Sentence | None:
    """As in "I do not have a book": मेरे पास किताब नहीं है."""
    subject = draw.person()
    noun = draw.pick(draw.things)
    past = draw.chance(0.3)
    agreement = Agreement(3, False, noun.gender)
    aux = "did" if past else english.DO[subject.person]
    refused = english.negated(aux, draw.chance(0.5)).split()
    refused[-1] += ":n"
    word = hindi.was(agreement) if past else hindi.is_(agreement)
    have = unit(f"{' '.join(refused)} have:v", f"नहीं:n {word}:v")
    bare = nominal(noun, "", False)
    what = unit(f"{english.article(noun.english)} {bare.english}", bare.direct)
    key = f"{subject.key}|has|{noun.english}"
    return build("having", key, (subject.experiencer("के पास"), have, what), (0, 2, 1))
