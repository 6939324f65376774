"""Search: from a model that scores the next token to whole translations.

Greedy search, beam search and sampling over any `step(tokens, state) -> (what may follow, state)`.
Nothing here knows what a model or a word is.

Axes: B sentences, N rows of the state, V vocabulary, P length of the longest prefix.
"""

from collections.abc import Sequence

import numpy as np

from glassformer.batching import pad
from glassformer.errors import InputError, UsageError
from glassformer.search.beam import Growth, Watch, search_beam
from glassformer.search.constraints import NOT_FORCED, Rules
from glassformer.search.hypothesis import Hypothesis, length_penalty
from glassformer.search.options import SearchOptions
from glassformer.search.protocol import Following, Ints, Rows, S, State, Step
from glassformer.search.stepwise import Greedy, Sampler, search_stepwise

__all__ = [
    "Following",
    "Growth",
    "Hypothesis",
    "Ints",
    "Rows",
    "S",
    "SearchOptions",
    "State",
    "Step",
    "Watch",
    "length_penalty",
    "search",
]


def search(
    step: Step[S],
    state: S,
    *,
    start: int,
    end: int,
    limits: Sequence[int],
    options: SearchOptions,
    prefixes: Sequence[Sequence[int]] | None = None,
    suppress_tokens: Sequence[int] = (),
    seeds: Sequence[int] | None = None,
    watch: Watch | None = None,
) -> list[list[Hypothesis]]:
    """The `options.n_best` best hypotheses for each row of `state`, best first.

    - `step`: (tokens_N, state) -> (what may follow, state); the first tokens are `start`. Where the
      log-probabilities of all tokens are at hand, `Rows` makes them what may follow.
    - `state`: one row for each sentence; search repeats, reorders and drops rows by `select`.
    - `limits`: the most tokens of each sentence, `end` included.
    - `prefixes`: the tokens that each hypothesis must begin with, without `start` and `end`; they
      override every constraint.
    - `suppress_tokens`: ids that are never produced, such as those of padding and `start`.
    - `seeds`: of the sampler, one for each sentence; by default options.seed + the sentence's index.
      What is sampled depends on the sentence's seed and limit alone, not on its batch.
    - `watch`: is called with each step of a beam wider than 1; its B are the sentences not done yet.

    Hypotheses are ranked by score; in a beam with a repetition penalty by the score with the penalty.
    Greedy search ends at the first `end`; `search_beam` with a beam of 1 gives the same where
    length_penalty <= 0.

    Raises InputError if a prefix is longer than its limit or the model gives NaN, and UsageError
    for a limit below 1, an `end` that is suppressed or in a prefix, and lists of unequal lengths.
    """
    prefixes = prefixes if prefixes is not None else [()] * len(limits)
    seeds = seeds if seeds is not None else range(options.seed, options.seed + len(limits))
    _check(limits, prefixes, seeds, end, suppress_tokens)
    if not limits:
        return []
    limit_B = np.array(limits, dtype=np.int64)
    rules = Rules(options, end, tuple(suppress_tokens), _prefix_matrix(prefixes))
    if options.sample:
        return _sample(step, state, start, limit_B, rules, seeds)
    if options.beam == 1:
        found = search_stepwise(step, state, start, limit_B, rules, Greedy())
        return [[hypothesis] for hypothesis in found]
    return search_beam(step, state, start, limit_B, rules, watch)


def _sample(
    step: Step[S], state: S, start: int, limit_B: Ints, rules: Rules, seeds: Sequence[int]
) -> list[list[Hypothesis]]:
    """`n_best` independent samples of each sentence, which are rows of one batch, sorted by score."""
    count = rules.options.n_best
    rows_N = np.arange(len(limit_B)).repeat(count)
    choose = Sampler(rules.options, seeds, limit_B.tolist())
    if count > 1:
        state = state.select(rows_N)
    found = search_stepwise(step, state, start, limit_B[rows_N], rules.select(rows_N), choose)
    samples = (found[first : first + count] for first in range(0, len(found), count))
    return [sorted(group, key=lambda one: one.score, reverse=True) for group in samples]


def _prefix_matrix(prefixes: Sequence[Sequence[int]]) -> Ints:
    """prefix_BP: each prefix, filled up with NOT_FORCED."""
    return np.array(pad(prefixes, NOT_FORCED), dtype=np.int64)


def _check(
    limits: Sequence[int],
    prefixes: Sequence[Sequence[int]],
    seeds: Sequence[int],
    end: int,
    suppress_tokens: Sequence[int],
) -> None:
    if not len(limits) == len(prefixes) == len(seeds):
        raise UsageError(
            f"{len(limits)} limits, {len(prefixes)} prefixes and {len(seeds)} seeds: "
            "there must be one of each for every sentence"
        )
    if end in suppress_tokens:
        raise UsageError(f"the end token {end} is suppressed: nothing could ever finish")
    for number, (limit, prefix) in enumerate(zip(limits, prefixes, strict=True), 1):
        if limit < 1:
            raise UsageError(f"sentence {number}: its limit is {limit}, it must be at least 1")
        if len(prefix) > limit:
            raise InputError(f"sentence {number}: its prefix has {len(prefix)} tokens, more than its limit of {limit}")
        if end in prefix or any(token < 0 for token in prefix):
            raise UsageError(f"sentence {number}: its prefix may hold neither the end token nor ids below 0")
