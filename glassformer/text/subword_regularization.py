"""Subword regularisation: a text is split into other pieces at every draw, and the pieces still spell the text.

`bpe` pieces by BPE-dropout (Provilkov et al. 2020, arXiv:1910.13267), `unigram` pieces by sampling (Kudo 2018,
arXiv:1804.10959). SentencePiece can draw as well, but seeds its generator with a salt of the process; here every number
comes from a `random.Random`, and the same seed gives the same splits in every process.
"""

import re
from abc import ABC, abstractmethod
from bisect import bisect
from collections.abc import Iterable, Iterator
from functools import lru_cache
from heapq import heappop, heappush
from itertools import accumulate, chain, count, repeat
from math import exp, log
from random import Random
from typing import Any

SPACE = "▁"  # in normalised text
CACHED_SPLITS = 1 << 16  # of BPE: about 30 MiB
CACHED_WORDS = 1 << 14  # of a unigram model: about 60 MiB, most of which is the weights of all pieces of a word
LONGEST_CACHED = 24  # characters: what is longer, as text without spaces, seldom comes again
UNKNOWN_PENALTY = 10.0  # SentencePiece's: a character without a piece scores so much less than the worst piece


class SubwordSampler(ABC):
    """Splits normalised text at random, word by word: no piece reaches across the beginning of a word."""

    def __init__(self, model: Any) -> None:
        kinds = type(model.pieces[0])
        self._symbols = {one.piece: id for id, one in enumerate(model.pieces) if one.type == kinds.USER_DEFINED}
        self._ids = {one.piece: id for id, one in enumerate(model.pieces) if one.type == kinds.NORMAL}
        self._bytes = {int(one.piece[3:5], 16): id for id, one in enumerate(model.pieces) if one.type == kinds.BYTE}
        self._scores = {piece: float(model.pieces[id].score) for piece, id in self._ids.items()}
        self._words = _words_pattern(self._symbols, self._ids)

    def sample(self, text: str, strength: float, random: Random) -> list[int]:
        """The ids of one split of `text`, which SentencePiece has normalised; `strength`: dropout, or alpha."""
        ids: list[int] = []
        for word in self._words.findall(text):
            symbol = self._symbols.get(word)
            ids.extend(self._sample_word(word, strength, random) if symbol is None else [symbol])
        return ids

    @abstractmethod
    def _sample_word(self, word: str, strength: float, random: Random) -> list[int]: ...

    def _ids_of(self, piece: str) -> list[int]:
        """The id of `piece`, or those of the UTF-8 bytes of a character that has no piece."""
        known = self._ids.get(piece)
        return [self._bytes[byte] for byte in piece.encode()] if known is None else [known]


class BPEDropout(SubwordSampler):
    """Each merge is left out with probability p when its turn comes: BPE-dropout (Provilkov et al. 2020, section 3).

    As in SentencePiece, a pair that was left out stays apart, until one of its two pieces is merged with a third. The
    paper's algorithm 1 draws for all pairs again after every merge.
    """

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self._merged = lru_cache(CACHED_SPLITS)(self._merge_but)

    def _sample_word(self, word: str, strength: float, random: Random) -> list[int]:
        draw = random.random
        if len(word) > LONGEST_CACHED:
            return self._merge(word, (draw() < strength for _ in repeat(None)))[0]
        left_out, number = tuple[int, ...](), 0  # what is left out later changes nothing of what was considered before
        ids, considered = self._merged(word, left_out)
        while number < considered:
            if draw() < strength:
                left_out += (number,)
                ids, considered = self._merged(word, left_out)
            number += 1
        return ids

    def _merge_but(self, word: str, left_out: tuple[int, ...]) -> tuple[list[int], int]:
        """`_merge` without the merges of these numbers, counted from 0 in the order in which they are considered."""
        return self._merge(word, (number in left_out for number in count()))

    def _merge(self, word: str, left_out: Iterator[bool]) -> tuple[list[int], int]:
        """The ids of `word` after its merges, and how many were considered, for each of which `left_out` is asked.

        A merge makes word[a:b] and word[b:c] one piece. That with the best score comes first, then the leftmost.
        """
        size, considered = len(word), 0
        start, end = [*range(-1, size)], [*range(1, size + 2)]  # of the piece that ends, or begins, at a place
        agenda: list[tuple[float, int, int, int]] = []

        def consider(a: int, b: int, c: int) -> None:
            score = self._scores.get(word[a:c]) if a >= 0 and c <= size else None
            if score is not None:
                heappush(agenda, (-score, a, b, c))

        for b in range(1, size):
            consider(b - 1, b, b + 1)
        while agenda:
            _, a, b, c = heappop(agenda)
            if (end[a], end[b]) != (b, c):
                continue  # one of the two is part of another piece by now
            considered += 1
            if not next(left_out):
                end[a], end[b], start[c] = c, -1, a
                consider(start[a], a, c)
                consider(a, c, end[c])
        return [id for a, b in _chained(end, size) for id in self._ids_of(word[a:b])], considered


