"""The beam as a tree: every continuation that the search considered, and what became of it.

Axes, as in the search room: B sentences (one), K beam width, M candidates of a step, T tokens, N any of K and M.
"""

import math
from dataclasses import dataclass, field
from typing import Any

from glassformer.search import Growth, Hypothesis, Ints, SearchOptions, length_penalty
from glassformer.search.beam import Paths
from glassformer.special import EOS

Node = dict[str, Any]


@dataclass
class BeamTree:
    """Follows the search of one sentence, which calls it after every step; `finish` returns the nodes.

    Each step considers the 2K best continuations: those that end are finished, the first K others are kept, the
    rest are pruned. The path of the best hypothesis is marked at the end. Sums and scores are of the model's own
    log-probabilities, as a translation's are, even where a repetition penalty made the search prefer others.
    """

    options: SearchOptions
    start: int
    nodes: list[Node] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.live = [self._add(None, self.start, 0.0, 0.0, 0)]

    def __call__(self, growth: Growth) -> None:
        """Add the nodes of one step."""
        kept = _extensions(growth.live, growth.live_parent_BK)
        own = growth.continued.own_BKT[0, :, -1].tolist()
        grown: dict[tuple[int, int], int] = {}
        for place, (parent, token) in _extensions(growth.continued, growth.parent_BM).items():
            before = self.nodes[self.live[parent]]
            number = self._add(before["id"], token, own[place], before["sum"] + own[place], before["length"] + 1)
            grown[parent, token] = number
            if token == EOS:
                self.nodes[number]["state"] = "finished" if place < self.options.beam else "pruned"
            else:
                self.nodes[number]["state"] = "kept" if (parent, token) in kept.values() else "pruned"
        self.live = [grown[extension] for extension in kept.values()]

    def finish(self, best: Hypothesis) -> list[Node]:
        """All nodes, those on the path of `best` marked."""
        node, self.nodes[0]["state"] = 0, "best"
        for token in best.tokens:
            node = next(n["id"] for n in self.nodes if n["parent"] == node and n["token"] == token)
            self.nodes[node]["state"] = "best"
        return self.nodes

    def _add(self, parent: int | None, token: int, log_prob: float, total: float, length: int) -> int:
        penalty = length_penalty(float(length), self.options.length_penalty) if length else 1.0
        node = {
            "id": len(self.nodes),
            "parent": parent,
            "step": length,
            "token": token,
            "log_prob": log_prob,
            "sum": total,
            "length": length,
            "penalty": penalty,
            "score": total / penalty,
            "state": "kept",
        }
        self.nodes.append(node)
        return len(self.nodes) - 1


def _extensions(paths: Paths, parent_BN: Ints) -> dict[int, tuple[int, int]]:
    """The parent and the last token of each path, by its place in the beam; places that are not filled are left out."""
    rows = zip(parent_BN[0].tolist(), paths.tokens_BKT[0, :, -1].tolist(), paths.score_BK[0].tolist(), strict=True)
    return {place: (parent, token) for place, (parent, token, rank) in enumerate(rows) if rank != -math.inf}
