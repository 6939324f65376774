"""Which words of a language never follow each other in a text, though both are so frequent that chance would have it.

A word of frequency a and one of frequency b follow each other a * b / N times among N words if nothing but chance rules
(Church & Hanks 1990, "Word Association Norms, Mutual Information, and Lexicography", section 3). Where that is COMMON
times and the text has it not once, grammar forbids it, as in "they sings", or the text knows no such construction.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile

from glassformer.quality_estimation.words import is_word, neighbours

COMMON = 5.0  # times that chance would have one word follow the other; it has them never once in e^5, or 150, cases


def never_followed(texts: Iterable[str], counts: Mapping[str, int]) -> dict[str, str]:
    """For each word the words that never follow it, with spaces between them; `counts` are of the words of the texts.

    Only pairs that chance would have COMMON times are kept in memory: fewer than a fifth of the number of words.
    """
    words = {word: count for word, count in counts.items() if is_word(word)}
    least = COMMON * sum(words.values())
    seen = {pair for text in texts for pair in neighbours(text) if words[pair[0]] * words[pair[1]] >= least}
    ranked = sorted(words, key=lambda word: (-words[word], word))
    found = {}
    for first in ranked:
        frequent = _at_least(least / words[first], ranked, words)
        if never := [word for word in frequent if (first, word) not in seen]:
            found[first] = " ".join(never)
    return found


def _at_least(count: float, ranked: Sequence[str], counts: Mapping[str, int]) -> Iterator[str]:
    """The words that come that often; `ranked` has the most frequent first."""
    return takewhile(lambda word: counts[word] >= count, ranked)


def without(never: Mapping[str, str], texts: Iterable[str]) -> dict[str, str]:
    """What is left of `never` when these texts, too, are looked at."""
    seen = {pair for text in texts for pair in neighbours(text)}
    left = {first: [word for word in words.split() if (first, word) not in seen] for first, words in never.items()}
    return {first: " ".join(words) for first, words in left.items() if words}
