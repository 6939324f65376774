"""What may be done to a sentence pair so that a model learns to read text as people type it.

The names are those of OpusTrainer (Bogoychev et al. 2023) where it has the modifier. What only the source gets, the
model learns to read, and still writes the clean target; what both get, it learns to carry over.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import NamedTuple

from glassformer.data.check.scripts import SPACELESS, scripts_of
from glassformer.data.typos import is_mark, with_typos

ENDS = ".!?…।॥。．！？｡؟۔"
EMOJI = "😀😂😍😊😎😢😡👍👎👏🙏💪🎉🎂🎁🔥🌹🌍☕🍕🍎🐶🐱🚗🚀⚽🎵📷💡✅"
DOMAINS = "com", "org", "net", "in", "de", "io"
TAGS = "b", "i", "u", "em", "strong", "span"


class Sides(NamedTuple):
    """The text of a pair."""

    source: str
    target: str


Modifier = Callable[[Sides, Random, Sequence[Sides]], Sides]  # of a pair, beside the others


def merge(pair: Sides, random: Random, others: Sequence[Sides]) -> Sides:
    """`pair` and one or two others after it, as if they stood on one line."""
    if not others:
        return pair
    joined = [pair, *random.choices(others, k=random.choice((1, 1, 2)))]
    return Sides(*(_space(texts[0]).join(texts) for texts in zip(*joined, strict=True)))


def add_end_punct(pair: Sides, random: Random, _: Sequence[Sides]) -> Sides:
    """A full stop, sometimes an exclamation mark, behind a source that ends with a letter; the target stays."""
    if not (pair.source[-1:].isalnum() or is_mark(pair.source[-1:])):
        return pair
    return pair._replace(source=pair.source + random.choice((*[_full_stop(pair.source)] * 3, "!")))


def remove_end_punct(pair: Sides, random: Random, _: Sequence[Sides]) -> Sides:
    """The source without its final punctuation; the target keeps its own, which the model so learns to supply."""
    return pair._replace(source=pair.source.rstrip(ENDS + " ") or pair.source)


def typos(pair: Sides, random: Random, _: Sequence[Sides]) -> Sides:
    """Typos in the source (`with_typos`)."""
    return pair._replace(source=with_typos(pair.source, random))


def spaces(pair: Sides, random: Random, _: Sequence[Sides]) -> Sides:
    """Some of the source's spaces doubled, one at least if it has any."""
    places = [found.start() for found in re.finditer(" ", pair.source)]
    source = pair.source
    for place in sorted(random.sample(places, min(len(places), 1 + len(places) // 5)), reverse=True):
        source = source[:place] + " " + source[place:]
    return pair._replace(source=source)


def lower_case(pair: Sides, random: Random, _: Sequence[Sides]) -> Sides:
    """The source in lower case."""
    return pair._replace(source=pair.source.lower())


def title_case(pair: Sides, random: Random, _: Sequence[Sides]) -> Sides:
    """Each Word Of The Source With A Capital."""
    return pair._replace(source=re.sub(r"\S+", lambda word: word[0][0].title() + word[0][1:].lower(), pair.source))


def upper_case(pair: Sides, random: Random, _: Sequence[Sides]) -> Sides:
    """BOTH SIDES in capitals; of scripts without them, the source's pair stays, and the target stays as it is."""
    source = pair.source.upper()
    return pair if source == pair.source else Sides(source, pair.target.upper())


def inline_noise(pair: Sides, random: Random, _: Sequence[Sides]) -> Sides:
    """Something to be copied, the same in front of both sides, behind both, or (a tag) around both."""
    kind = random.choice((emoji, url, e_mail, number, None))
    if kind is None:
        tag = random.choice(TAGS)
        return Sides(*(f"<{tag}>{text}</{tag}>" for text in pair))
    noise = kind(random)
    if random.random() < 0.25:
        return Sides(*(f"{noise} {text}" for text in pair))
    return Sides(*(f"{text} {noise}" for text in pair))


def emoji(random: Random) -> str:
    """One to three emoji."""
    return random.choice(EMOJI) * random.choice((1, 1, 1, 2, 3))


def url(random: Random) -> str:
    """An address in the web."""
    path = "/".join(_word(random) for _ in range(random.randint(0, 2)))
    return f"{random.choice(('https://', 'http://', 'www.'))}{_word(random)}.{random.choice(DOMAINS)}/{path}".rstrip(
        "/"
    )


def e_mail(random: Random) -> str:
    """An address of somebody."""
    return f"{_word(random)}{random.choice(('.', '_', ''))}{_word(random)}@{_word(random)}.{random.choice(DOMAINS)}"


def number(random: Random) -> str:
    """A number, a time of day, or a sum."""
    high = random.randrange(10 ** random.randint(1, 7))
    return random.choice((f"{high}", f"{high:,}", f"{high / 100:.2f}", f"{high % 24}:{high % 60:02}", f"{high % 101}%"))


def _word(random: Random) -> str:
    return "".join(random.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=random.randint(3, 9)))


def _space(text: str) -> str:
    """What stands between two sentences such as `text`."""
    return "" if scripts_of(text) & SPACELESS else " "


def _full_stop(text: str) -> str:
    scripts = scripts_of(text)
    return "।" if "DEVANAGARI" in scripts else "。" if scripts & SPACELESS else "."


# In the order in which they are applied: a merged pair may get typos, and noise is changed by nothing that follows.
MODIFIERS: dict[str, Modifier] = {
    "Merge": merge,
    "AddEndPunct": add_end_punct,
    "RemoveEndPunct": remove_end_punct,
    "Typos": typos,
    "Spaces": spaces,
    "LowerCase": lower_case,
    "TitleCase": title_case,
    "UpperCase": upper_case,
    "InlineNoise": inline_noise,
}
LETTER_CASE = "LowerCase", "TitleCase", "UpperCase"
STANDARD: Mapping[str, float] = {
    "Merge": 0.03,
    "AddEndPunct": 0.05,
    "RemoveEndPunct": 0.05,
    "Typos": 0.1,
    "Spaces": 0.03,
    "LowerCase": 0.05,
    "TitleCase": 0.03,
    "UpperCase": 0.05,
    "InlineNoise": 0.03,
}
