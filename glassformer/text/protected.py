"""What a text holds that no translation may change: addresses, placeholders, tags and emoji."""

import re
from collections.abc import Sequence
from typing import NamedTuple

# Repetitions are bounded, or end where the next match may begin: the time is linear.
URL = r"(?<![A-Za-z0-9])(?:(?:https?|ftp)://|www\.)[^\s<>\"“”«»，。、]{1,2000}"
EMAIL = r"(?<![\w.+%-])[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
# {0} {name} {{ name }} ${name} {:.2f} %(name)s %1$s %d ｟1｠; not the per cent of "50%d"
BRACES = r"\$?\{\{[^{}\n]{0,64}\}\}|\$?\{[\w.\[\]]{0,64}(?:[:!][^{}\s]{0,20})?\}|｟[^｟｠\s]{1,64}｠"
PERCENT = r"(?<![\w%])%(?:\(\w{1,64}\)|\d{1,2}\$)?[-+#0]?\d{0,3}(?:\.\d{1,3})?[sdifgexXcr@](?!\w)"
TAG = r"""</?[A-Za-z][^\s<>/"']*+(?:[^<>"']|"[^"<]*+"|'[^'<]*+')*+>"""
PICTURE = "[\u231a-\u23ff\u25aa-\u25fe\u2600-\u27bf\u2b05-\u2b55\U0001f000-\U0001f1e5\U0001f200-\U0001faff]"
EMOJI = (
    rf"(?:[0-9#*]\ufe0f?\u20e3|[\U0001f1e6-\U0001f1ff]{{2}}|[\u00a9\u00ae\u203c-\u21ff\u3030\u303d\u3297\u3299]\ufe0f|"
    rf"{PICTURE}\ufe0f?[\U0001f3fb-\U0001f3ff]?(?:\u200d{PICTURE}\ufe0f?[\U0001f3fb-\U0001f3ff]?)*)"
)
# Compiled when a text is first searched: most plain text need not be.
PROTECTED = rf"(?P<word>{URL}|{EMAIL}|{BRACES}|{PERCENT})|(?P<mark>{TAG}|{EMOJI}(?:\s?{EMOJI})*)"
SIGNS = "://", "www.", "@", "{", "%", "<"  # of which plain text in ASCII must have one to have any of these
BRACKETS = {")": "(", "]": "[", "}": "{"}
ENDINGS = re.compile(r"(?:[.,;:!?*_…'’]|['’]s)$")  # of the sentence around an address rather than of the address


class Span(NamedTuple):
    """Characters [start, end) of a text that are to be copied.

    `is_word`: whether they stand for a word of the sentence, as an address does; an emoji or a tag stands between
    words. `becomes`: what they are to be in the translation; empty: what they are.
    """

    start: int
    end: int
    is_word: bool = True
    becomes: str = ""


def find_protected(text: str, words: Sequence[Span] = ()) -> list[Span]:
    """The spans of `text` to copy, in order, none over another; `words` are further ones, not to be translated."""
    if text.isascii() and not any(sign in text for sign in SIGNS):
        return without_overlap(words)
    found = [
        Span(match.start(), match.start() + _length(match), match.lastgroup == "word")
        for match in re.finditer(PROTECTED, text)
    ]
    return without_overlap([*found, *words])


def without_overlap(spans: Sequence[Span]) -> list[Span]:
    """The spans in order; of two that overlap the first stays, of two that begin together the longer."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def _length(match: re.Match[str]) -> int:
    """How long the match is without the punctuation that ends the sentence around an address."""
    found = match[0]
    if not re.match(r"https?:|ftp:|www\.", found):
        return len(found)
    while (ending := ENDINGS.search(found)) or found.count(found[-1]) > found.count(BRACKETS.get(found[-1], found[-1])):
        found = found[: ending.start() if ending else -1]
    return len(found)
