"""Beam search: the K best beginnings of each sentence go on side by side, in one batch.

The rule for ending is that of Wu et al. 2016 (https://arxiv.org/abs/1609.08144), sec. 7, made
exact: log-probabilities are never above 0, so the sum of a beginning is an upper bound of all that
may follow, and a sentence is done as soon as no beginning can still reach the finished ones. With
a beam wide enough for every beginning the result is therefore the true best.

Letters: B sentences not done yet, K beginnings of each (1 at first, then up to `options.beam`),
N = B * K rows of the model, M their continuations, T tokens so far, V vocabulary.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from glassformer.search.constraints import Rules
from glassformer.search.hypothesis import Hypothesis, length_penalty
from glassformer.search.protocol import S, Step, ask, select
from glassformer.search.ranking import order, top, wide

NOWHERE = float("-inf")  # the rank of a place in the beam that nothing fills
BLANK = -1  # in tokens, after the end


@dataclass(frozen=True)
class Paths:
    """Paths of B sentences, K each, best first: `tokens_BKT`, their own log-probabilities, a rank.

    A live path's rank is the sum of its steered log-probabilities; a finished one's is that sum
    over its length penalty, and its tokens are filled up with BLANK.
    """

    tokens_BKT: Tensor
    own_BKT: Tensor
    rank_BK: Tensor

    @classmethod
    def blank(cls, sentences: int, count: int, rank: float, device: torch.device) -> "Paths":
        """`count` paths of no token for each sentence, all of this rank."""
        return cls(
            torch.empty(sentences, count, 0, dtype=torch.int64, device=device),
            torch.empty(sentences, count, 0, dtype=torch.float32, device=device),
            torch.full((sentences, count), rank, dtype=wide(device), device=device),
        )

    def of(self, sentences_B: Tensor) -> "Paths":
        """The paths of these sentences only."""
        return Paths(self.tokens_BKT[sentences_B], self.own_BKT[sentences_B], self.rank_BK[sentences_B])

    def pick(self, places_BK: Tensor) -> "Paths":
        """The paths at these places of each sentence, in this order; a place may come twice."""
        sentences_B1 = torch.arange(len(places_BK), device=places_BK.device)[:, None]
        return Paths(
            self.tokens_BKT[sentences_B1, places_BK],
            self.own_BKT[sentences_B1, places_BK],
            self.rank_BK.gather(1, places_BK),
        )

    def best(self, count: int) -> "Paths":
        """The `count` best paths of each sentence, best first."""
        return self.pick(order(self.rank_BK)[:, :count])

    def ranked(self, rank_BK: Tensor) -> "Paths":
        """The same paths under other ranks, in the same order."""
        return Paths(self.tokens_BKT, self.own_BKT, rank_BK)

    def longer(self, token_BK: Tensor, own_BK: Tensor, rank_BK: Tensor) -> "Paths":
        """Each path with one more token."""
        return Paths(
            torch.cat([self.tokens_BKT, token_BK[..., None]], 2),
            torch.cat([self.own_BKT, own_BK[..., None]], 2),
            rank_BK,
        )

    def padded(self) -> "Paths":
        """Each path with one more BLANK."""
        blank_BK = torch.full_like(self.rank_BK, BLANK, dtype=torch.int64)
        return self.longer(blank_BK, blank_BK.float(), self.rank_BK)

    def beside(self, other: "Paths") -> "Paths":
        """Both sets of paths, these first, [B, K + K', T]."""
        return Paths(
            torch.cat([self.tokens_BKT, other.tokens_BKT], 1),
            torch.cat([self.own_BKT, other.own_BKT], 1),
            torch.cat([self.rank_BK, other.rank_BK], 1),
        )


@dataclass(frozen=True)
class Growth:
    """What one step did: the best continuations, best first, and the place each grew from.

    `continued` are up to 2K paths of each sentence; `parent_BM` are places among the live paths
    before the step; `live` and `live_parent_BK` are those that stay in the beam.
    """

    continued: Paths
    parent_BM: Tensor
    live: Paths
    live_parent_BK: Tensor


Watch = Callable[[Growth], None]


def search_beam(
    step: Step[S], state: S, start: int, limit_B: Tensor, rules: Rules, watch: Watch | None = None
) -> list[list[Hypothesis]]:
    """The `rules.options.n_best` best hypotheses for each of the B rows of `state`, best first.

    Sentence b has at most limit_B[b] tokens, `end` included; done, it is dropped. Paths the limit
    cut off fill up where too few finished. `watch` is shown each step. Raises InputError if the
    model gives NaN.
    """
    options, device = rules.options, limit_B.device
    found: dict[int, list[Hypothesis]] = {}
    sentence_B = torch.arange(len(limit_B), device=device)
    live = Paths.blank(len(limit_B), 1, 0.0, device)
    finished = Paths.blank(len(limit_B), options.n_best, NOWHERE, device)
    last_N = torch.full_like(sentence_B, start)
    while len(found) < len(limit_B):
        log_probs_NV, state = ask(step, last_N, state)
        steered_NV = rules.steer(log_probs_NV, live.tokens_BKT.flatten(0, 1))
        growth = grow(live, log_probs_NV, steered_NV, options.beam, rules.end)
        if watch:
            watch(growth)
        finished = collect(finished, growth.continued, rules)
        done_B = is_done(growth.live, finished, limit_B[sentence_B], options.length_penalty)
        if done_B.any():
            results = hypotheses(finished.of(done_B), growth.live.of(done_B), rules)
            found |= zip(sentence_B[done_B].tolist(), results, strict=True)
        going_B = (~done_B).nonzero()[:, 0]
        rows_N = _rows(growth.live_parent_BK, live.rank_BK.shape[1])[going_B].flatten()
        sentence_B, rules = sentence_B[going_B], rules.select(going_B)
        live, finished = growth.live.of(going_B), finished.of(going_B)
        last_N = live.tokens_BKT[..., -1].flatten()
        if len(going_B):
            state = select(state, rows_N, len(log_probs_NV))
    return [found[sentence] for sentence in range(len(limit_B))]


def grow(live: Paths, own_NV: Tensor, steered_NV: Tensor, beam: int, end: int) -> Growth:
    """One step: the 2K best of all K * V continuations, and of these the first K that go on.

    At most K of them end, one for each live path, so 2K always leave K to go on with.
    """
    sentences, width = live.rank_BK.shape
    ids_NM = top(steered_NV, 2 * beam)
    sums_BKM = live.rank_BK[..., None] + steered_NV.gather(1, ids_NM).view(sentences, width, -1)
    sums_BM = sums_BKM.flatten(1)
    best_BM = order(sums_BM)[:, : 2 * beam]
    parent_BM = best_BM // ids_NM.shape[1]
    continued = live.pick(parent_BM).longer(
        ids_NM.view(sentences, -1).gather(1, best_BM),
        own_NV.gather(1, ids_NM).view(sentences, -1).gather(1, best_BM),
        sums_BM.gather(1, best_BM),
    )
    rank_BM = continued.rank_BK.masked_fill(continued.tokens_BKT[..., -1] == end, NOWHERE)
    place_BK = order(rank_BM)[:, : _width(rank_BM, beam)]
    return Growth(continued, parent_BM, continued.ranked(rank_BM).pick(place_BK), parent_BM.gather(1, place_BK))


def _width(rank_BM: Tensor, beam: int) -> int:
    """How many live paths to go on with: the most that any sentence has, 1 to `beam`."""
    return min(beam, max(1, int((rank_BM != NOWHERE).sum(1).max())))


def _rows(parent_BK: Tensor, width: int) -> Tensor:
    """The row of the model's state for each place, where every sentence had `width` rows."""
    sentences_B1 = torch.arange(len(parent_BK), device=parent_BK.device)[:, None]
    return sentences_B1 * width + parent_BK


def collect(finished: Paths, continued: Paths, rules: Rules) -> Paths:
    """The best finished paths: those before, and those that now end among the first `beam`."""
    tokens_BMT, options = continued.tokens_BKT, rules.options
    place_M = torch.arange(tokens_BMT.shape[1], device=tokens_BMT.device)
    ends_BM = (tokens_BMT[..., -1] == rules.end) & (place_M < options.beam)
    penalty = length_penalty(float(tokens_BMT.shape[2]), options.length_penalty)
    rank_BM = (continued.rank_BK / penalty).masked_fill(~ends_BM, NOWHERE)
    return finished.padded().beside(continued.ranked(rank_BM)).best(options.n_best)


def is_done(live: Paths, finished: Paths, limit_B: Tensor, alpha: float) -> Tensor:
    """Whether each sentence is at its limit, or no live path can beat the last finished one.

    The most a live path can reach is its sum over the largest length penalty ahead of it: that of
    the limit if alpha is above 0, else that of the next token. Missing finished paths rank -inf.
    """
    length = live.tokens_BKT.shape[2]
    reach_B = limit_B if alpha > 0 else torch.full_like(limit_B, length + 1)
    penalty_B = length_penalty(reach_B.to(live.rank_BK.dtype), alpha)
    beaten_B = live.rank_BK[:, 0] / penalty_B <= finished.rank_BK[:, -1]
    return beaten_B | (limit_B <= length)


def hypotheses(finished: Paths, live: Paths, rules: Rules) -> list[list[Hypothesis]]:
    """Each sentence's finished paths, then unfinished ones, n_best together at most."""
    paths = finished.beside(live)
    sentences = zip(paths.tokens_BKT.tolist(), paths.own_BKT.tolist(), paths.rank_BK.tolist(), strict=True)
    found = []
    for tokens_KT, own_KT, rank_K in sentences:
        places = [place for place, rank in enumerate(rank_K) if rank != NOWHERE]
        found.append([_hypothesis(tokens_KT[k], own_KT[k], rules) for k in places[: rules.options.n_best]])
    return found


def _hypothesis(tokens: list[int], own: list[float], rules: Rules) -> Hypothesis:
    length = tokens.index(BLANK) if BLANK in tokens else len(tokens)
    alpha = rules.options.length_penalty
    return Hypothesis.of(tokens[:length], own[:length], rules.end, alpha)
