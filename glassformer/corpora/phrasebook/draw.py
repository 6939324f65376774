"""Chance, and the noun phrases drawn by it: which words may be the subject or object of which."""

import random
from collections.abc import Sequence
from functools import cached_property
from typing import TypeVar

from . import english
from .lexicon import Adjective, Lexicon, Name, Noun, Reason, Verb
from .phrases import NUMBERS, PRONOUNS, Phrase, belonging, named, nominal, paired
from .units import Unit, whole

T = TypeVar("T")

# Adverbs of time by tense.  कल is yesterday or tomorrow; the tense tells which.
DAILY = [("in the morning", "सुबह"), ("in the evening", "शाम को"), ("at night", "रात को")]
TIMES = {
    "present": [("every day", "रोज़"), *DAILY],
    "past": [("yesterday", "कल"), ("today", "आज"), ("again", "फिर"), *DAILY],
    "future": [("tomorrow", "कल"), ("today", "आज"), ("again", "फिर"), *DAILY],
    "progressive": [("now", "अब"), ("today", "आज"), ("again", "फिर"), ("here", "यहाँ")],
    "was-ing": [("yesterday", "कल"), ("there", "वहाँ"), ("here", "यहाँ")],
}
OFTEN = [("always", "हमेशा"), ("often", "अक्सर"), ("sometimes", "कभी-कभी")]
OWNERS = ("my", "my", "our", "your", "your", "his", "her", "their")  # the speaker's and the other's first
THIRD = ("his", "her", "its", "their")
TENSES = [
    *["past"] * 4,
    *["present"] * 3,
    *["progressive"] * 2,
    *["future"] * 2,
    "was-ing",
    "perfect",
    "can",
    "want",
    "used",
    "going",
]