class UnigramSampler(SubwordSampler):
    """Each split x of a word is drawn with probability p(x)^alpha / sum of p(x')^alpha over all its splits x'.

    p(x) is the product of its pieces' probabilities (Kudo 2018, section 3.2, l = infinity). Forward filtering: F(0) = 1
    and F(e) = sum over all pieces word[s:e] of F(s) p(word[s:e])^alpha. Backward sampling: the last piece of word[:e]
    begins at s with probability F(s) p(word[s:e])^alpha / F(e); then the same for word[:s].
    """

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self._longest = max(map(len, self._scores))
        self._unknown = min(self._scores.values()) - UNKNOWN_PENALTY
        self._filtered = lru_cache(CACHED_WORDS)(self._forward_filtering)

    def _sample_word(self, word: str, strength: float, random: Random) -> list[int]:
        filtered = (self._filtered if len(word) <= LONGEST_CACHED else self._forward_filtering)(word, strength)
        pieces, end = list[list[int]](), len(word)
        while end:
            starts, weights = filtered[end - 1]
            start = starts[bisect(weights, random.random() * weights[-1], hi=len(weights) - 1)]
            pieces.append(self._ids_of(word[start:end]))
            end = start
        return list(chain.from_iterable(reversed(pieces)))

    def _forward_filtering(self, word: str, alpha: float) -> list[tuple[list[int], list[float]]]:
        """For each end in `word`: where a piece that ends there can begin, and the cumulative weights of these places.

        The weights are relative to the largest of that end.
        """
        scores, log_f, filtered = self._scores, [0.0], []
        for end in range(1, len(word) + 1):
            first = max(end - self._longest, 0)
            starts = [start for start in range(first, end) if word[start:end] in scores or start == end - 1]
            logs = [log_f[start] + alpha * scores.get(word[start:end], self._unknown) for start in starts]
            largest = max(logs)
            weights = list(accumulate(exp(one - largest) for one in logs))
            log_f.append(largest + log(weights[-1]))
            filtered.append((starts, weights))
        return filtered


def subword_sampler(model: Any) -> SubwordSampler:
    """The sampler for SentencePiece's ModelProto, which is of a `bpe` or a `unigram` model."""
    spec = model.trainer_spec
    return BPEDropout(model) if spec.model_type == type(spec).BPE else UnigramSampler(model)


def _words_pattern(symbols: Iterable[str], pieces: Iterable[str]) -> re.Pattern[str]:
    """Finds the words of a text: each user symbol, the longest that fits, and what stands before the next one or space.

    A space begins a word, unless there are pieces that reach across spaces.
    """
    alone = [re.escape(symbol) for symbol in sorted(symbols, key=len, reverse=True)]
    ends = alone if any(SPACE in piece[1:] for piece in pieces) else [*alone, SPACE]
    rest = rf"(?:(?!{'|'.join(ends)}).)*" if ends else ".*"
    return re.compile("|".join([*alone, f".{rest}"]), re.DOTALL)


def _chained(end: list[int], size: int) -> Iterator[tuple[int, int]]:
    """The place where each piece begins, and where it ends, from 0 to `size`."""
    place = 0
    while place < size:
        yield place, end[place]
        place = end[place]
