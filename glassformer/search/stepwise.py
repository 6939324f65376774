"""Greedy search and sampling: one path a row, one token a step, one loop for both."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from glassformer.search.constraints import Rules
from glassformer.search.hypothesis import Hypothesis
from glassformer.search.options import SearchOptions
from glassformer.search.protocol import S, Step, ask, select
from glassformer.search.ranking import order, top, wide

# steered_NV, the paths' numbers rows_N, and how many tokens they have -> the next token_N
Choose = Callable[[Tensor, Tensor, int], Tensor]


def greedy(steered_NV: Tensor, rows_N: Tensor, length: int) -> Tensor:
    """The likeliest token of each row; of equally likely ones the lowest id."""
    return steered_NV.argmax(1)


class Sampler:
    """Draws a token from each row; path r, at its token t, is decided by noise_RL[r, t] alone."""

    def __init__(self, options: SearchOptions, seeds: Sequence[int], limit_B: Tensor) -> None:
        self.options = options
        self.noise_RL = _noise(seeds, limit_B.tolist(), options.n_best).to(limit_B.device)

    def __call__(self, steered_NV: Tensor, rows_N: Tensor, length: int) -> Tensor:
        """One token for each row: the inverse of the cumulative distribution at its noise."""
        probs_NM, ids_NM = sampling_distribution(steered_NV, self.options)
        mass_NM = probs_NM.cumsum(1)
        # Noise is at most 1 - 2**-24, so the point stays below the total, where nothing is drawn.
        point_N1 = self.noise_RL[rows_N, length, None].to(mass_NM.dtype) * mass_NM[:, -1:]
        return ids_NM.gather(1, torch.searchsorted(mass_NM, point_N1, right=True))[:, 0]


def _noise(seeds: Sequence[int], limits: Sequence[int], samples: int) -> Tensor:
    """Uniform [0, 1) numbers, [len(seeds) * samples, max(limits)], drawn on the CPU.

    A sentence's numbers depend on its seed and limit alone, and its first sample's on nothing
    that more samples would change.
    """
    noise_RL = torch.zeros(len(seeds) * samples, max(limits), dtype=torch.float32)
    for sentence, (seed, limit) in enumerate(zip(seeds, limits, strict=True)):
        generator = torch.Generator().manual_seed(seed)
        for row in range(sentence * samples, (sentence + 1) * samples):
            noise_RL[row, :limit] = torch.rand(limit, generator=generator)
    return noise_RL


def sampling_distribution(steered_NV: Tensor, options: SearchOptions) -> tuple[Tensor, Tensor]:
    """(probs_NM, ids_NM): what to draw from; probabilities are 0 where cut, and need not sum to 1.

    softmax(steered / temperature), then the `top_k` likeliest (Fan et al. 2018, sec. 5.4), then
    the smallest set of the likeliest that holds `top_p` of these (Holtzman et al. 2020, sec. 3.1):
    a token stays if the mass before it is below `top_p`, so that one always does.
    """
    ids_NM = _shortlist(steered_NV, options)
    scores_NM = steered_NV.gather(1, ids_NM).to(wide(steered_NV.device))
    scores_NM = (scores_NM - scores_NM.amax(1, keepdim=True)) / options.temperature
    probs_NM = scores_NM.softmax(1)
    if options.top_p < 1:
        before_NM = probs_NM.cumsum(1) - probs_NM
        probs_NM = probs_NM.masked_fill(before_NM >= options.top_p, 0)
    return probs_NM, ids_NM


def _shortlist(steered_NV: Tensor, options: SearchOptions) -> Tensor:
    """Ids to draw from, best first where a cut needs to know; a sort of all V only for top_p."""
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
        log_probs_NV, state = ask(step, last_N, state)
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
    return [Hypothesis.of(*pair, rules.end, rules.options.length_penalty) for pair in pairs]
