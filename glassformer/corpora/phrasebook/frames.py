"""Sentences of every day from the table frames.tsv, whose slots are filled by chance."""

import re
import zlib
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from glassformer.corpora.names import place_names

from . import descriptions, english, hindi, numbers, verbs
from .draw import THIRD, Draw
from .hindi import Agreement
from .lexicon import Adjective, Verb, load_lexicon, read_rows
from .phrases import PRONOUNS, Phrase, named, nominal, paired
from .units import Sentence, Unit, build, mark, unit

_MARK = re.compile(":([a-z])")
_MARKS = re.compile(":[A-Za-z0-9+]+")
TOKEN = re.compile(r"\{([^}:]*)(?::([^}]*))?\}(\S*)|(\S+)")
WORD = re.compile(r"(.+?)(\*\d?)?((?::[A-Za-z][A-Za-z0-9+]*)?)([,]?)$")
CAPITALS = ("I", "I'm", "I'd", "I'll", "Diwali", "Holi", "Christmas")
LONGEST_NAME = 8  # letters of a name that is spelt
HELD_OUT_NAMES = 20
OWNERS = ("my", "our", "your", "his", "her")
# Kinds of noun under a name of their own; those of which a bare singular is said, "tea", must have no plural.
KINDS = {"eatable": ("food",), "edible": ("food", "drink"), "learnt": ("skill",)}
MASS_ONLY = ("edible", "eatable", "learnt", "drink")
# Adjectives said of people; of the first six, "too" as well.
FEELINGS = (
    "tired",
    "hungry",
    "thirsty",
    "happy",
    "sad",
    "angry",
    "sick",
    "ready",
    "scared",
    "nervous",
    "alone",
    "busy",
    "worried",
)
TRAITS = ("kind", "clever", "rich", "honest", "famous", "young", "lazy")
# Perfectives with the stem of the verb.
PERFECTIVES = {"गया": "जा", "आया": "आ", "मिला": "मिल", "उठा": "उठ", "सका": "सक", "सोया": "सो"}
RECIPIENTS = ("I", "I", "we", "he", "she", "they")


class Frame(NamedTuple):
    """A row of frames.tsv: a topic, both sides as tokens, and how the sentence ends."""

    topic: str
    english: str
    hindi: str
    end: str

    @property
    def fixed(self) -> bool:
        """Whether it has no slot, and is one sentence."""
        return "{" not in self.english


class Act(NamedTuple):
    """A verb with what it is done to, if anything."""

    verb: Verb
    thing: Phrase | None


class Word(NamedTuple):
    """What fills a slot that nothing agrees with."""

    english: str
    hindi: str


Filling = Phrase | Act | Word | Adjective


@cache
def load_frames() -> tuple[list[Frame], list[Frame]]:
    """The frames that have slots, and those that have none."""
    rows = [Frame(row[0], row[1], row[2], "".join(row[3:])) for row in read_rows("frames.tsv")]
    return [frame for frame in rows if not frame.fixed], [frame for frame in rows if frame.fixed]


class Token(NamedTuple):
    """A slot with its case and what follows it, a word that bears a star, or words `written` as they always are."""

    slot: str
    case: str
    after: str
    starred: str
    written: str
    filling: str  # the slot that fills it: without a star
    number: str  # of that slot in the frame


class Parsed(NamedTuple):
    """A frame's tokens on both sides, and what its English has."""

    english: list[Token]
    hindi: list[Token]
    slots: list[str]
    words: set[str]
    marked: bool  # whether it marks its words, or they all belong together

    @property
    def tokens(self) -> list[Token]:
        """Those of both sides."""
        return self.english + self.hindi


@cache
def _parse(frame: Frame) -> Parsed:
    """The frame taken apart, once."""
    sides = [[found.groups("") for found in TOKEN.finditer(side)] for side in (frame.english, frame.hindi)]
    marked = any(":" in literal for *_, literal in sides[0])
    slots = list(dict.fromkeys(slot for slot, *_ in sides[0] if slot))
    english, hindi = (
        _run_together([_token(found, marked, side is sides[0], slots) for found in side]) for side in sides
    )
    words = {word.partition(":")[0].lower() for word in frame.english.split()}
    if frame.topic == "ask":
        words.add("you")  # who is asked
    return Parsed(english, hindi, slots, words, marked)


