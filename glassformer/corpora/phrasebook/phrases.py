"""Noun phrases: determiner, adjective and noun, or a pronoun, in every case that Hindi needs."""

import re
from dataclasses import dataclass, field
from functools import cache

from . import english, hindi
from .hindi import Agreement
from .lexicon import Adjective, Name, Noun
from .units import Unit, mark, unit

# Owner: (English, Hindi stem of the possessive).  "own" is अपना, whoever the subject is.
OWNERS = {
    "my": "मेरा",
    "our": "हमारा",
    "your": "तुम्हारा",
    "his": "उसका",
    "her": "उसका",
    "its": "उसका",
    "their": "उनका",
}
# Determiner: (direct, oblique) in the singular and in the plural.
POINTERS = {
    "this": ("यह", "इस"),
    "that": ("वह", "उस"),
    "these": ("ये", "इन"),
    "those": ("वे", "उन"),
}
SUBJECT = "subject"  # in place of a preposition: no preposition, and nominative English
FIXED = {"a": "एक", "an": "एक", "some": "कुछ", "many": "कई", "every": "हर", "all": "सब"}
NUMBERS = {
    "one": "एक",
    "two": "दो",
    "three": "तीन",
    "four": "चार",
    "five": "पाँच",
    "six": "छह",
    "seven": "सात",
    "eight": "आठ",
    "nine": "नौ",
    "ten": "दस",
    "eleven": "ग्यारह",
    "twelve": "बारह",
    "fifteen": "पंद्रह",
    "twenty": "बीस",
}


@dataclass(eq=False)
class Phrase:
    """A noun phrase; texts carry marks (see units).

    `person` is what the English verb agrees with ("I", "it", "they"), `agreement` what the Hindi
    verb does; `owner` is the possessive that refers back to it as a subject (अपना in Hindi).
    """

    english: str
    direct: str
    oblique: str
    person: str
    agreement: Agreement
    owner: str
    key: str
    living: bool
    noun: Noun | None = None
    cases: dict[str, str] = field(default_factory=dict)  # a pronoun's fused forms: ने is मैंने
    objective: str = ""  # "me" of "I"
    _units: dict[tuple[str, str], Unit] = field(default_factory=dict)

    @property
    def subject(self) -> Unit:
        """The phrase as a subject without ने."""
        return self.case("")

    def experiencer(self, post: str) -> Unit:
        """An English subject that Hindi puts before को or के पास ("they have", उनके पास)."""
        return self.case(post, SUBJECT)

    @property
    def referent(self) -> str:
        """Whom or what it is: nobody gives "us" what "I" give."""
        return "I" if self.key == "we" else self.key

    @property
    def described(self) -> bool:
        """Whether it has an adjective."""
        return ":a" in self.english

    @property
    def of_someone(self) -> bool:
        """Whether an owner is named: "Ravi's book"."""
        return "'s:" in self.english

    @property
    def several(self) -> bool:
        """Whether it is two phrases with "and"."""
        return " and:" in self.english

    @property
    def place(self) -> str:
        """The postposition of a place: सड़क पर, स्टेशन पर, but गाँव में."""
        return "पर" if self.noun and self.noun.kinds & {"at", "street", "surface", "seat"} else "में"

    def case(self, post: str, prep: str = "") -> Unit:
        """The phrase before the postposition `post`, after the English preposition `prep`."""
        found = self._units.get((post, prep))
        if found is None:
            found = self._units[post, prep] = self._make(post, prep)
        return found

    def _make(self, post: str, prep: str) -> Unit:
        nominative = post in ("", "ने") or prep == SUBJECT
        source = self.english if nominative else self.objective or self.english
        prep = "" if prep == SUBJECT else prep
        letter = ("n" if post in self.cases else "p") if prep else ""  # a pronoun fuses with it
        source = f"{mark(prep, letter)} {source}" if prep else source
        if post in self.cases:
            return unit(source, self.cases[post])
        if not post:
            return unit(source, self.direct)
        if post == "bare":
            return unit(source, self.oblique)
        return unit(source, f"{self.oblique} {mark(post, letter) if letter else post}")

    def genitive(self, owned: Agreement, oblique: bool = False) -> str:
        """The phrase with का, की or के (or मेरा, मेरी, मेरे) before what it owns, with marks."""
        many = owned.plural or oblique
        if "का" in self.cases:
            return mark(hindi.adjective(self.cases["का"], owned.gender, many), "n")
        return f"{self.oblique} {hindi.adjective('का', owned.gender, many)}:n"


