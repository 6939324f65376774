"""Greedy search and sampling: every row is one hypothesis, which gets one token in each step.

Axes: B sentences, N rows not done yet, R rows at the start (R = B * samples), L the largest limit, T tokens so
far, V vocabulary, M tokens that may be sampled.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from glassformer.search.constraints import Rules
from glassformer.search.hypothesis import Hypothesis
from glassformer.search.options import SearchOptions
from glassformer.search.protocol import S, Step, next_log_probs, select
from glassformer.search.ranking import order, sum_dtype, top

# (steered_NV, the rows' numbers at the start rows_N, how many tokens they have) -> the next token_N
Choose = Callable[[Tensor, Tensor, int], Tensor]


def greedy(steered_NV: Tensor, rows_N: Tensor, length: int) -> Tensor:
    """Choose the likeliest token of each row; of equally likely ones the lowest id."""
    return steered_NV.argmax(1)


class Sampler:
    """Samples the next token of each row; noise_RL[r, t] alone decides token t of row r."""

    def __init__(self, options: SearchOptions, seeds: Sequence[int], limit_B: Tensor) -> None:
        self.options = options
        self.noise_RL = _noise(seeds, limit_B.tolist(), options.n_best).to(limit_B.device)

    def __call__(self, steered_NV: Tensor, rows_N: Tensor, length: int) -> Tensor:
        """Sample one token for each row: the inverse of the cumulative distribution at its noise."""
        probs_NM, ids_NM = sampling_distribution(steered_NV, self.options)
        mass_NM = probs_NM.cumsum(1)
        # Noise is at most 1 - 2**-24, so the point stays below the total, where nothing is drawn.
        point_N1 = self.noise_RL[rows_N, length, None].to(mass_NM.dtype) * mass_NM[:, -1:]
        return ids_NM.gather(1, torch.searchsorted(mass_NM, point_N1, right=True))[:, 0]


def _noise(seeds: Sequence[int], limits: Sequence[int], samples: int) -> Tensor:
    """noise_RL, uniform in [0, 1), drawn on the CPU: `samples` rows for each sentence.

    A sentence's numbers depend on its seed and limit alone. Its first sample is the same, however
    many there are.
    """
    noise_RL = torch.zeros(len(seeds) * samples, max(limits), dtype=torch.float32)
    for sentence, (seed, limit) in enumerate(zip(seeds, limits, strict=True)):
        generator = torch.Generator().manual_seed(seed)
        for row in range(sentence * samples, (sentence + 1) * samples):
            noise_RL[row, :limit] = torch.rand(limit, generator=generator)
    return noise_RL


def sampling_distribution(steered_NV: Tensor, options: SearchOptions) -> tuple[Tensor, Tensor]:
    """The tokens to sample from: (probs_NM, ids_NM). What is cut off has probability 0; they need not sum to 1.

    softmax(steered / temperature), then the `top_k` likeliest (Fan et al. 2018, sec. 5.4), then
    the smallest set of the likeliest that holds `top_p` of these (Holtzman et al. 2020, sec. 3.1):
    a token stays if the mass of the likelier ones is below `top_p`, so that at least one stays.
    """
    ids_NM = _shortlist(steered_NV, options)
    scores_NM = steered_NV.gather(1, ids_NM).to(sum_dtype(steered_NV.device))
    scores_NM = (scores_NM - scores_NM.amax(1, keepdim=True)) / options.temperature
    probs_NM = scores_NM.softmax(1)
    if options.top_p < 1:
        before_NM = probs_NM.cumsum(1) - probs_NM
        probs_NM = probs_NM.masked_fill(before_NM >= options.top_p, 0)
    return probs_NM, ids_NM


def _shortlist(steered_NV: Tensor, options: SearchOptions) -> Tensor:
    """The ids to sample from; sorted, the likeliest first, only where top_k or top_p needs it."""
    if options.top_k:
        return top(steered_NV, options.top_k)
    if options.top_p < 1:
        return order(steered_NV)
    return torch.arange(steered_NV.shape[1], device=steered_NV.device).expand_as(steered_NV)


def search_stepwise(
    step: Step[S], state: S, start: int, limit_N: Tensor, rules: Rules, choose: Choose
) -> list[Hypothesis]:
    """One hypothesis for each of the N rows of `state`, in their order.

    Row n goes on until `rules.end` or until it has limit_N[n] tokens, and is then dropped.
    Raises InputError if the model gives NaN.
    """
    found: dict[int, Hypothesis] = {}
    rows_N = torch.arange(len(limit_N), device=limit_N.device)
    last_N = torch.full_like(rows_N, start)
    tokens_NT, own_NT = rows_N.new_empty(len(rows_N), 0), limit_N.new_empty(len(rows_N), 0).float()
    while len(found) < len(limit_N):
        log_probs_NV, state = next_log_probs(step, last_N, state)
        last_N = choose(rules.steer(log_probs_NV, tokens_NT), rows_N, tokens_NT.shape[1])
        tokens_NT = torch.cat([tokens_NT, last_N[:, None]], 1)
        own_NT = torch.cat([own_NT, log_probs_NV.gather(1, last_N[:, None])], 1)
        done_N = (last_N == rules.end) | (limit_N[rows_N] <= tokens_NT.shape[1])
        if done_N.any():
            ended = rows_N[done_N].tolist()
            found |= zip(ended, _hypotheses(tokens_NT[done_N], own_NT[done_N], rules), strict=True)
            going_N = (~done_N).nonzero()[:, 0]
            rows_N, last_N, rules = rows_N[going_N], last_N[going_N], rules.select(going_N)
            tokens_NT, own_NT = tokens_NT[going_N], own_NT[going_N]
            state = select(state, going_N, len(done_N))
    return [found[row] for row in range(len(limit_N))]


def _hypotheses(tokens_NT: Tensor, log_probs_NT: Tensor, rules: Rules) -> list[Hypothesis]:
    pairs = zip(tokens_NT.tolist(), log_probs_NT.tolist(), strict=True)
    return [Hypothesis.from_tokens(*pair, rules.end, rules.options.length_penalty) for pair in pairs]
