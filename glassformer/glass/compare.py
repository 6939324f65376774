"""Two traces of one sentence: the step where they part, and how far their tensors are from each other."""

from dataclasses import dataclass

import numpy as np

from glassformer.glass.record import Trace


@dataclass(frozen=True)
class Difference:
    """How far two tensors of one name and shape are apart: the largest and the mean |a - b|."""

    name: str
    largest: float
    mean: float


def parting(first: Trace, second: Trace) -> int | None:
    """The first step at which the two say different pieces; None if they never do.

    Where one says all that the other says and more, they part where the shorter one ends.
    """
    said = [[step["chosen"]["piece"] for step in (trace.decode or {"steps": []})["steps"]] for trace in (first, second)]
    for step, pieces in enumerate(zip(*said, strict=False)):
        if len(set(pieces)) > 1:
            return step
    return None if len(said[0]) == len(said[1]) else min(map(len, said))


def differences(first: Trace, second: Trace) -> list[Difference]:
    """For every tensor that both carry whole and in the same shape, in the order of the model."""
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
