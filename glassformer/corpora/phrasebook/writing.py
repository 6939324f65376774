"""How a sentence is written: letter case, final punctuation and apostrophe, as people type them."""

import random
from collections.abc import Iterator
from typing import NamedTuple

from .units import Sentence, unit

APOSTROPHE = "\u2019"  # the typographic one, which phones type
HINDI_STOPS = {"": "", ".": "\u0964", "!": "!", "?": "?"}
# What a statement and a question end in, with how often of a hundred.
STOPS = {"": 50, ".": 40, "!": 10}
ASKING = {"?": 60, "": 40}
CONTRACTIONS = 15  # how often of a hundred "Where is" and the like at the beginning are contracted
CONTRACTIBLE = ("where", "how", "who", "what", "there")


class Style(NamedTuple):
    """One way to write a sentence: `case` is "as it is", "lower" or "upper", `stop` one of STOPS, or of ASKING."""

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


def contracted(sentence: Sentence) -> Sentence:
    """The sentence of a frame with "Where's" in place of "Where is", linked to what both are; any other as it is."""
    marked, hindi = sentence.units[0].marked
    words = [tuple(word.partition(":")[::2]) for word in marked.split()]
    if len(sentence.units) > 1 or len(words) < 3 or words[0][0] not in CONTRACTIBLE or words[1][0] != "is":
        return sentence
    marks = "+".join(filter(None, (words[0][1], words[1][1])))
    english = " ".join([f"{words[0][0]}'s:{marks}".rstrip(":"), *marked.split()[2:]])
    source = "'s ".join(sentence.source.split(" is ", 1))
    return sentence._replace(source=source, units=(unit(english, hindi),))


def varied(sentence: Sentence, chance: random.Random) -> Sentence:
    """The sentence with a final stop, or none, and at times contracted ("Where's my key?"), drawn by chance."""
    if chance.random() * 100 < CONTRACTIONS:
        sentence = contracted(sentence)
    return written(sentence, Style(stop=_drawn(_ends(sentence), chance)))


def _ends(sentence: Sentence) -> dict[str, int]:
    return ASKING if sentence.source.endswith("?") else STOPS


def _drawn(shares: dict[str, int], chance: random.Random) -> str:
    """One of the keys, as often as its share of a hundred says."""
    at = chance.random() * 100
    for name, share in shares.items():
        at -= share
        if at < 0:
            return name
    return name


def every_way(sentence: Sentence) -> Iterator[Sentence]:
    """The sentence with each final stop, and with none."""
    return (written(sentence, Style(stop=stop)) for stop in _ends(sentence))
