"""How a sentence is written: letter case, final punctuation and apostrophe, as people type them."""

import random
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from .units import Sentence

APOSTROPHE = "\u2019"  # the typographic one, which phones type
HINDI_STOPS = {"": "", ".": "\u0964", "!": "!", "?": "?"}
# Letter case, and what a statement and a question end in, with how often of a hundred.
CASES = {"as it is": 80, "lower": 12, "upper": 8}
STOPS = {"": 50, ".": 40, "!": 10}
ASKING = {"?": 85, "": 15}
TYPOGRAPHIC = 0.4  # of the apostrophes


class Style(NamedTuple):
    """One way to write a sentence: `case` is of CASES, `stop` of STOPS or, for a question, ASKING."""

    case: str = "as it is"
    stop: str = ""
    typographic: bool = False


def written(sentence: Sentence, style: Style) -> Sentence:
    """The sentence in that style; the Hindi ends in a stop where the English does ("." is "।")."""
    source = sentence.source.removesuffix("?") + style.stop
    target = sentence.target.removesuffix("?") + HINDI_STOPS[style.stop]
    if style.case != "as it is":
        source = source.lower() if style.case == "lower" else source.upper()
    if style.typographic:
        source = source.replace("'", APOSTROPHE)
    return sentence._replace(source=source, target=target)


def varied(sentence: Sentence, chance: random.Random) -> Sentence:
    """The sentence in a style drawn by chance."""
    ends = ASKING if sentence.source.endswith("?") else STOPS
    typographic = "'" in sentence.source and chance.random() < TYPOGRAPHIC
    return written(sentence, Style(_drawn(CASES, chance), _drawn(ends, chance), typographic))


def _drawn(shares: dict[str, int], chance: random.Random) -> str:
    """One of the keys, as often as its share of a hundred says."""
    at = chance.random() * 100
    for name, share in shares.items():
        at -= share
        if at < 0:
            return name
    return name


def every_way(sentence: Sentence) -> Iterator[Sentence]:
    """The sentence in each style that it can be written in."""
    ends = ASKING if sentence.source.endswith("?") else STOPS
    apostrophes = (False, True) if "'" in sentence.source else (False,)
    for case, stop, typographic in product(CASES, ends, apostrophes):
        yield written(sentence, Style(case, stop, typographic))
