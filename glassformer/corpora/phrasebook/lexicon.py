"""The words of the phrasebook: nouns, verbs, adjectives and names, read from the tables beside."""

import unicodedata
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources

from . import english, hindi

POSTPOSITIONS = ("में", "पर", "से", "के साथ")


@dataclass(frozen=True, eq=False)
class Noun:
    """A noun with all its forms; `kinds` says which verbs and adjectives it goes with."""

    english: str
    plural: str
    hindi: hindi.NounForms
    gender: str
    kinds: frozenset[str]
    woman: str = ""  # the Hindi for a woman of that trade, where it has a word of its own

    @property
    def living(self) -> bool:
        """Whether it names a person or an animal; as a direct object it takes को."""
        return not self.kinds.isdisjoint(("person", "animal", "elder", "infant"))


@dataclass(frozen=True, eq=False)
class Adjective:
    """An adjective; `comparative` is its English comparative, if any, `graded` if "very" goes."""

    english: str
    hindi: str
    kinds: frozenset[str]
    comparative: str
    graded: bool
    found: str = ""  # what is found at a place of which it is said (अँधेरा, भीड़) ...
    found_gender: str = ""  # ... and its gender

    def suits(self, noun: Noun) -> bool:
        """Whether it may be said of the noun."""
        return not self.kinds.isdisjoint(noun.kinds)


@dataclass(frozen=True, eq=False)
class Verb:
    """A verb; see the head of verbs.tsv for `flags` and `marker`.

    `light` is the word before the inflected one (पार in पार करना), and `light_gender` its gender
    where it is a noun that a perfective agrees with (मदद की). `particle` is the English
    preposition that its postposition answers to ("on" in "sit on", पर).
    """

    name: str
    english: english.VerbForms
    particle: str
    stem: str
    light: str
    light_gender: str
    flags: frozenset[str]
    marker: str
    objects: frozenset[str]
    subjects: frozenset[str]


@dataclass(frozen=True, eq=False)
class Name:
    """A person's name; `honoured` names (शर्मा जी) take plural agreement in Hindi."""

    english: str
    hindi: str
    gender: str
    honoured: bool


@dataclass(frozen=True, eq=False)
class Reason:
    """An act with the adjectives that explain it, by its object or by its subject."""

    verb: Verb
    done: bool
    of_object: list[tuple[Noun, Adjective]]
    of_subject: list[Adjective]
    objects: list[Noun]


@dataclass(frozen=True, eq=False)
class Lexicon:
    """Every word, and the nouns by kind."""

    nouns: list[Noun]
    adjectives: list[Adjective]
    verbs: list[Verb]
    names: list[Name]
    people: list[Name]  # names that no other sentence knows: they are spelt
    reasons: list[Reason] = field(default_factory=list)

    def of_kinds(self, *kinds: str) -> list[Noun]:
        """The nouns of any of the kinds, in the table's order."""
        return [noun for noun in self.nouns if not noun.kinds.isdisjoint(kinds)]

    def adjectives_for(self, noun: Noun) -> list[Adjective]:
        """The adjectives that may be said of the noun."""
        return [adjective for adjective in self.adjectives if adjective.suits(noun)]

    def english_words(self) -> set[str]:
        """The English words of nouns, adjectives and verbs, in all forms."""
        found = {word for noun in self.nouns for word in (noun.english, noun.plural)}
        found |= {word for adjective in self.adjectives for word in (adjective.english, adjective.comparative)}
        return found | {form for verb in self.verbs for form in verb.english}

    def noun(self, name: str) -> Noun:
        """The noun of that English name."""
        return next(noun for noun in self.nouns if noun.english == name)

    def adjective(self, name: str) -> Adjective:
        """The first adjective of that English name."""
        return next(adjective for adjective in self.adjectives if adjective.english == name)

    def verb(self, name: str, object_kind: str = "") -> Verb:
        """The first verb of that English name (and kind of object, if given)."""
        return next(
            verb for verb in self.verbs if verb.name == name and (not object_kind or object_kind in verb.objects)
        )


