"""Models small enough to enumerate: every beginning of every sentence has its own distribution."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from glassformer.search import Hypothesis, Rows, SearchOptions, length_penalty, search

END = 0
START = 3


@dataclass
class Nodes:
    """The state: which sentence each row belongs to, and its place in that sentence's tree."""

    sentence_N: NDArray[np.int64]
    node_N: NDArray[np.int64]

    def select(self, rows_N: NDArray[np.int64]) -> "Nodes":
        return Nodes(self.sentence_N[rows_N], self.node_N[rows_N])


@dataclass
class Tree:
    """log_probs[sentence, node]; the node after token t of node n is n * V + t + 1, the root is 0."""

    table_BXV: NDArray[np.float32]
    rows_seen: list[int] = field(default_factory=list)

    @classmethod
    def random(cls, seed: int, sentences: int = 1, vocabulary: int = 4, depth: int = 5, sharpness: float = 1) -> "Tree":
        generator = torch.Generator().manual_seed(seed)
        nodes = sum(vocabulary**level for level in range(depth))
        table_BXV = torch.randn(sentences, nodes, vocabulary, generator=generator) * sharpness
        return cls(table_BXV.log_softmax(-1).numpy())

    def state(self, sentences: list[int] | None = None) -> Nodes:
        chosen = range(len(self.table_BXV)) if sentences is None else sentences
        sentence_N = np.array(list(chosen), dtype=np.int64)
        return Nodes(sentence_N, np.full_like(sentence_N, -1))

    def step(self, tokens_N: NDArray[np.int64], state: Nodes) -> tuple[Rows, Nodes]:
        self.rows_seen.append(len(tokens_N))
        assert len(tokens_N) == len(state.node_N) > 0
        child_N = state.node_N * self.table_BXV.shape[2] + tokens_N + 1
        node_N = np.where(state.node_N < 0, 0, child_N)
        return Rows(self.table_BXV[state.sentence_N, node_N]), Nodes(state.sentence_N, node_N)

    def log_probs(self, tokens: tuple[int, ...], sentence: int = 0) -> list[float]:
        node, found = 0, []
        for token in tokens:
            found.append(self.table_BXV[sentence, node, token].item())
            node = node * self.table_BXV.shape[2] + token + 1
        return found

    def every(self, limit: int) -> Iterator[tuple[int, ...]]:
        """Every sequence that ends within the limit."""
        others = [token for token in range(self.table_BXV.shape[2]) if token != END]
        for length in range(limit):
            yield from ((*tokens, END) for tokens in itertools.product(others, repeat=length))

    def ranking(self, limit: int, alpha: float, sentence: int = 0) -> list[tuple[float, tuple[int, ...]]]:
        """(score, tokens) of every finished sequence, best first: what search should find."""
        scored = (
            (math.fsum(self.log_probs(tokens, sentence)) / length_penalty(float(len(tokens)), alpha), tokens)
            for tokens in self.every(limit)
        )
        return sorted(scored, reverse=True)


def find(tree: Tree, limits: list[int], options: SearchOptions, **more: Any) -> list[list[Hypothesis]]:
    """`search` with the tree as the model, a limit for each of its sentences."""
    state = more.pop("state", None) or tree.state()
    return search(tree.step, state, start=START, end=END, limits=limits, options=options, **more)


def bigram(rows: list[list[float]]) -> Tree:
    """A tree five deep whose distribution depends on the last token only; rows[START] is the first.

    The rows are probabilities, and need not sum to 1.
    """
    with np.errstate(divide="ignore"):
        table_VV = np.log(np.array(rows, dtype=np.float32))
    size = len(rows)
    last = [START]
    for level in range(1, 6):
        last += list(range(size)) * size ** (level - 1)
    return Tree(table_VV[last][None])
