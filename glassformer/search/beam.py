"""Beam search: the K best paths of each sentence, which are partial translations, grow in one batch.

The stopping rule is that of Wu et al. 2016 (https://arxiv.org/abs/1609.08144), sec. 7, made exact:
log-probabilities are never above 0, so the sum of a path is an upper bound of the sums of its
continuations, and a sentence is done as soon as no live path can still beat the finished ones. A
beam that is wide enough for every path therefore finds the true best.

Axes: B sentences not done yet, K paths of each (1 at first, then up to `options.beam`),
N = B * K rows of the model's state, M continuations of a sentence, T tokens so far, V vocabulary.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from glassformer.search.constraints import Rules
from glassformer.search.hypothesis import Hypothesis, length_penalty
from glassformer.search.protocol import S, Step, next_log_probs, select
from glassformer.search.ranking import order, sum_dtype, top

UNFILLED = float("-inf")  # the score of a place in the beam that no path fills
BLANK = -1  # stands in `tokens` after the end


@dataclass(frozen=True)
class Paths:
    """Paths of B sentences, K of each, the best first.

    - `tokens_BKT`: without the start token; a finished path is padded with BLANK.
    - `own_BKT`: each token's log-probability by the model alone, without constraints.
    - `score_BK`: what paths are sorted by: the sum of the steered log-probabilities, for a finished
      path divided by its length penalty.
    """

    tokens_BKT: Tensor
    own_BKT: Tensor
    score_BK: Tensor

    @classmethod
    def blank(cls, sentences: int, count: int, score: float, device: torch.device) -> "Paths":
        """`count` paths without tokens for each sentence, all of this score."""
        return cls(
            torch.empty(sentences, count, 0, dtype=torch.int64, device=device),
            torch.empty(sentences, count, 0, dtype=torch.float32, device=device),
            torch.full((sentences, count), score, dtype=sum_dtype(device), device=device),
        )

    def select(self, sentences_B: Tensor) -> "Paths":
        """The paths of these sentences only."""
        return Paths(self.tokens_BKT[sentences_B], self.own_BKT[sentences_B], self.score_BK[sentences_B])

    def gather(self, places_BK: Tensor) -> "Paths":
        """The paths at these places (0 to K - 1) of each sentence, in this order; a place may come twice."""
        sentences_B1 = torch.arange(len(places_BK), device=places_BK.device)[:, None]
        return Paths(
            self.tokens_BKT[sentences_B1, places_BK],
            self.own_BKT[sentences_B1, places_BK],
            self.score_BK.gather(1, places_BK),
        )

    def best(self, count: int) -> "Paths":
        """The `count` best paths of each sentence, best first."""
        return self.gather(order(self.score_BK)[:, :count])

    def with_scores(self, score_BK: Tensor) -> "Paths":
        """The same paths, in the same order, with other scores."""
        return Paths(self.tokens_BKT, self.own_BKT, score_BK)

    def append(self, token_BK: Tensor, own_BK: Tensor, score_BK: Tensor) -> "Paths":
        """Each path with one more token."""
        return Paths(
            torch.cat([self.tokens_BKT, token_BK[..., None]], 2),
            torch.cat([self.own_BKT, own_BK[..., None]], 2),
            score_BK,
        )

    def append_blank(self) -> "Paths":
        """Each path with one more BLANK."""
        blank_BK = torch.full_like(self.score_BK, BLANK, dtype=torch.int64)
        return self.append(blank_BK, blank_BK.float(), self.score_BK)

    def concat(self, other: "Paths") -> "Paths":
        """Both sets of paths, these first, [B, K + K', T]."""
        return Paths(
            torch.cat([self.tokens_BKT, other.tokens_BKT], 1),
            torch.cat([self.own_BKT, other.own_BKT], 1),
            torch.cat([self.score_BK, other.score_BK], 1),
        )


@dataclass(frozen=True)
class Growth:
    """One step of beam search.

    - `continued`: the best continuations of each sentence, up to 2 * beam, best first.
    - `parent_BM`: for each of them the place, among the live paths before the step, that it continues.
    - `live`, `live_parent_BK`: the same of the paths that stay in the beam.
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

    Sentence b has at most limit_B[b] tokens, `end` included, and is dropped when it is done. Where too
    few paths finished, paths that the limit cut off follow them. `watch` is called with each step.
    Raises InputError if the model gives NaN.
    """
    options, device = rules.options, limit_B.device
    found: dict[int, list[Hypothesis]] = {}
    sentence_B = torch.arange(len(limit_B), device=device)
    live = Paths.blank(len(limit_B), 1, 0.0, device)
    finished = Paths.blank(len(limit_B), options.n_best, UNFILLED, device)
    last_N = torch.full_like(sentence_B, start)
    while len(found) < len(limit_B):
        log_probs_NV, state = next_log_probs(step, last_N, state)
        steered_NV = rules.steer(log_probs_NV, live.tokens_BKT.flatten(0, 1))
        growth = grow(live, log_probs_NV, steered_NV, options.beam, rules.end)
        if watch:
            watch(growth)
        finished = collect(finished, growth.continued, rules)
        done_B = is_done(growth.live, finished, limit_B[sentence_B], options.length_penalty)
        if done_B.any():
            results = hypotheses(finished.select(done_B), growth.live.select(done_B), rules)
            found |= zip(sentence_B[done_B].tolist(), results, strict=True)
        going_B = (~done_B).nonzero()[:, 0]
        rows_N = _rows(growth.live_parent_BK, live.score_BK.shape[1])[going_B].flatten()
        sentence_B, rules = sentence_B[going_B], rules.select(going_B)
        live, finished = growth.live.select(going_B), finished.select(going_B)
        last_N = live.tokens_BKT[..., -1].flatten()
        if len(going_B):
            state = select(state, rows_N, len(log_probs_NV))
    return [found[sentence] for sentence in range(len(limit_B))]


def grow(live: Paths, own_NV: Tensor, steered_NV: Tensor, beam: int, end: int) -> Growth:
    """Take one step: keep the 2 * beam best of all K * V continuations, and as live paths the first `beam`
    of these that do not end.

    At most K continuations end, one for each live path, so that 2 * beam always leave enough.
    """
    sentences, width = live.score_BK.shape
    ids_NM = top(steered_NV, 2 * beam)
    sums_BKM = live.score_BK[..., None] + steered_NV.gather(1, ids_NM).view(sentences, width, -1)
    sums_BM = sums_BKM.flatten(1)
    best_BM = order(sums_BM)[:, : 2 * beam]
    parent_BM = best_BM // ids_NM.shape[1]
    continued = live.gather(parent_BM).append(
        ids_NM.view(sentences, -1).gather(1, best_BM),
        own_NV.gather(1, ids_NM).view(sentences, -1).gather(1, best_BM),
        sums_BM.gather(1, best_BM),
    )
    score_BM = continued.score_BK.masked_fill(continued.tokens_BKT[..., -1] == end, UNFILLED)
    place_BK = order(score_BM)[:, : _width(score_BM, beam)]
    return Growth(continued, parent_BM, continued.with_scores(score_BM).gather(place_BK), parent_BM.gather(1, place_BK))


def _width(score_BM: Tensor, beam: int) -> int:
    """How many live paths to keep: the most that any sentence has, 1 to `beam`."""
    return min(beam, max(1, int((score_BM != UNFILLED).sum(1).max())))


def _rows(parent_BK: Tensor, width: int) -> Tensor:
    """The row of the model's state for each parent, where every sentence had `width` rows."""
    sentences_B1 = torch.arange(len(parent_BK), device=parent_BK.device)[:, None]
    return sentences_B1 * width + parent_BK


def collect(finished: Paths, continued: Paths, rules: Rules) -> Paths:
    """The n_best finished paths: of those before, and of those of the first `beam` continuations that end."""
    tokens_BMT, options = continued.tokens_BKT, rules.options
    place_M = torch.arange(tokens_BMT.shape[1], device=tokens_BMT.device)
    ends_BM = (tokens_BMT[..., -1] == rules.end) & (place_M < options.beam)
    penalty = length_penalty(float(tokens_BMT.shape[2]), options.length_penalty)
    score_BM = (continued.score_BK / penalty).masked_fill(~ends_BM, UNFILLED)
    return finished.append_blank().concat(continued.with_scores(score_BM)).best(options.n_best)


def is_done(live: Paths, finished: Paths, limit_B: Tensor, alpha: float) -> Tensor:
    """Whether each sentence is at its limit, or has no live path that can beat its last finished one.

    The highest score that a live path can reach is its sum divided by the largest length penalty ahead of it: that
    of the limit if alpha is above 0, else that of the next token. A finished path that is missing has score -inf.
    """
    length = live.tokens_BKT.shape[2]
    reach_B = limit_B if alpha > 0 else torch.full_like(limit_B, length + 1)
    penalty_B = length_penalty(reach_B.to(live.score_BK.dtype), alpha)
    beaten_B = live.score_BK[:, 0] / penalty_B <= finished.score_BK[:, -1]
    return beaten_B | (limit_B <= length)


def hypotheses(finished: Paths, live: Paths, rules: Rules) -> list[list[Hypothesis]]:
    """Each sentence's finished paths, then its live ones, at most n_best together."""
    paths = finished.concat(live)
    sentences = zip(paths.tokens_BKT.tolist(), paths.own_BKT.tolist(), paths.score_BK.tolist(), strict=True)
    found = []
    for tokens_KT, own_KT, score_K in sentences:
        places = [place for place, score in enumerate(score_K) if score != UNFILLED]
        found.append([_hypothesis(tokens_KT[k], own_KT[k], rules) for k in places[: rules.options.n_best]])
    return found


def _hypothesis(tokens: list[int], own: list[float], rules: Rules) -> Hypothesis:
    length = tokens.index(BLANK) if BLANK in tokens else len(tokens)
    alpha = rules.options.length_penalty
    return Hypothesis.from_tokens(tokens[:length], own[:length], rules.end, alpha)