def _token(found: tuple[str, ...], marked: bool, in_english: bool, slots: list[str]) -> Token:
    slot, case, after, word = found
    if slot:
        name = slot.rstrip("*")
        return Token(slot, case, after, "", "", name, str(slots.index(name)))
    starred = word if _parts(word)[1] else ""
    return Token("", "", "", starred, "" if starred else _inflected(word, marked, in_english), "", "")


def _run_together(tokens: list[Token]) -> list[Token]:
    """The tokens with written words that follow each other in one."""
    found: list[Token] = []
    for token in tokens:
        if found and token.written and found[-1].written:
            found[-1] = token._replace(written=f"{found[-1].written} {token.written}")
        else:
            found.append(token)
    return found


@cache
def slot_words() -> dict[str, list[Word]]:
    """The words of each slot that needs no grammar."""
    found: dict[str, list[Word]] = {}
    for slot, source, target in read_rows("slots.tsv"):
        found.setdefault(slot, []).append(Word(source, target))
    found["number"] = [Word(*pair) for pair in numbers.numbers()]
    found["clock"] = [Word(*pair) for pair in numbers.clock()]
    return found


def everyday(draw: Draw) -> Sentence | None:
    """As in "My name is Ravi", "It will rain tomorrow", "How much does the book cost?"."""
    return fill(draw.pick(load_frames()[0]), draw)


def counted(draw: Draw) -> Sentence | None:
    """As in "I am thirty years old", "It costs 20 rupees": a number, of which there are many."""
    return fill(draw.pick(_naming("{number}")), draw)


def tabled(draw: Draw) -> Sentence | None:
    """As in "My birthday is in March", "Where is my radio?": of each table of slots.tsv as many."""
    return fill(draw.pick(_naming(f"{{{draw.pick(_tables())}}}")), draw)


def of_two(draw: Draw) -> Sentence | None:
    """As in "How are your sister and brother?", "Ravi and his mother are tired": two people together."""
    return fill(draw.pick(_naming("{both")), draw)


def of_trades(draw: Draw) -> Sentence | None:
    """As in "My sister wants to be a teacher": what men and women are."""
    return fill(draw.pick(_naming("trade}")), draw)


@cache
def _tables() -> list[str]:
    return [slot for slot in slot_words() if _naming(f"{{{slot}}}")]


@cache
def own_words() -> frozenset[str]:
    """The words of both languages, in lower case, that frames and the tables of their slots say themselves."""
    parsed = [_parse(frame) for frames in load_frames() for frame in frames]
    said = [_parts(token.starred)[0] if token.starred else token.written for one in parsed for token in one.tokens]
    said += [text for words in slot_words().values() for word in words for text in word]
    return frozenset(_MARKS.sub("", text).strip(",").lower() for words in said for text in words.split())


@cache
def frame_keys() -> frozenset[str]:
    """The keys that sentences of frames have."""
    return frozenset(frame.english for frame in load_frames()[0])


@cache
def _naming(part: str) -> list[Frame]:
    """The frames whose English has this."""
    return [frame for frame in load_frames()[0] if part in frame.english]


@cache
def fixed() -> tuple[Sentence, ...]:
    """The sentences without a slot: "Thank you", "How are you?"."""
    return tuple(_written(frame, {}) for frame in load_frames()[1])


def fill(frame: Frame, draw: Draw) -> Sentence | None:
    """The frame with words drawn for its slots; None where they came out twice the same."""
    parsed = _parse(frame)
    fillings: dict[str, Filling] = {}
    for slot in parsed.slots:
        phrases = [filled for filled in fillings.values() if isinstance(filled, Phrase)]
        fillings[slot] = _draw(slot, draw, phrases, parsed.words)
    keys = [filled.referent if isinstance(filled, Phrase) else filled for filled in fillings.values()]
    return _written(frame, fillings) if len(set(keys)) == len(keys) else None


