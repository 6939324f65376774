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

import numpy as np
from numpy.typing import NDArray

from glassformer.search.constraints import Candidates, Rules
from glassformer.search.hypothesis import Hypothesis, length_penalty
from glassformer.search.protocol import Floats, Ints, S, Step, select
from glassformer.search.ranking import order

UNFILLED = float("-inf")  # the score of a place in the beam that no path fills
BLANK = -1  # stands in `tokens` after the end
Sums = NDArray[np.float64]


@dataclass(frozen=True)
class Paths:
    """Paths of B sentences, K of each, the best first.

    - `tokens_BKT`: without the start token; a finished path is padded with BLANK.
    - `own_BKT`: each token's log-probability by the model alone, without constraints.
    - `score_BK`: what paths are sorted by: the sum of the steered log-probabilities, for a finished
      path divided by its length penalty.
    """

    tokens_BKT: Ints
    own_BKT: Floats
    score_BK: Sums

    @classmethod
    def blank(cls, sentences: int, count: int, score: float) -> "Paths":
        """`count` paths without tokens for each sentence, all of this score."""
        return cls(
            np.empty((sentences, count, 0), dtype=np.int64),
            np.empty((sentences, count, 0), dtype=np.float32),
            np.full((sentences, count), score, dtype=np.float64),
        )

    def select(self, sentences_B: Ints | NDArray[np.bool_]) -> "Paths":
        """The paths of these sentences only."""
        return Paths(self.tokens_BKT[sentences_B], self.own_BKT[sentences_B], self.score_BK[sentences_B])

    def gather(self, places_BK: Ints) -> "Paths":
        """The paths at these places (0 to K - 1) of each sentence, in this order; a place may come twice."""
        at = _at(places_BK)
        return Paths(self.tokens_BKT[at], self.own_BKT[at], self.score_BK[at])

    def best(self, count: int) -> "Paths":
        """The `count` best paths of each sentence, best first."""
        return self.gather(order(self.score_BK)[:, :count])

    def with_scores(self, score_BK: Sums) -> "Paths":
        """The same paths, in the same order, with other scores."""
        return Paths(self.tokens_BKT, self.own_BKT, score_BK)

    def append(self, token_BK: Ints, own_BK: Floats, score_BK: Sums) -> "Paths":
        """Each path with one more token."""
        return Paths(
            np.concatenate([self.tokens_BKT, token_BK[..., None]], axis=2),
            np.concatenate([self.own_BKT, own_BK[..., None]], axis=2),
            score_BK,
        )

    def append_blank(self) -> "Paths":
        """Each path with one more BLANK."""
        blank_BK = np.full_like(self.score_BK, BLANK, dtype=np.int64)
        return self.append(blank_BK, blank_BK.astype(np.float32), self.score_BK)

    def concat(self, other: "Paths") -> "Paths":
        """Both sets of paths, these first, [B, K + K', T]."""
        return Paths(
            np.concatenate([self.tokens_BKT, other.tokens_BKT], axis=1),
            np.concatenate([self.own_BKT, other.own_BKT], axis=1),
            np.concatenate([self.score_BK, other.score_BK], axis=1),
        )


def _at(places_BK: Ints) -> tuple[Ints, Ints]:
    """The index of these places of each sentence."""
    return np.arange(len(places_BK))[:, None], places_BK


@dataclass(frozen=True)
class Growth:
    """One step of beam search.

    - `continued`: the best continuations of each sentence, up to 2 * beam, best first.
    - `parent_BM`: for each of them the place, among the live paths before the step, that it continues.
    - `live`, `live_parent_BK`: the same of the paths that stay in the beam.
    """

    continued: Paths
    parent_BM: Ints
    live: Paths
    live_parent_BK: Ints


Watch = Callable[[Growth], None]


