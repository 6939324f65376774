"""Forced scoring: what the model thinks of given tokens."""

from collections.abc import Sequence

import torch

from glassformer.search.protocol import S, Step, ask, select


@torch.no_grad()
def score_tokens(
    step: Step[S],
    state: S,
    *,
    start: int,
    tokens: Sequence[Sequence[int]],
    device: torch.device | str = "cpu",
) -> list[tuple[float, ...]]:
    """log P(token | all before it) for every token of every sentence, the model's own.

    `tokens`, one sequence for each row of `state`: without `start`, with the end token if it is to
    be scored. A sentence is dropped after its last token. Raises InputError if the model gives NaN.
    """
    lengths_B = torch.tensor([len(sentence) for sentence in tokens], dtype=torch.int64).to(device)
    longest = max(map(len, tokens), default=0)
    padded = [[*sentence, *[0] * (longest - len(sentence))] for sentence in tokens]
    tokens_BT = torch.tensor(padded, dtype=torch.int64).to(device).view(len(tokens), longest)
    scores_BT = torch.zeros(len(tokens), longest, device=device)
    rows_N = torch.arange(len(tokens), device=device)
    last_N = torch.full_like(rows_N, start)
    for place in range(longest):
        going_N = (lengths_B[rows_N] > place).nonzero()[:, 0]
        state = select(state, going_N, len(rows_N))
        rows_N, last_N = rows_N[going_N], last_N[going_N]
        log_probs_NV, state = ask(step, last_N, state)
        last_N = tokens_BT[rows_N, place]
        scores_BT[rows_N, place] = log_probs_NV.gather(1, last_N[:, None])[:, 0]
    scores = zip(scores_BT.tolist(), tokens, strict=True)
    return [tuple(row[: len(sentence)]) for row, sentence in scores]