def _draw(slot: str, draw: Draw, before: Sequence[Phrase], literal: set[str]) -> Filling:
    """Something for a slot, after the phrases `before`; `literal` are the words of the frame, which "my" and "your"
    must not clash with.
    """
    subject = before[0] if before else None
    name = slot.rstrip("0123456789")
    first, _, rest = name.partition(" ")
    if first in ("do", "solo", "bare", "act", "refuse", "doing", "command", "prohibit", "lets"):
        doer = PRONOUNS["we"] if first == "lets" else _doer(subject, literal)
        return _act(draw, rest or first, doer)
    if name in ("who", "who3", "she", "whom"):
        return _subject(draw, third=name != "who")
    if name in ("person", "man", "woman"):
        return named(draw.name(honoured=False, gender={"man": "m", "woman": "f"}.get(name, "")))
    if name in ("feeling", "felt"):
        return draw.words.adjective(draw.pick(FEELINGS if name == "feeling" else FEELINGS[:6]))
    if name == "trait":
        return draw.words.adjective(draw.pick(TRAITS))
    if name == "recipient":
        return PRONOUNS[draw.pick(RECIPIENTS)]
    if name in ("rare", "new") or (name == "place" and draw.chance(0.1)):
        return Word(*draw.pick(spelt_names().held_out if name == "new" else spelt_names().trained))
    if name in ("trade", "a trade"):
        return _trade(draw, before[-1] if before else _doer(None, literal), first == "a")
    if name in ("both", "own both"):
        return _both(first, draw, subject, literal)
    if first == "both":
        return draw.two(rest)
    if rest and name not in slot_words():
        return _noun(first, rest, draw, subject, literal)
    return draw.pick(slot_words()[name])


class SpeltNames(NamedTuple):
    """Names of places all over the world, English and Hindi, that no table has: a model learns to spell them."""

    trained: list[tuple[str, str]]
    held_out: list[tuple[str, str]]  # one in HELD_OUT_NAMES, which no training sentence has


@cache
def spelt_names() -> SpeltNames:
    """The names by a hash, less those that a table has or that are words ("Reading"), and long ones, which take more
    learning than they teach."""
    words = load_lexicon()
    known = {word.english for table in slot_words().values() for word in table}
    known |= {name.english for name in (*words.names, *words.people)}
    known |= {word.title() for word in words.english_words()}
    pairs = [pair for pair in place_names("hi") if pair[0] not in known and len(pair[0]) <= LONGEST_NAME]
    held_out = [pair for pair in pairs if zlib.crc32(pair[0].encode()) % HELD_OUT_NAMES == 0]
    return SpeltNames([pair for pair in pairs if pair not in held_out], held_out)


def _subject(draw: Draw, third: bool) -> Phrase:
    """A subject; mostly a pronoun or a name."""
    if third:
        return draw.pick((PRONOUNS["he"], PRONOUNS["she"], PRONOUNS["they"], named(draw.name()), draw.elder()))
    return draw.person() if draw.chance(0.6) else PRONOUNS[draw.pick(("I", "I", "you", "we", "he", "she", "they"))]


def _act(draw: Draw, sort: str, subject: Phrase) -> Act:
    """Something to do; "bare" and "solo" have no object, "bare" no noun inside the verb either."""
    alone = [verb for verb in draw.human_deeds if not (verb.light_gender == "f" or (sort == "bare" and verb.light))]
    if sort in ("solo", "bare") or draw.chance(0.4):
        return Act(draw.pick([verb for verb in alone if verb.name != "go" or sort != "lets"]), None)
    verb = draw.pick(draw.bidden)
    thing = draw.object(verb, subject, definite=True)
    if thing.key == "you" or thing.key == "it":
        thing = draw.thing(draw.kind(*sorted(verb.objects)), None, definite=True) if not thing.living else thing
    return Act(verb, thing)


def _noun(determiner: str, kind: str, draw: Draw, subject: Phrase | None, literal: set[str]) -> Phrase:
    """A noun of a kind with its determiner; "any" is an owner other than the subject, "own" the subject."""
    plural = determiner.endswith("+")
    word = determiner.rstrip("+").replace("-", "")
    nouns = draw.nouns(KINDS.get(kind, (kind,)), kind in MASS_ONLY)
    noun = draw.pick(nouns)
    if word == "own":
        return nominal(noun, _doer(subject, literal).owner, plural, own=True)
    if word == "any":
        taken = {"my"} if "i" in literal else set()
        taken |= {"your"} if "you" in literal else set()
        taken |= {subject.owner} if subject else set()
        taken |= set(THIRD) if taken & set(THIRD) else set()
        word = draw.pick([owner for owner in OWNERS if owner not in taken])
    if "mass" in noun.kinds and word == "a":
        word = "some"
    return nominal(noun, word, plural and "mass" not in noun.kinds)


