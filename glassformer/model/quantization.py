"""Matrices of eight-bit integers: a row is whole numbers from -127 to 127 and one scale.

    scale = max |row| / 127,    q = round(row * (127 / max |row|)),    row is nearly q * scale

Symmetric, a scale for each row: of a weight matrix that is an output's row (Wu et al. 2020, "Integer Quantization
for Deep Learning Inference", section 3), so that no output's precision depends on another's.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LARGEST = 127  # of an integer, in size; -128 is left out, so that the range is symmetric
ROWS_TOGETHER = 512  # that are rounded at a time: each step of it takes as much memory again
SMALLEST_MAXIMUM = 1e-30  # stands in for the maximum of a row of zeros, which has no scale of its own


class Quantized(NamedTuple):
    """A matrix (rows, columns) of int8, and the scale (float32) of each row."""

    integers: NDArray[np.int8]
    scales: NDArray[np.float32]

    def floats(self) -> NDArray[np.float32]:
        """The matrix that these integers stand for."""
        floats: NDArray[np.float32] = self.integers * self.scales[:, None]
        return floats


Weight = NDArray[np.float32] | Quantized


def quantize_rows(matrix: NDArray[np.float32]) -> Quantized:
    """The nearest integers of each row (half to even), and its scale. In float32, as the engines compute it."""
    starts = range(0, max(1, len(matrix)), ROWS_TOGETHER)
    integers, scales = zip(*(_quantized(matrix[start : start + ROWS_TOGETHER]) for start in starts), strict=True)
    return Quantized(np.concatenate(integers), np.concatenate(scales))


def _quantized(rows: NDArray[np.float32]) -> Quantized:
    largest = np.maximum(np.abs(rows).max(axis=1), np.float32(SMALLEST_MAXIMUM))
    integers = np.rint(rows * (np.float32(LARGEST) / largest)[:, None])
    return Quantized(integers.astype(np.int8), largest / np.float32(LARGEST))


def quantize_weights(weights: Iterable[tuple[str, Weight]]) -> dict[str, Weight]:
    """A model's parameters with every matrix rounded; vectors and learned positions stay as they are."""
    return {
        name: quantize_rows(weight)
        if not isinstance(weight, Quantized) and weight.ndim == 2 and not name.endswith(".table_PD")
        else weight
        for name, weight in weights
    }
