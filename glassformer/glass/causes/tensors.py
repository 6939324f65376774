"""The numbers of a run or a trace, as sums want them."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from glassformer.glass.tensor import TracedTensor, not_carried

Tensors = Mapping[str, TracedTensor]
Array = NDArray[np.float64]


def numbers(tensors: Tensors, name: str) -> Array:
    """A tensor's values in float64; InputError where the trace does not carry them."""
    values = tensors[name].values
    if values is None:
        raise not_carried(name)
    return values.astype(np.float64)