def search_beam(
    step: Step[S], state: S, start: int, limit_B: Ints, rules: Rules, watch: Watch | None = None
) -> list[list[Hypothesis]]:
    """The `rules.options.n_best` best hypotheses for each of the B rows of `state`, best first.

    Sentence b has at most limit_B[b] tokens, `end` included, and is dropped when it is done. Where too
    few paths finished, paths that the limit cut off follow them. `watch` is called with each step.
    Raises InputError if the model gives NaN.
    """
    options = rules.options
    found: dict[int, list[Hypothesis]] = {}
    sentence_B = np.arange(len(limit_B))
    live = Paths.blank(len(limit_B), 1, 0.0)
    finished = Paths.blank(len(limit_B), options.n_best, UNFILLED)
    last_N = np.full_like(sentence_B, start)
    while len(found) < len(limit_B):
        following, state = step(last_N, state)
        said_NT = live.tokens_BKT.reshape(len(last_N), -1)
        growth = grow(live, rules.candidates(following, said_NT, 2 * options.beam), options.beam, rules.end)
        if watch:
            watch(growth)
        finished = collect(finished, growth.continued, rules)
        done_B = is_done(growth.live, finished, limit_B[sentence_B], options.length_penalty)
        rows_BK, live = _rows(growth.live_parent_BK, live.score_BK.shape[1]), growth.live
        if done_B.any():
            results = hypotheses(finished.select(done_B), live.select(done_B), rules)
            found |= zip(sentence_B[done_B].tolist(), results, strict=True)
            going_B = np.flatnonzero(~done_B)
            sentence_B, rows_BK, rules = sentence_B[going_B], rows_BK[going_B], rules.select(going_B)
            live, finished = live.select(going_B), finished.select(going_B)
        last_N = live.tokens_BKT[..., -1].flatten()
        if len(sentence_B):
            state = select(state, rows_BK.flatten(), len(said_NT))
    return [found[sentence] for sentence in range(len(limit_B))]


def grow(live: Paths, candidates: Candidates, beam: int, end: int) -> Growth:
    """Take one step: keep the 2 * beam best of all continuations, of which each path has as many candidates, and as
    live paths the first `beam` of these that do not end.

    At most K continuations end, one for each live path, so that 2 * beam always leave enough.
    """
    sentences, width = live.score_BK.shape
    ids_BM, own_BM = candidates.ids_NM.reshape(sentences, -1), candidates.own_NM.reshape(sentences, -1)
    sums_BKM = live.score_BK[..., None] + candidates.steered_NM.reshape(sentences, width, -1)
    sums_BM = sums_BKM.reshape(sentences, -1)
    best = _at(order(sums_BM)[:, : 2 * beam])
    parent_BM = best[1] // candidates.ids_NM.shape[1]
    continued = live.gather(parent_BM).append(ids_BM[best], own_BM[best], sums_BM[best])
    score_BM = np.where(continued.tokens_BKT[..., -1] == end, UNFILLED, continued.score_BK)
    place_BK = order(score_BM)[:, : _width(score_BM, beam)]
    return Growth(
        continued,
        parent_BM,
        continued.with_scores(score_BM).gather(place_BK),
        parent_BM[_at(place_BK)],
    )


def _width(score_BM: Sums, beam: int) -> int:
    """How many live paths to keep: the most that any sentence has, 1 to `beam`."""
    return min(beam, max(1, int((score_BM != UNFILLED).sum(axis=1).max())))


def _rows(parent_BK: Ints, width: int) -> Ints:
    """The row of the model's state for each parent, where every sentence had `width` rows."""
    sentences_B1: Ints = np.arange(len(parent_BK))[:, None]
    return sentences_B1 * width + parent_BK


def collect(finished: Paths, continued: Paths, rules: Rules) -> Paths:
    """The n_best finished paths: of those before, and of those of the first `beam` continuations that end."""
    tokens_BMT, options = continued.tokens_BKT, rules.options
    place_M = np.arange(tokens_BMT.shape[1])
    ends_BM = (tokens_BMT[..., -1] == rules.end) & (place_M < options.beam)
    if not ends_BM.any():
        return finished.append_blank()
    penalty = length_penalty(float(tokens_BMT.shape[2]), options.length_penalty)
    score_BM = np.where(ends_BM, continued.score_BK / penalty, UNFILLED)
    return finished.append_blank().concat(continued.with_scores(score_BM)).best(options.n_best)


def is_done(live: Paths, finished: Paths, limit_B: Ints, alpha: float) -> NDArray[np.bool_]:
    """Whether each sentence is at its limit, or has no live path that can beat its last finished one.

    The highest score that a live path can reach is its sum divided by the largest length penalty ahead of it: that
    of the limit if alpha is above 0, else that of the next token. A finished path that is missing has score -inf.
    """
    length = live.tokens_BKT.shape[2]
    reach_B = limit_B if alpha > 0 else np.full_like(limit_B, length + 1)
    penalty_B = length_penalty(reach_B.astype(np.float64), alpha)
    beaten_B: NDArray[np.bool_] = live.score_BK[:, 0] / penalty_B <= finished.score_BK[:, -1]
    done_B: NDArray[np.bool_] = beaten_B | (limit_B <= length)
    return done_B


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