def _pronoun(words: tuple[str, str], direct: str, base: str, forms: str, agreement: Agreement, person: str) -> Phrase:
    """A pronoun from its fused forms: "ने को का" in that order, and its base before से and पर."""
    ergative, dative, genitive = forms.split()
    cases = {"ने": ergative, "को": dative}
    marked = {post: f"{form}:n" for post, form in cases.items()}
    marked |= {post: f"{base}{post}:n" for post in ("से", "पर", "में")}
    marked["के साथ"] = f"{genitive[:-1]}े:n साथ:n"
    marked["के पास"] = f"{genitive[:-1]}े:n पास:n"
    marked["के बारे में"] = f"{genitive[:-1]}े:n बारे:n में:n"
    marked["के लिए"] = f"{genitive[:-1]}े:n लिए:n"
    marked["का"] = genitive
    owner = {"I": "my", "we": "our", "you": "your", "they": "their", "he": "his", "she": "her"}
    return Phrase(
        english=f"{words[0]}:n",
        direct=f"{direct}:n",
        oblique=f"{base}:n",
        person=person,
        agreement=agreement,
        owner=owner.get(words[0], "its"),
        key=words[0],
        living=True,
        cases=marked,
        objective=f"{words[1]}:n",
    )


# The speaker is a man, "you" is तुम, and "we" and "they" are masculine: so that each English
# sentence has one translation.
PRONOUNS = {
    "I": _pronoun(("I", "me"), "मैं", "मुझ", "मैंने मुझे मेरा", Agreement(1, False, "m"), "I"),
    "we": _pronoun(("we", "us"), "हम", "हम", "हमने हमें हमारा", Agreement(1, True, "m"), "they"),
    "you": _pronoun(("you", "you"), "तुम", "तुम", "तुमने तुम्हें तुम्हारा", Agreement(2, True, "m"), "they"),
    "he": _pronoun(("he", "him"), "वह", "उस", "उसने उसे उसका", Agreement(3, False, "m"), "it"),
    "she": _pronoun(("she", "her"), "वह", "उस", "उसने उसे उसका", Agreement(3, False, "f"), "it"),
    "they": _pronoun(("they", "them"), "वे", "उन", "उन्होंने उन्हें उनका", Agreement(3, True, "m"), "they"),
    # "it" that stands for nothing said before is यह; that of a because-clause is made there
    "it": _pronoun(("it", "it"), "यह", "इस", "इसने इसे इसका", Agreement(3, False, "m"), "it"),
}


def honoured_you(gender: str) -> Phrase:
    """The "you" said to someone addressed as Sir or Madam: आप."""
    return _pronoun(("you", "you"), "आप", "आप", "आपने आपको आपका", Agreement(3, True, gender), "they")


@cache
def named(name: Name) -> Phrase:
    """A person's name, which does not inflect."""
    owner = "his" if name.gender == "m" else "her"
    return Phrase(
        english=mark(name.english, "n"),
        direct=mark(name.hindi, "n"),
        oblique=mark(name.hindi, "n"),
        person="it",
        agreement=Agreement(3, name.honoured, name.gender),
        owner=owner,
        key=name.english,
        living=True,
    )


def _determiner(word: str, own: bool, gender: str, plural: bool, mass: bool) -> tuple[str, str]:
    """A determiner's direct and oblique Hindi ("" for "the")."""
    if word in OWNERS:
        stem = "अपना" if own else OWNERS[word]
        direct = hindi.adjective(stem, gender, plural)
        return direct, hindi.adjective(stem, gender, True)
    if word in POINTERS:
        return POINTERS[word]
    if word == "some" and mass:
        some = hindi.adjective("थोड़ा", gender, False)
        return some, hindi.adjective("थोड़ा", gender, True)
    fixed = FIXED.get(word) or NUMBERS.get(word, "")
    return fixed, fixed


