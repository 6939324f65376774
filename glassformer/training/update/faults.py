"""Which updates are not to be trusted, and what to try then."""

import math

ADVICE = "try a lower learning_rate, more warmup_steps, or precision=float32"

# A guess costs log(V) nats a token, and weights not yet trained, with tied tables, at most sqrt(d_model) more.
# Ten guesses' cost is no start and no bad batch: the weights are confident, and wrong.
EXPLODED = 10


def usable_loss(loss: float, vocab_size: int) -> bool:
    """Whether a loss, in nats a target token, is a number, and below 10 log(V)."""
    return math.isfinite(loss) and loss < EXPLODED * math.log(vocab_size)


def usable(loss: float, grad_norm: float, vocab_size: int) -> bool:
    """Whether an update may be made: clipping tames a large gradient, but not one that is infinite or no number."""
    return usable_loss(loss, vocab_size) and math.isfinite(grad_norm)
