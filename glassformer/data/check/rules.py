"""The rules by which one pair is judged: its lengths, its characters, its likeness to its source."""

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from itertools import accumulate

import pycountry

from glassformer.data.check.scripts import mixed_word, scripts_of
from glassformer.text.encoding import encoding_problem
from glassformer.text.normalization import DIRECTION_MARKS, INVISIBLE, SPACES
from glassformer.text.pairs import Pair
from glassformer.text.printable import quote

RATIO_FACTOR = 3.0
RATIO_CHARACTERS = 10
RATIO_PAIRS = 10  # fewer have no ratio worth comparing with
COLUMN_NAMES = {
    "source", "target", "src", "tgt", "trg", "source_text", "target_text", "text", "sentence", "translation",
    "sentence1", "sentence2", "input", "output",
}  # fmt: skip
_CSV_QUOTED = re.compile('"(?:[^"]|"")*""(?:[^"]|"")*"')
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
# Of those that normalisation replaces: not the ideographic space, which is Chinese's own, nor the byte order mark and
# control characters, which are damage.
_ORDINARY = "\u3000\ufeff"
_INVISIBLE = re.compile(
    "[" + "".join(c for c in SPACES + INVISIBLE + DIRECTION_MARKS if c > "\x9f" and c not in _ORDINARY) + "]"
)


def is_untranslated(pair: Pair) -> bool:
    """Whether target equals source, case aside; a number or a sign, having no letter, may."""
    return pair.source.casefold() == pair.target.casefold() and any(map(str.isalpha, pair.source))


def usual_ratio(lengths: Counter[tuple[int, int]]) -> float | None:
    """The median of target over source length, exactly; `lengths` counts the pairs of (source, target) characters.

    It says how long a target of this corpus should be, and is not moved by misaligned pairs while they
    are under half. None with fewer than 10 pairs.
    """
    total = lengths.total()
    if total < RATIO_PAIRS:
        return None
    ordered = sorted((target / source, count) for (source, target), count in lengths.items())
    passed = list(accumulate(count for _, count in ordered))
    low, high = (ordered[bisect_right(passed, place)][0] for place in ((total - 1) // 2, total // 2))
    return (low + high) / 2


def length_problem(source: int, target: int, usual: float | None) -> str:
    """What is odd about a pair of so many characters, or "".

    A pair is an outlier if its target is more than 3 times longer or shorter than usual and at least
    10 characters away from it: so much is rarely a free translation, and often a misaligned line.
    """
    if usual is None:
        return ""
    expected = usual * source
    low, high = sorted((expected, float(target)))
    if high <= RATIO_FACTOR * low or high - low < RATIO_CHARACTERS:
        return ""
    return f"target has {target} characters, source {source}: about {expected:.0f} are usual here"


def encoding_of_pair(pair: Pair) -> str:
    """`encoding_problem` of both sides, by name, or ""."""
    return _by_side(pair, encoding_problem)


def header_problem(pair: Pair) -> str:
    """What shows that a file's first line names its columns, or ""."""
    names = [side.casefold() for side in pair[:2]]
    if pair.line != 1 or not all(
        name in COLUMN_NAMES or _is_language(side) for name, side in zip(names, pair[:2], strict=True)
    ):
        return ""
    return f"the names {quote(pair.source)} and {quote(pair.target)}: leave them out with --columns, or remove the line"


def _is_language(text: str) -> bool:
    """Whether the text is a larger language's code (`en`, `pt-BR`, `hin`) or a language's English name."""
    code = re.split("[-_]", text)[0]
    if code.islower() and len(code) in (2, 3) and len(text) <= 10:
        language = pycountry.languages.get(**{f"alpha_{len(code)}": code})
        return bool(getattr(language, "alpha_2", ""))  # words that are codes of three letters mostly have none: yes
    return text.isascii() and text.istitle() and bool(pycountry.languages.get(name=text))


def quotes_problem(pair: Pair) -> str:
    """A side within quotes whose own quotes are doubled, as CSV writes them, by name; or ""."""
    return _by_side(pair, lambda text: "doubled quotes" if text[:1] == '"' and _CSV_QUOTED.fullmatch(text) else "")


def markup_problem(pair: Pair) -> str:
    """The first tag of a side, by name, or ""."""
    return _by_side(pair, lambda text: found.group() if "<" in text and (found := _TAG.search(text)) else "")


def invisible_problem(pair: Pair) -> str:
    """The first character of a side that cannot be seen or looks like a space and is none, by name, or ""."""
    return _by_side(pair, _invisible)


def _invisible(text: str) -> str:
    found = None if text.isascii() else _INVISIBLE.search(text)
    return f"{unicodedata.name(found.group())} U+{ord(found.group()):04X}" if found else ""


def script_problem(pair: Pair, usual: tuple[str, str]) -> str:
    """A side that has letters, but none of its `usual` script, by name; or ""."""
    odd = (
        f"{side} is in {' and '.join(sorted(scripts))}, usual here is {own}"
        for side, text, own in (("source", pair.source, usual[0]), ("target", pair.target, usual[1]))
        if own and (scripts := scripts_of(text)) and own not in scripts
    )
    return ", ".join(odd)


def mixed_problem(pair: Pair) -> str:
    """The first word of a side with letters of two scripts, by name, or ""."""
    return _by_side(pair, lambda text: quote(word) if (word := mixed_word(text)) else "")


def likeness(pair: Pair) -> str:
    """The same for pairs that differ only in case, punctuation or spaces; empty where nothing else is there."""
    source, target = _bare(pair.source), _bare(pair.target)
    return f"{source}\0{target}" if source and target else ""


def _bare(text: str) -> str:
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).casefold().translate(_BARE)


class _Bare(dict[int, str | None]):
    """A table for `str.translate` that leaves out all but letters, digits and their marks."""

    def __missing__(self, code: int) -> str | None:
        character = chr(code)
        keeps = character.isalnum() or unicodedata.category(character) in ("Mn", "Mc")
        return self.setdefault(code, character if keeps else None)


_BARE = _Bare()


def _by_side(pair: Pair, problem: Callable[[str], str]) -> str:
    source, target = problem(pair.source), problem(pair.target)
    if not source and not target:
        return ""
    return ", ".join(f"{side}: {found}" for side, found in (("source", source), ("target", target)) if found)


def which_is_empty(pair: Pair) -> str:
    """The sides without text, in words."""
    empty = [side for side, text in zip(("source", "target"), pair[:2], strict=True) if not text.strip()]
    return f"{' and '.join(empty)} {'are' if len(empty) == 2 else 'is'} empty"