class Draw:
    """A seeded source of words."""

    def __init__(self, words: Lexicon, seed: int) -> None:
        """Draw from `words`."""
        self.words = words
        self.random = random.Random(seed).random
        self._suiting = {noun: words.adjectives_for(noun) for noun in words.nouns}
        self._objects = {verb: _weighted(words.of_kinds(*verb.objects)) for verb in words.verbs}
        self._beasts = {
            verb: [n for n in words.of_kinds(*verb.subjects) if "animal" in n.kinds] for verb in words.verbs
        }
        self._subjects = {
            verb: [n for n in words.of_kinds(*verb.subjects) if "spouse" not in n.kinds] for verb in words.verbs
        }

    def beasts(self, verb: Verb) -> list[Noun]:
        """The animals that may be the verb's subject."""
        return self._beasts[verb]

    @cached_property
    def reasons(self) -> list[Reason]:
        """The because-frames; twice where "it" may be an animal, and crossing still oftener."""
        weights = [
            (
                reason,
                (2 if self._beasts[reason.verb] else 1) * (3 if reason.verb.name == "cross" else 1),
            )
            for reason in self.words.reasons
        ]
        return [reason for reason, weight in weights for _ in range(weight)]

    def objects(self, verb: Verb) -> list[Noun]:
        """The nouns that may be the verb's object."""
        return self._objects[verb]

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[int(self.random() * len(items))]

    def chance(self, probability: float) -> bool:
        """True that often."""
        return self.random() < probability

    @cached_property
    def acts(self) -> list[Verb]:
        """The verbs that take an object in an ordinary sentence."""
        return [v for v in self.words.verbs if v.marker != "none" and "reason" not in v.flags]

    @cached_property
    def human_acts(self) -> list[Verb]:
        """Those of them that people do at will."""
        return [v for v in self.acts if "person" in v.subjects and "state" not in v.flags]

    @cached_property
    def bidden(self) -> list[Verb]:
        """The acts that one may ask for or want to do; what Hindi sees as a state is left out."""
        unwelcome = {"hate", "fear", "lose", "forget"}
        states = {"posture", "staying", "holding"}
        return [v for v in self.human_acts if v.name not in unwelcome and not v.flags & states]

    @cached_property
    def human_deeds(self) -> list[Verb]:
        """The verbs without an object that people do at will."""
        unwelcome = {"fall", "tremble", "cough", "live", "stop"}
        states = {"posture", "staying", "holding", "habit"}
        found = [v for v in self.deeds if "person" in v.subjects and not v.flags & states]
        return [v for v in found if v.name not in unwelcome]

    def nouns(self, kinds: tuple[str, ...], mass: bool) -> list[Noun]:
        """The nouns of any of the kinds, all of them or only those without a plural."""
        found = self._named_kinds.get((kinds, mass))
        if found is None:
            found = [n for n in self.words.of_kinds(*kinds) if not mass or "mass" in n.kinds]
            if kinds == ("person",):
                found = [n for n in found if "spouse" not in n.kinds]
            self._named_kinds[kinds, mass] = found
        return found

    @cached_property
    def _named_kinds(self) -> dict[tuple[tuple[str, ...], bool], list[Noun]]:
        return {}

    def name(self, honoured: bool = True, gender: str = "") -> Name:
        """A name, nearly half of those that are spelt; of that gender if any, "Mr Sharma" only if `honoured`."""
        name = self.pick(self.words.people if self.chance(0.45) else self.words.names)
        fits = (honoured or not name.honoured) and gender in ("", name.gender)
        return name if fits else self.name(honoured, gender)

    @cached_property
    def deeds(self) -> list[Verb]:
        """The verbs without an object."""
        return [v for v in self.words.verbs if v.marker == "none"]

    @cached_property
    def people(self) -> list[Noun]:
        """Nouns for people, without husbands and wives."""
        return [n for n in self.words.of_kinds("person") if "spouse" not in n.kinds]

    @cached_property
    def things(self) -> list[Noun]:
        """Nouns for what can be owned."""
        kinds = ("goods", "cloth", "vehicle", "portable", "readable", "valuable")
        owned = self.words.of_kinds(*kinds)
        return [n for n in owned if not n.kinds & {"mass", "awaited"}]

    def kind(self, *kinds: str) -> Noun:
        """A noun of one of the kinds."""
        found = self._kinds.get(kinds)
        if found is None:
            found = self._kinds[kinds] = _weighted(self.words.of_kinds(*kinds))
        return self.pick(found)

    @cached_property
    def _kinds(self) -> dict[tuple[str, ...], list[Noun]]:
        return {}

    def tense(self, verb: Verb) -> str:
        """A tense that the verb can bear."""
        tense = self.pick(TENSES)
        if "state" in verb.flags and tense in ("progressive", "was-ing", "perfect", "going"):
            return "present"
        if "habit" in verb.flags and tense in ("progressive", "perfect"):
            return "present"
        return tense

    def readable_tense(self, verb: Verb, tense: str, person: str) -> str:
        """The tense, or the past where English spells the present like it ("they read")."""
        if tense == "present" and english.affirmative(verb.english, tense, person) == (verb.english.past):
            return "past"
        return tense

    def adjective(self, noun: Noun, often: float = 0.25) -> Adjective | None:
        """Perhaps an adjective that suits the noun."""
        if self.random() >= often or not self._suiting[noun]:
            return None
        chosen = self.pick(self._suiting[noun])
        alone = chosen.english in ("alone", "ready")  # no "an alone boy"
        return None if alone or chosen.found else chosen  # one says that a room is dark, not "a dark room"

    def quality(self, noun: Noun) -> Adjective | None:
        """An adjective to say of the noun, if there is any."""
        return self.pick(self._suiting[noun]) if self._suiting[noun] else None

    def person(self, looks_only: bool = False, subject: Phrase | None = None) -> Phrase:
        """A pronoun or a person's name, or a noun for a person; see `living` for `looks_only` and `subject`."""
        chance = self.random()
        if chance < 0.4:
            return PRONOUNS[self.pick(("I", "I", "you", "you", "we", "he", "she", "they"))]
        if chance < 0.65:
            return named(self.name())
        if chance < 0.73:
            return self.elder(subject)
        return self.living(self.pick(self.people), looks_only, subject)

    def women(self) -> Phrase:
        """Several women: "the nurses", "those girls"."""
        nouns = [noun for noun in self.people if noun.gender == "f" and "kin" not in noun.kinds]
        return nominal(self.pick(nouns), self.pick(("the", "the", "these", "those")), True)

    def elder(self, subject: Phrase | None = None) -> Phrase:
        """Father, mother and so on, whom Hindi honours in the plural."""
        return self._ones_own(self.kind("elder"), OWNERS, False, subject)

    def couple(self) -> Phrase:
        """Two people: "Ravi and Sita", "Ravi and his sister", "the girl and the teacher"."""
        return self.two("child", "job") if self.chance(0.3) else self.known_couple()

    def known_couple(self) -> Phrase:
        """Two people, one or both by name: "Ravi and Sita", "Ravi and his sister".

        Of chance a quarter would be two women, of whom Hindi speaks otherwise; here it is some two fifths.
        """
        women = self.chance(0.3)
        first = named(self.name(honoured=False, gender="f" if women else ""))
        owned = nominal(self.kind("family", "elder"), first.owner)
        second = owned if self.chance(0.5) else named(self.name(honoured=False, gender="f" if women else ""))
        return paired(first, second) if second.key != first.key else self.known_couple()

    def two(self, *kinds: str) -> Phrase:
        """Two of any of the kinds: "the dog and the cat"."""
        first, second = self.kind(*kinds), self.kind(*kinds)
        return paired(nominal(first), nominal(second)) if first is not second else self.two(*kinds)

    def _ones_own(self, noun: Noun, owners: Sequence[str], plural: bool, subject: Phrase | None) -> Phrase:
        """Somebody's noun, mostly the subject's own where it is his or hers."""
        owner = self._owner(owners, subject)
        return nominal(noun, owner, plural, own=subject is not None and owner == subject.owner)

    def _owner(self, owners: Sequence[str], subject: Phrase | None) -> str:
        """One of the owners, mostly the subject; "his" and the like are a third person's own wherever they can be.

        Whose else they are ("Ravi washed her shirt") a sentence alone does not say.
        """
        if subject is None:
            return self.pick(owners)
        if subject.owner in owners and self.chance(0.5):
            return subject.owner
        others = [owner for owner in owners if subject.owner not in THIRD or owner not in THIRD]
        return self.pick(others or owners)

    def living(self, noun: Noun, looks_only: bool = False, subject: Phrase | None = None) -> Phrase:
        """A noun for a person or an animal with a determiner, perhaps an adjective.

        `looks_only`: no adjective that could contradict a reason ("the sad dog ... was happy").
        A possessive that refers back to the `subject` is अपना.
        """
        if "elder" in noun.kinds:
            return self.elder(subject)
        if "kin" in noun.kinds:
            return self._ones_own(noun, OWNERS, self.chance(0.3), subject)
        if "spouse" in noun.kinds:
            return self._ones_own(noun, ("my", "his", "your") if noun.gender == "f" else ("her",), False, subject)
        if noun.kinds & _KEPT and self.chance(0.12):
            return belonging(self.owner(), noun, self.chance(0.2))
        adjective = self.adjective(noun, 0.1)
        if looks_only and adjective and adjective.english not in _LOOKS:
            adjective = None
        if self.chance(0.3):
            determiner = self.pick(("the", "the", "the", "these", "those", "two", "three", "many"))
            return nominal(noun, determiner, True, adjective)
        if "infant" in noun.kinds:
            return nominal(noun, "the", self.chance(0.2))
        owner = "my" if noun.kinds & _KEPT else "the"
        determiner = self.pick(("the", "the", "the", "the", "a", "this", "that", owner))
        own = subject is not None and determiner == subject.owner
        return nominal(noun, determiner, False, adjective, own)

    def subject(self, verb: Verb) -> Phrase:
        """A subject that the verb can have."""
        if "person" in verb.subjects and self.chance(0.6):
            return self.person()
        noun = self.pick(self._subjects[verb])
        return self.living(noun) if noun.living else self.thing(noun)

    def asked(self, verb: Verb) -> Phrase:
        """A subject to ask about: often the one who is asked."""
        return PRONOUNS["you"] if "person" in verb.subjects and self.chance(0.3) else self.subject(verb)

    def object(self, verb: Verb, subject: Phrase, definite: bool = False) -> Phrase:
        """An object that the verb can have, other than the subject itself.

        Simply said: not both described ("The clever guest met two scared doctors").
        """
        if verb.marker == "bare":  # one reaches a place, of which nothing more is said
            thing = nominal(self.pick(self._objects[verb]), "the")
        elif "person" in verb.objects and self.chance(0.5):
            thing = self.person(subject=subject)
        elif not definite and self._takes_it(verb) and self.chance(0.03):
            thing = PRONOUNS["it"]
        else:
            noun = self.pick(self._objects[verb])
            thing = self.living(noun, subject=subject) if noun.living else self.thing(noun, subject, definite)
        if subject.described and thing.described:
            return self.object(verb, subject, definite)
        return thing if thing.referent != subject.referent else named(self._stranger(subject))

    def _takes_it(self, verb: Verb) -> bool:
        """Whether "it" may be the object: not of two verbs by one name, as one plays chess or a flute."""
        alike = [other for other in self.acts if other.name == verb.name]
        return verb.marker == "direct" and "person" not in verb.objects and len(alike) == 1

    def _stranger(self, subject: Phrase) -> Name:
        others = [name for name in self.words.names if name.english != subject.key]
        return self.pick(others)

    def place(self, noun: Noun, subject: Phrase) -> Phrase:
        """A noun for a single place, perhaps with an adjective."""
        determiner = self.pick(("the", "the", "the", "a", "this", "that", "our"))
        own = determiner == subject.owner
        return nominal(noun, determiner, False, self.adjective(noun, 0.4 if determiner == "a" else 0.12), own)

    def thing(self, noun: Noun, subject: Phrase | None = None, definite: bool = False) -> Phrase:
        """A noun for a thing; a possessive that refers back to the subject is अपना.

        `definite`: no "a" and no number, which sit ill in a negative ("not a book").
        """
        if "proper" in noun.kinds:
            return nominal(noun, "")
        if "unique" in noun.kinds:
            return nominal(noun, "the")
        if "mass" in noun.kinds:
            some = noun.kinds & {"food", "drink"} and not definite
            return nominal(
                noun,
                self.pick(("the", "the", "the" if definite else "", "this", "some" if some else "the")),
            )
        if noun.kinds & _OWNED and self.chance(0.05):
            return belonging(self.owner(), noun, self.chance(0.2))
        adjective = self.adjective(noun, 0.15)
        if "body" in noun.kinds and subject is not None:
            return nominal(noun, subject.owner, "single" not in noun.kinds, None, own=True)
        if subject is not None and self.chance(0.25):
            plural = self.chance(0.2)
            owner = self._owner((*OWNERS, subject.owner), subject)
            return nominal(noun, owner, plural, adjective, own=owner == subject.owner)
        if self.chance(0.3):
            counted = ("the", "these") if definite else ("many", self.number())
            determiner = self.pick(("the", "the", "these", "those", *counted))
            return nominal(noun, determiner, True, adjective)
        article = "the" if definite else "a"
        determiner = self.pick(("the", "the", "the", article, article, "this", "that"))
        return nominal(noun, determiner, False, adjective)

    def owner(self) -> Phrase:
        """Somebody to whom something belongs: Ravi, my brother, the farmer."""
        chance = self.random()
        if chance < 0.5:
            return named(self.name())
        if chance < 0.85:
            return nominal(self.kind("kin", "elder"), self.pick(("my", "my", "our", "your")))
        return nominal(self.owner_noun(), "the")

    def owner_noun(self) -> Noun:
        """A noun for a person who owns things: "the farmer" (a sister is always someone's)."""
        return self.kind("child", "job", "ruler")

    def number(self) -> str:
        """A number above one."""
        return self.pick(_MANY)

    def time(self, tense: str, often: float = 0.3) -> Unit | None:
        """Perhaps an adverb of time that goes with the tense."""
        if tense not in TIMES or self.random() >= often:
            return None
        return _adverb(self.pick(TIMES[tense]))

    def frequency(self) -> Unit:
        """As in "always", "often" or "sometimes"."""
        return _adverb(self.pick(OFTEN))

    def polarity(self, tense: str) -> str:
        """Mostly positive; a negative is contracted half the time."""
        if tense == "used" or self.chance(0.72):
            return "+"
        return self.pick(("not", "n't"))


_LOOKS = frozenset(("big", "small", "black", "white", "red", "beautiful"))
_OWNED = frozenset(("goods", "cloth", "vehicle", "portable", "readable", "valuable"))
_KEPT = frozenset(("pet", "cattle", "mount", "beast"))
_MANY = [word for word in NUMBERS if word != "one"]
_ADVERBS = {pair: whole(*pair) for pairs in (*TIMES.values(), OFTEN) for pair in pairs}


def _adverb(pair: tuple[str, str]) -> Unit:
    return _ADVERBS[pair]


def _weighted(nouns: list[Noun]) -> list[Noun]:
    """The nouns, with those that few sentences can hold three times over."""
    return [noun for noun in nouns for _ in range(3 if "seldom" in noun.kinds else 1)]
