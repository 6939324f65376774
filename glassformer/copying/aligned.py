"""The words of a translation, and how much each attends to each part of its source.

Axes: T target tokens, S source tokens, C characters of the source, c places between them.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glassformer.text.sentences import WITHOUT_SPACES, language_of
from glassformer.text.tokenizer import Token, Tokenizers
from glassformer.translator import Translation

Floats = NDArray[np.float64]
HALF = 0.5  # of its attention, with which a word belongs to what it attends to


@dataclass(frozen=True, eq=False)
class Unit:
    """A word of a translation, or the punctuation around one: characters [start, end) of its text.

    `attended_c`: the share of its attention that goes to the source's first c characters; `at` is where in a longer
    text this source begins.
    """

    start: int
    end: int
    attended_c: Floats
    at: int = 0

    def share(self, start: int, end: int) -> float:
        """The share of its attention that goes to the source's characters [start, end)."""
        last = len(self.attended_c) - 1
        first, behind = (min(max(place - self.at, 0), last) for place in (start, end))
        return float(self.attended_c[behind] - self.attended_c[first])


def aligned_units(translation: Translation, tokenizers: Tokenizers, source: str) -> list[Unit]:
    """The units of a translation that has an alignment, in order; `source` is what the model read.

    A token's attention is that of the cross-attention without `</s>`, spread evenly over the characters of each source
    token; a unit has the mean of its tokens.
    """
    if translation.alignment is None:
        raise ValueError("translate with align=True")
    if not translation.tokens:
        return []
    from_tokens, to_tokens = tokenizers[0].tokens(source), tokenizers[1].tokens_of_pieces(translation.tokens)
    alignment_TS = np.asarray(translation.alignment, dtype=np.float64)
    weights_TS = alignment_TS[:, -len(from_tokens) - 1 : -1]  # without a target symbol, and </s>
    attention_TC = weights_TS @ _spread(from_tokens, source)
    attention_TC = attention_TC / attention_TC.sum(axis=1, keepdims=True).clip(min=1e-9)
    spans = words_of(translation.text)
    if language_of(translation.text) in WITHOUT_SPACES:
        spans = _token_spans(to_tokens, translation.text)
    return [Unit(start, end, _attended(attention_TC, to_tokens, start, end)) for start, end in spans]


def units_without_alignment(source: str, translation: str) -> list[Unit]:
    """The units of a translation of which nothing is known: the n-th of N attends to the n-th of N parts of its source.

    It is for what the model cannot read at once.
    """
    spans, places = words_of(translation), np.linspace(0, 1, len(source) + 1)
    return [
        Unit(start, end, (places * len(spans) - number).clip(0, 1)) for number, (start, end) in enumerate(spans)
    ]  # fmt: skip


def _spread(tokens: Sequence[Token], text: str) -> Floats:
    """share_SC: each token's weight, evenly over the characters that are no space."""
    share_SC = np.zeros((len(tokens), len(text)))
    for row, token in enumerate(tokens):
        columns = [c for c in range(token.start, token.end) if not text[c].isspace()]
        share_SC[row, columns] = 1 / max(len(columns), 1)
    return share_SC


def _attended(attention_TC: Floats, tokens: Sequence[Token], start: int, end: int) -> Floats:
    rows = [row for row, token in enumerate(tokens) if token.start < end and token.end > start]
    return np.concatenate([np.zeros(1), attention_TC[rows].mean(axis=0).cumsum()])


def words_of(text: str) -> list[tuple[int, int]]:
    """The places [start, end) of words between white space, and of the punctuation before and after each."""
    return [span for word in re.finditer(r"\S+", text) for span in _without_punctuation(word)]


def _without_punctuation(word: re.Match[str]) -> Iterator[tuple[int, int]]:
    """The word, the punctuation before it, and that after it, each where there is any."""
    inner = [place for place, c in enumerate(word[0], start=word.start()) if not is_punctuation(c)]
    first, behind = (inner[0], inner[-1] + 1) if inner else (word.end(), word.end())
    for start, end in ((word.start(), first), (first, behind), (behind, word.end())):
        if start < end:
            yield start, end


def is_punctuation(character: str) -> bool:
    """Whether Unicode calls it punctuation."""
    return unicodedata.category(character)[0] == "P"


def _token_spans(tokens: Sequence[Token], text: str) -> list[tuple[int, int]]:
    """The spans of the tokens without white space; bytes of one character are one."""
    spans: dict[tuple[int, int], None] = {}
    for token in tokens:
        inner = text[token.start : token.end].strip()
        if inner:
            start = text.index(inner, token.start)
            spans[start, start + len(inner)] = None
    return list(spans)
