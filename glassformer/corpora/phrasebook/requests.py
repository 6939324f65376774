"""Patterns of requests and of what someone likes, wants, needs, should and must do."""

from functools import cache

from . import english, hindi, verbs
from .draw import Draw
from .hindi import Agreement
from .lexicon import Verb
from .phrases import PRONOUNS, Phrase
from .units import Sentence, Unit, build, mark, unit, whole

PLEASE = whole("please", "कृपया")


# What nobody is told to do.
UNBIDDEN = frozenset(
    (
        "see",
        "hear",
        "meet",
        "love",
        "hate",
        "fear",
        "lose",
        "know",
    )
)


@cache
def _command(verb: Verb, polite: bool, negative: str) -> Unit:
    """As in "open": खोलो; "do not open": मत खोलो; after "please" खोलिए and न खोलिए."""
    base = mark(verb.english.base, "v")
    word = f"{hindi.imperative(verb.stem, polite)}:v"
    light = f"{mark(verb.light, 'v')} " if verb.light else ""
    if negative == "+":
        return unit(base, light + word)
    source = f"do not:n {base}" if negative == "not" else f"don't:n {base}"
    return unit(source, f"{light}{'न' if polite else 'मत'}:n {word}")


def imperative(draw: Draw) -> Sentence:
    """As in "Open the door", "Please do not open the door": कृपया दरवाज़ा न खोलिए."""
    verb = draw.pick([v for v in draw.human_acts if v.name not in UNBIDDEN])
    you = PRONOUNS["you"]
    negative = draw.pick(("+", "+", "not", "n't"))
    thing = draw.object(verb, you, definite=True)
    if thing.key == "you":
        thing = draw.thing(draw.pick(draw.objects(verb)), you, definite=True)
    polite = draw.chance(0.4)
    said = _command(verb, polite, negative)
    what = verbs.object_unit(verb, thing)
    key = f"do|{verb.name}|{thing.key}"
    if polite:
        return build("imperative", key, (PLEASE, said, what), (0, 2, 1))
    return build("imperative", key, (said, what), (1, 0))


@cache
def liked(word: str, agreement: Agreement, person: str, negative: str) -> Unit:
    """As in "likes": पसंद है; "does not like": पसंद नहीं है; "wants": चाहिए."""
    third = word + "s" if person == "it" else word
    copula = {"like": hindi.is_(agreement), "want": "चाहिए"}[word]
    light = "पसंद:v " if word == "like" else ""
    if negative == "+":
        return unit(f"{third}:v", f"{light}{copula}:v")
    refused = english.negated(english.DO[person], negative == "n't").split()
    refused[-1] += ":n"
    return unit(f"{' '.join(refused)} {word}:v", f"{light}नहीं:n {copula}:v")


def liking(draw: Draw) -> Sentence:
    """As in "The boy likes milk": लड़के को दूध पसंद है; "I want a book": मुझे एक किताब चाहिए."""
    subject = draw.person()
    word = draw.pick(("like", "want"))
    if word == "like" and draw.chance(0.4):
        noun = draw.kind("game", "skill", "fruit", "drink", "food", "sight", "town")
    else:
        noun = draw.pick(draw.things) if draw.chance(0.6) else draw.kind("food", "drink", "fruit")
    negative = draw.pick(("+", "+", "not", "n't"))
    thing = draw.thing(noun, subject, definite=word == "like" or negative != "+")
    said = liked(word, thing.agreement, subject.person, negative)
    key = f"{subject.key}|{word}|{noun.english}"
    return build("liking", key, (subject.experiencer("को"), said, thing.subject), (0, 2, 1))


@cache
def obliged(verb: Verb, word: str, agreement: Agreement, negative: bool) -> Unit:
    """As in "should read": पढ़नी चाहिए; "must read": पढ़नी होगी; with नहीं before the verb."""
    base = mark(verb.english.base, "v")
    infinitive = f"{hindi.infinitive(verb.stem, agreement)}:v"
    light = f"{mark(verb.light, 'v')} " if verb.light else ""
    after = {"should": "चाहिए", "must": hindi.future("हो", agreement)}[word]
    if negative:
        return unit(f"{word}:s not:n {base}", f"{light}नहीं:n {infinitive} {after}:s")
    return unit(f"{word}:s {base}", f"{light}{infinitive} {after}:s")


def duty(draw: Draw) -> Sentence | None:
    """As in "The girl should read this book": लड़की को यह किताब पढ़नी चाहिए."""
    verb = draw.pick([v for v in draw.human_acts if v.name not in UNBIDDEN])
    subject = draw.person()
    thing = draw.object(verb, subject, definite=True)
    if thing.living and verb.marker in ("direct", "को"):
        return None  # two को in one clause
    agreement = _duty_agreement(verb, thing)
    word = draw.pick(("should", "must"))
    negative = word == "should" and draw.chance(0.4)
    said = obliged(verb, word, agreement, negative)
    units = (subject.experiencer("को"), said, verbs.object_unit(verb, thing))
    return build("duty", f"{subject.key}|{verb.name}|{thing.key}", units, (0, 2, 1))


def _duty_agreement(verb: Verb, thing: Phrase) -> Agreement:
    """The infinitive agrees with an unmarked object, or with the noun inside the verb."""
    if verb.light_gender:
        return Agreement(3, False, verb.light_gender)
    return thing.agreement if verb.marker == "direct" and not thing.living else hindi.DEFAULT
