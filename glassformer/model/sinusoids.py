"""The table of sinusoidal positions, in numpy: engines that do without torch read it too."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

BASE = 10000.0
Layout = Literal["interleaved", "halves"]
Exponent = Literal["paper", "tensor2tensor"]


def sinusoidal_table(
    length: int, d_model: int, layout: Layout = "interleaved", exponent: Exponent = "paper", first: int = 0
) -> NDArray[np.float32]:
    """The table PE (length, d_model), float32, computed in float64.

        PE[p, 2i] = sin(p / 10000^(2i/d)),  PE[p, 2i+1] = cos(p / 10000^(2i/d))

    with d = d_model ("Attention Is All You Need", section 3.5), or d = d_model - 2 where `exponent` is `tensor2tensor`.
    The first row is that of position `first`. `halves` has the same columns in another order, all sines and then all
    cosines (Marian, fairseq).
    """
    pairs = np.arange(0, d_model, 2, dtype=np.float64) / exponent_divisor(d_model, exponent)
    angle = np.arange(first, first + length, dtype=np.float64)[:, None] / BASE**pairs
    pair = np.stack((np.sin(angle), np.cos(angle)), axis=-1)
    if layout == "halves":
        pair = pair.swapaxes(1, 2)
    return pair.reshape(length, d_model).astype(np.float32)


def exponent_divisor(d_model: int, exponent: Exponent) -> int:
    """d of the exponent 2i/d: d_model, or d_model - 2, by which the last pair has 1 and turns by p / 10000."""
    return d_model if exponent == "paper" else d_model - 2
