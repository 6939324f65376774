"""Which losses and gradients are not usable, and what to try then."""

import math

from torch import Tensor

ADVICE = "try a lower learning_rate, more warmup_steps, or precision=float32"

# A uniform guess costs log(V) nats per token, and an untrained model with tied embeddings at most sqrt(d_model) more.
# A loss of ten guesses is neither the start nor a bad batch: the model is confident and wrong.
EXPLODED = 10


def usable_loss(loss: float, vocab_size: int) -> bool:
    """Whether a loss, in nats per target token, is finite and below 10 log(V)."""
    return math.isfinite(loss) and loss < EXPLODED * math.log(vocab_size)


def usable(loss: Tensor, grad_norm: Tensor, vocab_size: int) -> Tensor:
    """Whether an update may be applied: clipping tames a large gradient, but not an infinite one or NaN.

    A boolean scalar on the device of both, so that nothing waits for it.
    """
    return loss.isfinite() & (loss < EXPLODED * math.log(vocab_size)) & grad_norm.isfinite()
