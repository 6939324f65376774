"""One step of a decode loop, as a record has it: the token read, the candidates, the token chosen.

Axis: V vocabulary.

Axes: V vocabulary.
"""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

Named = Callable[[int], dict[str, Any]]  # a token's id, piece and text


def decode_step(
    step: int,
    read: int,
    chosen: int,
    logits_V: Tensor,
    log_probs_V: Tensor,
    *,
    listed: Sequence[int],
    forbidden: Sequence[int],
    named: Named,
) -> dict[str, Any]:
    """The record's step. `listed`: the candidates to show, the likeliest first; `forbidden`: never generated.

    A token's rank is the number of likelier ones. Entropy (-sum p ln p) in nats.
    """

    def candidate(token: int) -> dict[str, Any]:
        return named(token) | {
            "logit": float(logits_V[token]),
            "log_prob": float(log_probs_V[token]),
            "probability": float(log_probs_V[token].exp()),
            "rank": int((logits_V > logits_V[token]).sum()),
            "forbidden": token in forbidden,
        }

    return {
        "step": step,
        "read": named(read),
        "chosen": candidate(chosen),
        "candidates": [candidate(token) for token in listed],
        "entropy": -float((log_probs_V.exp() * log_probs_V).nan_to_num().sum()),
        "logsumexp": float(logits_V.double().logsumexp(-1)),
    }
