"""The normalisation of text before it is tokenized: which characters are replaced by which.

The replacements are a table that SentencePiece stores in the tokenizer's file and applies whenever it encodes. So
training and translation cannot differ, other programs that read the file do the same, and the spans of tokens still
point into the user's text. Decoding normalises nothing.
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import chain
from typing import Literal

import sentencepiece

Normalization = Literal["standard", "casefold", "none"]
Rules = Mapping[str, str]  # what is replaced: by what

VERSION = 2  # of the rules: tokenizers that are kept in the cache are found by it
APOSTROPHES = "\u2018\u2019\u201a\u201b\u02bc\u00b4\u2032"
QUOTES = "\u201c\u201d\u201e\u201f\u2033"
DASHES = "\u2010\u2011\u2012\u2013\u2212"  # hyphens, figure and en dash, minus
LONG_DASHES = "\u2014\u2015"
SPACES = "\t\v\f\r\n\x85\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
LONGEST_RUN = 32  # of spaces; a longer one is read as several
INVISIBLE = "\u00ad\u200b\u2060\ufeff"  # soft hyphen, zero-width space, word joiner, byte order mark
DIRECTION_MARKS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
JOINERS = "\u200c\u200d"
HANGUL = range(0xAC00, 0xD7A4)  # syllables, composed by rule
INDIC = range(0x0900, 0x0D80)  # Devanagari to Malayalam
FULL_WIDTH = range(0xFF01, 0xFF5F)  # ASCII's printable characters, as wide as a Chinese character
# Chillus, Malayalam's letters without a vowel, were once written as letter, virama, joiner (Unicode 15, 12.9).
CHILLUS = dict(zip("\u0d23\u0d28\u0d30\u0d32\u0d33\u0d15", "\u0d7a\u0d7b\u0d7c\u0d7d\u0d7e\u0d7f", strict=True))


@cache
def target_rules() -> Rules:
    """Replacements that are safe to write back: NFC, one kind of space, no invisible characters that do nothing."""
    return dict(_compositions()) | dict.fromkeys(SPACES, " ") | dict.fromkeys(INVISIBLE, "")


@cache
def source_rules() -> Rules:
    """The target's rules, and those that make a text easier to read but are not to be written.

    They are for quotes, apostrophes, dashes, ellipses, full-width forms, several spaces in a row, direction marks, and
    joiners in Indic text, where they change how a cluster is drawn but not the word. Elsewhere (Persian, emoji) joiners
    stay.
    """
    rules = dict(target_rules())
    rules |= {one + other: " " for one in " " + SPACES for other in " " + SPACES}
    rules |= {" " * count: " " for count in range(3, LONGEST_RUN + 1)}
    rules |= {chr(code): chr(code - 0xFEE0) for code in FULL_WIDTH}
    rules |= dict.fromkeys(APOSTROPHES, "'") | dict.fromkeys(QUOTES, '"') | dict.fromkeys(DASHES, "-")
    rules |= {before + dash + after: " - " for dash in LONG_DASHES for before in ("", " ") for after in ("", " ")}
    rules |= {"\u2026": "...", "\u22ef": "..."} | dict.fromkeys(DIRECTION_MARKS, "")
    return rules | _without_joiners(rules)


@cache
def casefold_rules() -> Rules:
    """The source's rules, with upper and lower case read as one (Unicode's full case folding, Unicode 15, 3.13)."""
    characters = {character: character for character in map(chr, range(0x110000))}
    folded = {key: value.casefold() for key, value in (characters | dict(source_rules())).items()}
    return {key: value for key, value in folded.items() if value != key}


RULES: dict[str, Callable[[], Rules]] = {
    "source": source_rules,
    "casefold": casefold_rules,
    "target": target_rules,
}


def name_of_rules(rules: Rules) -> str:
    """What to call a tokenizer's rules: one of ours, none, or how many others."""
    known: dict[str, Rules] = {"none": {}} | {f"standard {VERSION}, {name}": of() for name, of in RULES.items()}
    return next((name for name, ours in known.items() if ours == rules), f"{len(rules):,} rules of its own")


@cache
def normalizer(rules_name: Literal["source", "casefold", "target"]) -> sentencepiece.SentencePieceNormalizer:
    """SentencePiece's normaliser of one of RULES."""
    sentencepiece.set_min_log_level(2)  # it tells of each table it builds
    return sentencepiece.SentencePieceNormalizer(
        norm_map=list(RULES[rules_name]().items()),
        add_dummy_prefix=False,
        escape_whitespaces=False,
        remove_extra_whitespaces=False,
    )


def normalizers(normalization: Normalization) -> tuple[sentencepiece.SentencePieceNormalizer, ...]:
    """The normaliser of the source and that of the target; none at all for "none"."""
    if normalization == "none":
        return ()
    return normalizer("casefold" if normalization == "casefold" else "source"), normalizer("target")


def _compositions() -> Iterator[tuple[str, str]]:
    """What NFC changes: characters that it replaces, and sequences of up to three that it composes.

    Marks in another than the canonical order are beyond a table; they stay as they are.
    """
    decomposable = (c for c in map(chr, range(0x110000)) if unicodedata.decomposition(c)[:1] not in ("", "<"))
    for character in chain(decomposable, map(chr, HANGUL)):
        composed, parts = unicodedata.normalize("NFC", character), unicodedata.normalize("NFD", character)
        spellings = {character, parts, unicodedata.normalize("NFC", parts[:2]) + parts[2:]}
        yield from ((spelling, composed) for spelling in spellings if spelling != composed)


def _without_joiners(rules: Rules) -> dict[str, str]:
    """Rules for a joiner after any Indic character or sequence: it goes, and what `rules` say of the rest is done."""
    bases = {chr(code) for code in INDIC} | {key for key in rules if key and ord(key[-1]) in INDIC}
    chillus = {f"{letter}\u0d4d\u200d": chillu for letter, chillu in CHILLUS.items()}
    return {base + joiner: rules.get(base, base) for base in bases for joiner in JOINERS} | chillus
