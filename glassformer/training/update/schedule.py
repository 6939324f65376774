"""The learning rate of each step."""

import math
from typing import Literal


def paper_peak(d_model: int, warmup_steps: int) -> float:
    """The highest rate of the paper's schedule: d_model^-0.5 * warmup_steps^-0.5."""
    return float(d_model**-0.5 * warmup_steps**-0.5)


def learning_rate(
    step: int, peak: float, warmup_steps: int, schedule: Literal["inverse_sqrt", "cosine", "linear"], max_steps: int
) -> float:
    """The rate of update `step`, counted from 1: a linear warm-up to `peak`, then a decay.

        inverse_sqrt:  peak * min(step / warmup, sqrt(warmup / step))
        cosine:        peak * (1 + cos(pi * (step - warmup) / (max_steps - warmup))) / 2
        linear:        peak * (1 - (step - warmup) / (max_steps - warmup))

    With `paper_peak` the first is formula (3) of "Attention Is All You Need", section 5.3:
    d_model^-0.5 * min(step^-0.5, step * warmup^-1.5). Cosine: Loshchilov & Hutter 2017, no restarts.
    Linear: Devlin et al. 2019, appendix A.2.
    """
    if step <= warmup_steps:
        return peak * step / warmup_steps
    if schedule == "inverse_sqrt":
        return peak * math.sqrt(warmup_steps / step)
    progress = min(1.0, (step - warmup_steps) / max(1, max_steps - warmup_steps))
    if schedule == "linear":
        return peak * (1 - progress)
    return peak * (1 + math.cos(math.pi * progress)) / 2
