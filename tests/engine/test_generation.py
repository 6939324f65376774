"""`generate` with an engine that is no model: it needs nothing but what `Engine` says."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from glassformer.engine import Engine, generate
from glassformer.errors import InputError
from glassformer.search import Rows, SearchOptions
from glassformer.special import BOS, EOS

SOURCES = [[5, 6, 7, EOS], [8, EOS], [EOS], [4, 4, 9, 5, 6, 4, EOS], [9, 8, EOS]]


@dataclass
class Copies:
    """How far each row's source has been copied."""

    sources: list[Sequence[int]]
    place: int = 0

    def select(self, rows_N: NDArray[np.int64]) -> "Copies":
        return Copies([self.sources[row] for row in rows_N.tolist()], self.place)


class Copier:
    """Gives the source's next token a probability of 0.8, the others 0.2 together; after it, </s>."""

    start_id = BOS
    max_length = 8
    batch_tokens = 4096

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.read: list[list[int]] = []

    def encode(self, sources: Sequence[Sequence[int]]) -> Copies:
        self.batches.append(len(sources))
        return Copies(list(sources))

    def step(self, tokens_N: NDArray[np.int64], state: Copies) -> tuple[Rows, Copies]:
        self.read.append(tokens_N.tolist())
        probs_NV = np.full((len(tokens_N), 10), 0.2 / 9, dtype=np.float32)
        for row, source in enumerate(state.sources):
            probs_NV[row, source[state.place] if state.place < len(source) else EOS] = 0.8
        return Rows(np.log(probs_NV)), Copies(state.sources, state.place + 1)


def test_any_engine_will_do():
    engine: Engine[Copies] = Copier()
    for options in (SearchOptions(beam=1), SearchOptions(beam=3)):
        for source, [best, *_] in zip(SOURCES, generate(engine, SOURCES, options), strict=True):
            assert list(best.tokens) == source and best.finished
            assert best.log_prob == pytest.approx(len(source) * math.log(0.8), rel=1e-6)
            assert best.score == pytest.approx(best.log_prob / ((5 + len(source)) / 6) ** 0.6)


def test_sources_share_a_batch_by_length_and_budget():
    """Of lengths 1, 2, 3, 4 and 7; a beam of two has room for half as many positions."""
    for options, sizes in ((SearchOptions(beam=1), [3, 1, 1]), (SearchOptions(beam=2), [2, 1, 1, 1])):
        engine = Copier()
        engine.batch_tokens = 12
        found = generate(engine, SOURCES, options)
        assert engine.batches == sizes
        assert [list(best.tokens) for best, *_ in found] == SOURCES


def test_the_first_token_read_is_the_start():
    engine = Copier()
    generate(engine, [[5, 6, EOS]], SearchOptions(beam=1))
    assert engine.read == [[BOS], [5], [6]]


def test_the_engine_limits_the_length():
    [[found]] = generate(Copier(), [[5] * 20], SearchOptions(beam=1))
    assert (found.tokens, found.finished) == ((5,) * 8, False)


def test_a_prefix_beyond_the_limit_is_refused():
    with pytest.raises(InputError, match="its prefix has 9 tokens"):
        generate(Copier(), [[5, EOS]], prefixes=[[5] * 9])
