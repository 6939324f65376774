"""Hindi inflection: nouns by gender and ending, adjectives, and verbs by tense and agreement."""

from typing import NamedTuple


class NounForms(NamedTuple):
    """The four forms of a noun (direct and oblique, singular and plural)."""

    direct: str
    plural: str
    oblique: str
    oblique_plural: str


class Agreement(NamedTuple):
    """What a verb or an adjective agrees with: person 1, 2 (तुम) or 3, plural or not, gender."""

    person: int
    plural: bool
    gender: str


DEFAULT = Agreement(3, False, "m")  # with no noun to agree with: masculine singular


def noun_forms(word: str, gender: str, given: str | None = None) -> NounForms:
    """Forms by ending, unless given as "plural,oblique,oblique plural"."""
    if given:
        plural, oblique, oblique_plural = given.split(",")
        return NounForms(word, plural, oblique, oblique_plural)
    if gender == "m":
        if word.endswith("ा"):
            return NounForms(word, word[:-1] + "े", word[:-1] + "े", word[:-1] + "ों")
        return NounForms(word, word, word, _oblique_plural(word))
    if word.endswith("िया"):
        return NounForms(word, word + "ँ", word, word[:-1] + "ों")
    if word.endswith("ि"):
        return NounForms(word, word + "याँ", word, _oblique_plural(word))
    if word.endswith(("ी", "ई")):
        short = "ि" if word.endswith("ी") else "इ"
        return NounForms(word, word[:-1] + short + "याँ", word, _oblique_plural(word))
    tail = "एँ" if word.endswith(("ा", "ु", "ू")) else "ें"
    return NounForms(word, word + tail, word, _oblique_plural(word))


def _oblique_plural(word: str) -> str:
    if word.endswith(("ी", "ई")):
        return word[:-1] + ("ि" if word.endswith("ी") else "इ") + "यों"
    if word.endswith("ि"):
        return word + "यों"
    if word.endswith("ू"):
        return word[:-1] + "ुओं"
    return word + ("ओं" if word.endswith(("ा", "ु", "े", "ो")) else "ों")


def adjective(word: str, gender: str, plural_or_oblique: bool) -> str:
    """Agreeing form: बड़ा, बड़े, बड़ी; each word of थका हुआ inflects; "!" marks an invariable one."""
    if word.endswith("!"):
        return word[:-1]
    return " ".join(_agreeing(part, gender, plural_or_oblique) for part in word.split())


def _agreeing(word: str, gender: str, many: bool) -> str:
    if word[-1] not in "ाआ" or (gender == "m" and not many):
        return word
    if word == "हुआ":
        return "हुई" if gender == "f" else "हुए"
    if word.endswith("या"):  # नया, घबराया
        return word[:-2] + ("ई" if gender == "f" else "ए")
    return word[:-1] + ("ी" if gender == "f" else "े")


def _ending(agreement: Agreement) -> str:
    if agreement.gender == "f":
        return "ी"
    return "े" if agreement.plural else "ा"


def is_(agreement: Agreement) -> str:
    """Present of होना: हूँ, हो, है, हैं."""
    if agreement.person == 2:
        return "हो"
    if agreement.plural:
        return "हैं"
    return "हूँ" if agreement.person == 1 else "है"


def was(agreement: Agreement) -> str:
    """Past of होना: था, थे, थी, थीं."""
    if agreement.gender == "f":
        return "थीं" if agreement.plural else "थी"
    return "थे" if agreement.plural else "था"


def participle(stem: str, agreement: Agreement, alone: bool = False) -> str:
    """Imperfective: जाता, जाते, जाती, and with no है after it जातीं."""
    return stem + "त" + _ending(agreement) + ("ं" if alone and agreement.plural and agreement.gender == "f" else "")


IRREGULAR_PERFECTIVES = {
    "कर": ("किया", "किए", "की"),
    "दे": ("दिया", "दिए", "दी"),
    "ले": ("लिया", "लिए", "ली"),
    "पी": ("पिया", "पिए", "पी"),
    "जा": ("गया", "गए", "गई"),
    "हो": ("हुआ", "हुए", "हुई"),
    "छू": ("छुआ", "छुए", "छुई"),
}


def perfective(stem: str, agreement: Agreement, alone: bool = True) -> str:
    """Perfective: गया, गए, गई, and with no है after it गईं."""
    if stem in IRREGULAR_PERFECTIVES:
        forms = IRREGULAR_PERFECTIVES[stem]
    elif stem[-1] in "ाआो":
        forms = (stem + "या", stem + "ए", stem + "ई")
    else:
        forms = (stem + "ा", stem + "े", stem + "ी")
    if agreement.gender == "f":
        return forms[2] + ("ं" if alone and agreement.plural else "")
    return forms[1] if agreement.plural else forms[0]


