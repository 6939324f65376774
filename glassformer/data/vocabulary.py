"""How large a vocabulary a text gets where none is asked for, and how many pieces its words then have."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from glassformer.data.check.scripts import SPACELESS, scripts_of
from glassformer.data.config import DataConfig
from glassformer.text.tokenizer import SMALLEST

MOST = 32_000  # pieces; "Attention Is All You Need", section 5.1, has as many for 36 million pairs
FACTOR = 2  # measured: docs/benchmarks/robust_training.md


def size_for(texts: Sequence[str], data: DataConfig, share: float = 1.0) -> int:
    """The default size of a vocabulary for a corpus of which `texts` are a random `share`.

    It has the control tokens, the bytes, the user symbols, every character that `character_coverage` asks for, and of
    longer pieces FACTOR times the square root of the number of characters in the whole corpus; at most MOST in all.
    The number of different words in a text grows with about that power of its length too (Heaps 1978).
    """
    counts = Counter[str]()
    for text in texts:
        counts.update(text)
    total = counts.total()
    alphabet = SMALLEST + len(data.user_symbols) + _covering(counts, data.character_coverage)
    return min(max(MOST, alphabet), alphabet + FACTOR * math.isqrt(round(total / share)))


def _covering(counts: Counter[str], coverage: float) -> int:
    """How many characters, the commonest first, make up `coverage` of all."""
    wanted = coverage * counts.total()
    reached = accumulate(count for _, count in counts.most_common())
    return sum(1 for so_far in reached if so_far < wanted) + 1


def fertility(texts: Sequence[str], lengths: NDArray[np.int64]) -> str:
    """How many pieces a word of `texts` has on average, as a text; `lengths`: tokens of each, `</s>` included.

    Of scripts without spaces between words it is how many pieces a character has.
    """
    pieces = int((lengths - 1).sum())
    if sum(map(_is_spaceless, texts)) > len(texts) / 2:
        return f"{pieces / max(1, sum(len(''.join(text.split())) for text in texts)):.2f} a character"
    return f"{pieces / max(1, sum(len(text.split()) for text in texts)):.2f} a word"


def _is_spaceless(text: str) -> bool:
    """Whether the text is in a script that puts no spaces between words; Korean does."""
    return bool(scripts_of(text) & SPACELESS) and not re.search("[가-힣]", text)
