"""English inflection: plurals, verb forms, and verbs with their auxiliaries."""

from typing import NamedTuple

VOWELS = "aeiou"


class VerbForms(NamedTuple):
    """The five forms of a verb: cross, crosses, crossed, crossed, crossing."""

    base: str
    third: str
    past: str
    participle: str
    ing: str


def plural(noun: str) -> str:
    """Regular plural: road, roads; bus, buses; city, cities."""
    return _add_s(noun)


def _add_s(word: str) -> str:
    if word.endswith(("s", "x", "z", "ch", "sh")) or word == "go":
        return word + "es"
    if word.endswith("y") and word[-2] not in VOWELS:
        return word[:-1] + "ies"
    return word + "s"


def _add_ed(word: str) -> str:
    if word.endswith("e"):
        return word + "d"
    if word.endswith("y") and word[-2] not in VOWELS:
        return word[:-1] + "ied"
    return word + "ed"


def _add_ing(word: str) -> str:
    if word.endswith("e") and not word.endswith("ee"):
        return word[:-1] + "ing"
    return word + "ing"


def verb_forms(base: str, past: str, participle: str, ing: str) -> VerbForms:
    """All forms of a verb; "-" stands for the regular one. A particle stays behind the verb."""
    head, _, particle = base.partition(" ")
    tail = f" {particle}" if particle else ""
    past = _add_ed(head) + tail if past == "-" else past
    participle = past if participle == "-" else participle
    ing = _add_ing(head) + tail if ing == "-" else ing
    return VerbForms(base, _add_s(head) + tail, past, participle, ing)


# The auxiliary for a subject that is I ("I"), third singular ("it") or any other ("they").
BE = {"I": "am", "it": "is", "they": "are"}
WAS = {"I": "was", "it": "was", "they": "were"}
DO = {"I": "do", "it": "does", "they": "do"}
HAVE = {"I": "have", "it": "has", "they": "have"}
SHORT = {"will": "won't", "can": "can't", "am": ""}
CLITICS = {"am": "'m", "is": "'s", "are": "'re", "will": "'ll", "have": "'ve", "has": "'s"}


def auxiliary(tense: str, person: str) -> str:
    """The auxiliary of a tense as a question or a negative needs it ("did", "is", "will")."""
    table = {"present": DO, "want": DO, "progressive": BE, "going": BE, "was-ing": WAS, "perfect": HAVE}
    fixed = {"past": "did", "future": "will", "can": "can"}
    return fixed[tense] if tense in fixed else table[tense][person]


def rest(verb: VerbForms, tense: str) -> str:
    """What follows the auxiliary: "cross", "crossing", "crossed" or "want to cross"."""
    if tense in ("progressive", "was-ing"):
        return verb.ing
    if tense == "perfect":
        return verb.participle
    before = {"want": "want to ", "going": "going to "}.get(tense, "")
    return before + verb.base


def affirmative(verb: VerbForms, tense: str, person: str) -> str:
    """The whole verb of a positive statement."""
    if tense == "present":
        return verb.third if person == "it" else verb.base
    if tense == "want":
        return ("wants to " if person == "it" else "want to ") + verb.base
    if tense == "past":
        return verb.past
    if tense == "used":
        return f"used to {verb.base}"
    return f"{auxiliary(tense, person)} {rest(verb, tense)}"


def clitic(word: str) -> str:
    """An auxiliary as it is written onto a pronoun, marks kept: "am" is "'m"."""
    head, mark, rest = word.partition(":")
    return CLITICS[head] + mark + rest if head in CLITICS else word


def negated(word: str, contracted: bool) -> str:
    """An auxiliary with "not": "did not", "didn't", "cannot"."""
    if contracted and SHORT.get(word, word) != "":
        return SHORT.get(word, word + "n't")
    return "cannot" if word == "can" else f"{word} not"


SOUNDED_YOU = ("uni", "use", "usu", "eu", "one")  # words in a vowel letter that begin with the sound of y or w
SILENT_H = ("hour", "honest", "honour", "heir")


AGREEING = {"is": BE, "was": WAS, "have": HAVE, "does": DO}
REFUSING = {"isn't": {"I": "am not", "it": "isn't", "they": "aren't"}, "doesn't": {"I": "don't", "they": "don't"}}


def agreeing(word: str, person: str) -> str:
    """A word in agreement with a subject: "is" and "am", "doesn't" and "don't", "live" and "lives"."""
    table = {**AGREEING, **REFUSING}.get(word.lower())
    if table is None:
        return _add_s(word) if person == "it" else word
    found = table.get(person, word.lower())
    return found.capitalize() if word[0].isupper() else found


def article(word: str) -> str:
    """As in "a" or "an", by the sound: an umbrella, a university, an hour."""
    word = word.lower()
    if word.startswith(SILENT_H):
        return "an"
    return "an" if word[0] in VOWELS and not word.startswith(SOUNDED_YOU) else "a"