def read_rows(file: str) -> list[list[str]]:
    """The tab-separated rows of a table in this folder, without its comments, in NFC."""
    text = resources.files(__package__).joinpath(file).read_text(encoding="utf-8")
    lines = unicodedata.normalize("NFC", text).splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def _noun(row: list[str]) -> Noun:
    notes = dict(note.split("=") for note in _notes(row[4])) if len(row) > 4 else {}
    kinds = frozenset(row[3].split())
    plural = notes.get("plural") or english.plural(row[0])
    forms = hindi.noun_forms(row[1], row[2], notes.get("forms"))
    return Noun(row[0], plural, forms, row[2], kinds, notes.get("woman", ""))


def _notes(text: str) -> list[str]:
    """Split "plural=men forms=a b,c" before each name, since a form may hold a space."""
    starts = sorted(i for i in (text.find(f"{name}=") for name in ("plural", "forms", "woman")) if i >= 0)
    ends = [*starts[1:], len(text)]
    return [text[start:end].strip() for start, end in zip(starts, ends, strict=True)]


def _verb(row: list[str]) -> Verb:
    light, _, infinitive = row[4].rpartition(" ")
    light, _, light_gender = light.partition("/")
    objects = frozenset(row[7].split()) - {"-"}
    particle = row[0].partition(" ")[2] if row[6] in POSTPOSITIONS else ""
    written = [cell.removesuffix(f" {particle}") for cell in row[:4]] if particle else row[:4]
    forms = english.verb_forms(*written)
    flags = frozenset(row[5].split()) - {"-"}
    stem = infinitive.removesuffix("ना")
    subjects = frozenset(row[8].split())
    return Verb(row[0], forms, particle, stem, light, light_gender, flags, row[6], objects, subjects)


def _adjective(row: list[str]) -> Adjective:
    found, _, gender = row[4].partition("/") if len(row) > 4 else ("", "", "")
    return Adjective(row[0], row[1], frozenset(row[2].split()), row[3].strip("-~"), row[3] != "-", found, gender)


def _reason(row: list[str], words: Lexicon) -> Reason:
    """A row of because.tsv with its words looked up."""
    verb_name, kinds, sign, of_object, of_subject = row
    if shared := set(of_object.split()) & set(of_subject.split()):
        raise ValueError(f"because.tsv: {verb_name}: {sorted(shared)} leave 'it' in doubt")
    objects = words.of_kinds(*kinds.split())
    verb = words.verb(verb_name)
    named = [adjective for adjective in words.adjectives if adjective.english in of_object.split()]
    pairs = [(noun, adjective) for noun in objects for adjective in named if adjective.suits(noun)]
    states = [
        adjective
        for adjective in words.adjectives
        if adjective.english in of_subject.split() and adjective.kinds & {"person", "animal"}
    ]
    return Reason(verb, sign == "+", pairs, states, objects)


@cache
def as_woman(noun: Noun) -> Noun:
    """The noun as it is said of a woman: अध्यापिका; डॉक्टर as a feminine, the same for many."""
    if noun.gender == "f":
        return noun
    forms = hindi.noun_forms(noun.woman, "f") if noun.woman else noun.hindi
    return replace(noun, hindi=forms, gender="f")


@cache
def load_lexicon() -> Lexicon:
    """Read the tables."""
    nouns = [_noun(row) for row in read_rows("nouns.tsv")]
    adjectives = [_adjective(row) for row in read_rows("adjectives.tsv")]
    verbs = [_verb(row) for row in read_rows("verbs.tsv")]
    names = [Name(row[0], row[1], row[2].lower(), row[2].isupper()) for row in read_rows("names.tsv")]
    people = [Name(row[0], row[1], row[2], False) for row in read_rows("people.tsv")]
    words = Lexicon(nouns, adjectives, verbs, names, people)
    words.reasons.extend(_reason(row, words) for row in read_rows("because.tsv"))
    return words