def _trade(draw: Draw, subject: Phrase, counted: bool) -> Word:
    """What the subject is by trade: अध्यापिका of a woman; with एक if `counted`."""
    noun = draw.pick([noun for noun in draw.nouns(("job",), False) if descriptions.may_be(subject, noun)])
    said, words, _ = descriptions.role(noun, subject)
    return Word(said, f"एक {words}" if counted and said.startswith("a") else words)


def _doer(subject: Phrase | None, literal: set[str]) -> Phrase:
    """Who acts: you or I where the frame says so, or of whom it makes a request; else the subject, or everyone."""
    if literal & {"everyone", "everybody"}:
        return PRONOUNS["they"]
    speaker = "you" if "you" in literal else "I"
    return subject if subject and speaker.lower() not in literal else PRONOUNS[speaker]


def _both(sort: str, draw: Draw, subject: Phrase | None, literal: set[str]) -> Phrase:
    """Two of a family, "my mother and my father", at times without the second "my"; or any two people."""
    if sort == "both" and draw.chance(0.4):
        return draw.couple()
    owner = "own" if sort == "own" else "any"
    first = _noun(owner, draw.pick(("family", "elder")), draw, subject, literal)
    noun = draw.pick([noun for noun in draw.nouns(("family", "elder"), False) if noun is not first.noun])
    word = first.english.partition(":")[0]
    return paired(first, nominal(noun, word if draw.chance(0.6) else "", own=sort == "own"))


def _written(frame: Frame, fillings: dict[str, Filling]) -> Sentence:
    """Both sides written out, as one unit."""
    parsed = _parse(frame)
    phrases = [filled for slot, filled in fillings.items() if isinstance(filled, Phrase) and slot != "recipient"]
    sides = []
    for side, write in ((parsed.english, _english), (parsed.hindi, _hindi)):
        words = []
        for token in side:
            slot, case, after, starred, written, name, number = token
            if written:
                words.append(written)
            elif starred:
                words.append(_agreed(starred, phrases, parsed.marked, write is _english, token is side[-1]))
            else:
                filling = _numbered(write(slot, case, fillings[name], phrases), number)
                words.append(_followed(filling, after, len(case.split())) if after else filling)
        sides.append(" ".join(words))
    return build(frame.topic, frame.english, (unit(*sides),), (0,), frame.end)


@cache
def _numbered(words: str, number: str) -> str:
    """The words of a slot with marks of their own."""
    return _MARK.sub(rf":\g<1>{number}", words)


@cache
def _followed(words: str, after: str, case: int) -> str:
    """The words of a slot with what stands after it: "'s" or a comma, or a mark for its `case` words ("में:c")."""
    if after.startswith(":"):
        parts = words.split()
        start = len(parts) - max(1, case)
        marked = [f"{word}+{after[1:]}" if ":" in word else word + after for word in parts[start:]]
        return " ".join([*parts[:start], *marked])
    head, found, marks = words.rpartition(":")
    return f"{head}{after}:{marks}" if found and " " not in marks else words + after


@cache
def _parts(word: str) -> tuple[str, ...]:
    """A word of a frame: its text, its star, its marks, its comma."""
    found = WORD.match(word)
    assert found is not None
    return found.groups("")


def _agreed(word: str, phrases: Sequence[Phrase], marked: bool, in_english: bool, last: bool) -> str:
    """A word of the frame that bears a star, in agreement with the phrase that the star names.

    `last`: whether nothing comes after it.
    """
    phrase = phrases[int(_parts(word)[1][1:] or 1) - 1]
    return _inflected(word, marked, in_english, phrase.person if in_english else phrase.agreement, last)


