"""The table of sinusoidal positions, in numpy: engines that do without torch read it too."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

BASE = 10000.0


def sinusoidal_table(
    length: int, d_model: int, layout: Literal["interleaved", "halves"] = "interleaved"
) -> NDArray[np.float32]:
    """The table PE (length, d_model), float32, computed in float64.

        PE[p, 2i] = sin(p / 10000^(2i/d_model)),  PE[p, 2i+1] = cos(p / 10000^(2i/d_model))

    "Attention Is All You Need", section 3.5; positions start at 0. `halves` has the same columns in
    another order, all sines and then all cosines (Marian, fairseq).
    """
    exponent = np.arange(0, d_model, 2, dtype=np.float64) / d_model
    angle = np.arange(length, dtype=np.float64)[:, None] / BASE**exponent
    pair = np.stack((np.sin(angle), np.cos(angle)), axis=-1)
    if layout == "halves":
        pair = pair.swapaxes(1, 2)
    return pair.reshape(length, d_model).astype(np.float32)