FUTURE_STEMS = {"दे": "द", "ले": "ल", "पी": "पि", "छू": "छु"}
FUTURE_AFTER_CONSONANT = {"I": "ूँ", "it": "े", "you": "ो", "they": "ें"}
FUTURE_AFTER_VOWEL = {"I": "ऊँ", "it": "ए", "you": "ओ", "they": "एँ"}


def future(stem: str, agreement: Agreement) -> str:
    """Future: जाऊँगा, करेगी, देंगे."""
    if stem == "हो":
        short = {1: "हूँ", 2: "हो", 3: "हो"}[agreement.person]
        if agreement.plural and agreement.person != 2:
            short = "हों"
        return short + "ग" + _ending(agreement)
    stem = FUTURE_STEMS.get(stem, stem)
    if agreement.person == 2:
        who = "you"
    elif agreement.plural:
        who = "they"
    else:
        who = "I" if agreement.person == 1 else "it"
    table = FUTURE_AFTER_VOWEL if stem[-1] in "ाआिुो" else FUTURE_AFTER_CONSONANT
    return stem + table[who] + "ग" + _ending(agreement)


def subjunctive(stem: str, agreement: Agreement) -> str:
    """Subjunctive, the future without गा: हम खेलें, मैं जाऊँ."""
    return future(stem, agreement)[:-2]


IMPERATIVES = {
    "कर": ("करो", "कीजिए"),
    "दे": ("दो", "दीजिए"),
    "ले": ("लो", "लीजिए"),
    "पी": ("पियो", "पीजिए"),
    "छू": ("छुओ", "छुइए"),
}


def imperative(stem: str, polite: bool) -> str:
    """Imperative to तुम (करो) or, polite, to आप (कीजिए)."""
    if stem in IMPERATIVES:
        return IMPERATIVES[stem][polite]
    vowel = stem[-1] in "ाआो"
    if polite:
        return stem + ("इए" if vowel else "िए")
    return stem + ("ओ" if vowel else "ो")


def infinitive(stem: str, agreement: Agreement = DEFAULT) -> str:
    """Infinitive, agreeing with the object where a sentence asks for it: पढ़ना, पढ़नी, पढ़ने."""
    return stem + "न" + _ending(agreement)


def _ongoing(stem: str, agreement: Agreement, aspect: str) -> list[str]:
    """What goes before है for an act in progress. Of some verbs Hindi sees the state, English the action."""
    if aspect == "posture":  # बैठा है
        return [perfective(stem, agreement, alone=False)]
    if aspect == "staying":  # रुका हुआ है
        return [perfective(stem, agreement, alone=False), adjective("हुआ", agreement.gender, agreement.plural)]
    if aspect == "holding":  # पहने हुए है
        return [perfective(stem, Agreement(3, True, "m")), "हुए"]
    return [stem, "रह" + _ending(agreement)]


def verb(stem: str, tense: str, agreement: Agreement, aspect: str = "") -> list[str]:
    """The words of a finite verb in a statement; see `negative` for where नहीं goes."""
    if tense in ("progressive", "was-ing"):
        aux = is_(agreement) if tense == "progressive" else was(agreement)
        return [*_ongoing(stem, agreement, aspect), aux]
    if tense == "going":
        return [stem + "ने", "वाल" + _ending(agreement), is_(agreement)]
    if tense == "present":
        return [participle(stem, agreement), is_(agreement)]
    if tense == "used":
        return [participle(stem, agreement), was(agreement)]
    if tense == "past":
        return [perfective(stem, agreement)]
    if tense == "perfect":
        return [perfective(stem, agreement, alone=False), is_(agreement)]
    if tense == "future":
        return [future(stem, agreement)]
    helper = {"can": "सक", "want": "चाह"}[tense]
    first = stem if tense == "can" else infinitive(stem)
    return [first, participle(helper, agreement), is_(agreement)]


def negative(stem: str, tense: str, agreement: Agreement, aspect: str = "") -> list[str]:
    """A finite verb with नहीं: नहीं खाया, खाने वाला नहीं है; a habit drops है: नहीं खाता, खाना नहीं चाहता."""
    words = verb(stem, tense, agreement, aspect)
    if tense in ("present", "can", "want"):
        acting = {"present": stem, "can": "सक", "want": "चाह"}[tense]
        words = [*words[:-2], participle(acting, agreement, alone=True)]
    before = {"want": 1, "going": 2}.get(tense, 0)
    return [*words[:before], "नहीं", *words[before:]]