@cache
def _inflected(
    word: str, marked: bool, in_english: bool, agreement: str | Agreement | None = None, last: bool = False
) -> str:
    """The word with its marks, "w" where the frame marks nothing, in agreement with an English person or a Hindi
    agreement, if with any.
    """
    text, _, marks, comma = _parts(word)
    if in_english and text not in CAPITALS:
        text = text[0].lower() + text[1:]  # the sentence gets its capital when it is built
    if isinstance(agreement, str):
        text = english.agreeing(text, agreement)
    elif agreement is not None:
        text = _agreeing(text, agreement, last)
    marks = marks or ("" if marked else ":w")
    *before, end = text.split()
    return " ".join([*(part + marks for part in before), end + comma + marks])


def _agreeing(word: str, agreement: Agreement, last: bool) -> str:
    """A Hindi word in agreement: a copula, a future, a participle, or anything that ends like an adjective."""
    if word == "है":
        return hindi.is_(agreement)
    if word == "था":
        return hindi.was(agreement)
    if word == "होगा" or word.endswith(("एगा", "ेगा")):
        return hindi.future("हो" if word == "होगा" else word[:-3], agreement)
    if word in PERFECTIVES:
        return hindi.perfective(PERFECTIVES[word], agreement, alone=last)
    if word.endswith("ता"):
        return hindi.participle(word.removesuffix("ता"), agreement, alone=last)
    return hindi.adjective(word, agreement.gender, agreement.plural)


def _english(slot: str, case: str, filled: Filling, phrases: Sequence[Phrase]) -> str:
    """The English of what fills a slot."""
    if isinstance(filled, Phrase):
        return (slot in ("recipient", "whom") and filled.objective) or filled.english
    if isinstance(filled, Adjective):
        return mark(filled.english, "a")
    if isinstance(filled, Word):
        return mark(filled.english, "n")
    verb, thing = filled
    first = slot.partition(" ")[0]
    after = f" {verbs.object_unit(verb, thing).marked[0]}" if thing else ""
    if first in ("act", "refuse"):
        said = _statement(verb, thing, phrases, first == "refuse")
        return said.marked[0] + after
    form = verb.english.ing if first == "doing" else verb.english.base
    return mark(form, "v+V" if first == "doing" else "v") + after


def _hindi(slot: str, case: str, filled: Filling, phrases: Sequence[Phrase]) -> str:
    """The Hindi of what fills a slot, in the case that the frame asks for."""
    if isinstance(filled, Phrase):
        return _in_case(slot, case, filled)
    if isinstance(filled, Adjective):
        agreement = phrases[0].agreement if phrases else hindi.DEFAULT
        return mark(hindi.adjective(filled.hindi, agreement.gender, agreement.plural), "a")
    if isinstance(filled, Word):
        word = filled.hindi
        if slot.endswith("*"):
            word = hindi.adjective(word, phrases[0].agreement.gender, phrases[0].agreement.plural)
        return f"{mark(word, 'n')} {case}".strip()
    verb, thing = filled
    first, _, rest = slot.partition(" ")
    before = f"{verbs.object_unit(verb, thing).marked[1]} " if thing else ""
    if first in ("act", "refuse"):
        return before + _statement(verb, thing, phrases, first == "refuse").marked[1]
    before += f"{mark(verb.light, 'v')} " if verb.light else ""
    if first == "command":
        return before + mark(hindi.imperative(verb.stem, rest == "please"), "v")
    if first == "prohibit":
        return f"{before}मत:N {mark(hindi.imperative(verb.stem, False), 'v')}"
    if first == "lets":
        return before + mark(hindi.subjunctive(verb.stem, Agreement(1, True, "m")), "v")
    return before + mark(verb.stem + case.replace("0", ""), "v+V" if first == "doing" else "v")


def _statement(verb: Verb, thing: Phrase | None, phrases: Sequence[Phrase], refused: bool) -> Unit:
    subject = phrases[0]
    agreed = verbs.agreement(verb, "present", subject, thing)
    return verbs.statement(verb, "present", subject.person, agreed, "n't" if refused else "+")


def _in_case(slot: str, case: str, phrase: Phrase) -> str:
    if slot == "recipient" and not case:
        case = "को"
    if case in ("का", "की", "के"):
        return phrase.genitive(Agreement(3, case == "के", "f" if case == "की" else "m"))
    return phrase.case(case).marked[1] if case else phrase.direct
