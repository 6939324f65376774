"""Shortlists: the few target tokens that may come in a translation, by the tokens of its source.

Learnt from sentence pairs by Model 1 of Brown et al. 1993 ("The Mathematics of Statistical Machine Translation",
section 4.2): t(f | e), how likely the source's token e becomes the target's token f, begins even and is estimated anew
from the share that each e of a sentence has in its f,

    t(f | e)  proportional to  sum over pairs of  t(f | e) / sum_e' t(f | e').

A source's shortlist has the likeliest tokens of each of its own, and those that come everywhere (Jean et al. 2015,
section 3.3).

Axes: S vocabulary of the source, K likeliest tokens, A tokens that are always allowed, L links of a source token and a
target token of one pair, U different ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glassformer.special import EOS

Ints = NDArray[np.int32]

EACH = 60  # likeliest tokens of a source token
LEAST = 1e-3  # of t(f | e), below which a token is not likely
EVERYWHERE = 200  # most frequent tokens, which are always allowed
ROUNDS = 5  # of the estimate
MOST_LINKS = 5_000_000  # that are learnt from: of more pairs, every n-th
NONE = -1  # fills up the rows of a source token that has fewer


@dataclass(frozen=True)
class Shortlist:
    """`likely_SK`: the likeliest target tokens of each source token, filled up with NONE; `always_A`: those of all."""

    likely_SK: Ints
    always_A: Ints

    def of(self, source: Sequence[int]) -> Ints:
        """The tokens that may come in a translation of the source, in ascending order."""
        found: Ints = np.unique(np.concatenate([self.always_A, self.likely_SK[list(source)].ravel()]))
        return found[1:] if found[0] == NONE else found


def learn(sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], source_size: int) -> Shortlist:
    """Learn a shortlist from pairs of ids, without `</s>`; `source_size` is that of the source's vocabulary."""
    links = sum(len(source) * len(target) for source, target in zip(sources, targets, strict=True))
    step = max(1, -(-links // MOST_LINKS))
    sources, targets = sources[::step], targets[::step]
    source_U, target_U, likelihood_U = _translation_table(sources, targets)
    frequent = np.bincount(np.concatenate([np.array(target, dtype=np.int64) for target in [*targets, [EOS]]]))
    always = np.argsort(-frequent, kind="stable")[:EVERYWHERE]
    always_A = np.unique([EOS, *always[frequent[always] > 0]]).astype(np.int32)
    order_U = np.lexsort((-likelihood_U, source_U))
    order_U = order_U[likelihood_U[order_U] >= LEAST]
    sorted_U = source_U[order_U]
    rank_U = np.arange(len(sorted_U)) - np.searchsorted(sorted_U, sorted_U)
    kept_U = rank_U < EACH
    likely_SK = np.full((source_size, EACH), NONE, dtype=np.int32)
    likely_SK[sorted_U[kept_U], rank_U[kept_U]] = target_U[order_U][kept_U]
    return Shortlist(likely_SK, always_A)


def _translation_table(
    sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """e, f and t(f | e) of all tokens that come in one pair."""
    pairs = [
        (np.array(source, dtype=np.int64), np.array(target, dtype=np.int64))
        for source, target in zip(sources, targets, strict=True)
        if source and target
    ]
    if not pairs:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    source_L = np.concatenate([np.tile(source, len(target)) for source, target in pairs])
    target_L = np.concatenate([target.repeat(len(source)) for source, target in pairs])
    widths = np.concatenate([np.full(len(target), len(source)) for source, target in pairs])
    place_L = np.arange(len(widths)).repeat(widths)  # which target token of which pair
    size = int(target_L.max()) + 1
    key_U, kind_L = np.unique(source_L * size + target_L, return_inverse=True)
    source_U, target_U = key_U // size, key_U % size
    likelihood_U = np.ones(len(key_U))
    for _ in range(ROUNDS):
        share_L = likelihood_U[kind_L]
        share_L /= np.bincount(place_L, share_L)[place_L]
        count_U = np.bincount(kind_L, share_L)
        likelihood_U = count_U / np.bincount(source_U, count_U)[source_U]
    return source_U, target_U, likelihood_U