@cache
def nominal(
    noun: Noun,
    determiner: str = "the",
    plural: bool = False,
    adjective: Adjective | None = None,
    own: bool = False,
) -> Phrase:
    """A noun with its determiner ("a" becomes "an" where it must) and perhaps an adjective.

    `own` turns a possessive that refers back to the subject into अपना.
    """
    gender = noun.gender
    honoured = "elder" in noun.kinds
    direct_d, oblique_d = _determiner(determiner, own, gender, plural or honoured, "mass" in noun.kinds)
    source, direct, oblique = [], [], []
    head = noun.plural if plural else noun.english
    if determiner:
        first = adjective.english if adjective else head
        word = english.article(first) if determiner == "a" else determiner
        source.append(word + ":d")
        direct.append(mark(direct_d, "d"))
        oblique.append(mark(oblique_d, "d"))
    if adjective:
        source.append(mark(adjective.english, "a"))
        direct.append(mark(hindi.adjective(adjective.hindi, gender, plural), "a"))
        oblique.append(mark(hindi.adjective(adjective.hindi, gender, True), "a"))
    forms = noun.hindi
    source.append(mark(head, "n"))
    direct.append(mark(forms.plural if plural else forms.direct, "n"))
    oblique.append(mark(forms.oblique_plural if plural else forms.oblique, "n"))
    human = bool(noun.kinds & {"person", "elder", "infant"})
    singular_owner = ("his" if gender == "m" else "her") if human else "its"
    return Phrase(
        english=" ".join(source),
        direct=" ".join(filter(None, direct)),
        oblique=" ".join(filter(None, oblique)),
        person="they" if plural else "it",
        agreement=Agreement(3, plural or honoured, gender),
        owner="their" if plural else singular_owner,
        key=noun.english,
        living=noun.living,
        noun=noun,
    )


@cache
def belonging(owner: Phrase, noun: Noun, plural: bool = False) -> Phrase:
    """A noun that belongs to a named owner: "Ravi's book", रवि की किताब."""
    agreement = Agreement(3, plural, noun.gender)
    forms = noun.hindi
    words = owner.english.split()
    last, _, letter = words[-1].partition(":")
    source = " ".join([*words[:-1], f"{last}'s:{letter}"])
    head = mark(noun.plural if plural else noun.english, "h")
    direct = mark(forms.plural if plural else forms.direct, "h")
    oblique = mark(forms.oblique_plural if plural else forms.oblique, "h")
    return Phrase(
        english=f"{source} {head}",
        direct=f"{owner.genitive(agreement)} {direct}",
        oblique=f"{owner.genitive(agreement, True)} {oblique}",
        person="they" if plural else "it",
        agreement=agreement,
        owner="their" if plural else "its",
        key=f"{owner.key} {noun.english}",
        living=noun.living,
        noun=noun,
    )


@cache
def paired(first: Phrase, second: Phrase) -> Phrase:
    """Two phrases with "and". Hindi agrees with two people in the masculine unless both are feminine, and with
    the nearer of two things."""
    one, two = first.agreement, second.agreement
    gender = "f" if one.gender == two.gender == "f" else "m"
    agreement = Agreement(3, True, gender) if first.living else two
    other, far, far_oblique = (_remarked(side) for side in (second.english, second.direct, second.oblique))
    return Phrase(
        english=f"{first.english} and:c {other}",
        direct=f"{first.direct} और:c {far}",
        oblique=f"{first.oblique} और:c {far_oblique}",
        person="they",
        agreement=agreement,
        owner="their",
        key=f"{first.key} {second.key}",
        living=first.living,
    )


def _remarked(words: str) -> str:
    """The words with marks of their own."""
    return re.sub(r":([a-z])", r":\g<1>2", words)
