"""Two traces of one sentence: the first step at which they differ, and how much their tensors differ."""

from dataclasses import dataclass

import numpy as np

from glassformer.glass.record import Trace


@dataclass(frozen=True)
class Difference:
    """How much two tensors of one name and shape differ: the largest and the mean |a - b|."""

    name: str
    largest: float
    mean: float


def first_divergence(first: Trace, second: Trace) -> int | None:
    """The first decoding step at which two traces chose different tokens; None if they never did.

    Where one translation begins with the whole other one, it is the step after the shorter one's last.
    """
    chosen = [
        [step["chosen"]["piece"] for step in (trace.decode or {"steps": []})["steps"]] for trace in (first, second)
    ]
    for step, pieces in enumerate(zip(*chosen, strict=False)):
        if len(set(pieces)) > 1:
            return step
    return None if len(chosen[0]) == len(chosen[1]) else min(map(len, chosen))


def differences(first: Trace, second: Trace) -> list[Difference]:
    """The difference of every tensor that both traces carry whole and in one shape, in the order of the model."""
    result = []
    for name, one in first.tensors.items():
        other = second.tensors.get(name)
        if other is None or one.shape != other.shape or one.dtype == "uint8" or one.columns or other.columns:
            continue
        if one.values is None or other.values is None:
            continue
        # -inf on both sides is no difference.
        a, b = one.values.astype(np.float64), other.values.astype(np.float64)
        gap = np.abs(np.subtract(a, b, where=a != b, out=np.zeros_like(a)))
        result.append(Difference(name, float(gap.max()), float(gap.mean())))
    return result
