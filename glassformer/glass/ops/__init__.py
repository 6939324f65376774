"""The operations: for each one a record of everything that glassformer knows of it, in a file for its family.

Whatever follows a number back to where it comes from (a drill-down, a worked solution, a check) reads these
records, and nothing else names an operation to say how it works. The page has the same families in
`web/src/ops/`; `tests/glass/vectors.json` holds the two to each other and to torch. How to add an operation:
`docs/recipes/operation.md`.

Rows are tokens; a leading axis, where there is one, is the head.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassformer.glass.ops.elementwise import ACTIVATIONS, ELEMENTWISE
from glassformer.glass.ops.mask import MASK
from glassformer.glass.ops.moves import MOVES
from glassformer.glass.ops.norms import NORMS
from glassformer.glass.ops.op import Array, Attributes, Op
from glassformer.glass.ops.positions import POSITIONS
from glassformer.glass.ops.products import PRODUCTS
from glassformer.glass.ops.softmax import SOFTMAX

__all__ = ["ACTIVATIONS", "LEAVES", "NORMS", "OPS", "row_statistics"]

LEAVES = ("input", "parameter")  # tensors that no operation made
OPS: dict[str, Op] = {**MOVES, **POSITIONS, **ELEMENTWISE, **PRODUCTS, **MASK, **SOFTMAX, **NORMS}


def row_statistics(op: str, x: NDArray[Any], attributes: Attributes) -> dict[str, Array]:
    """What a record keeps of each row of an operation's result, from its operand x; {} where it keeps nothing."""
    statistics = OPS[op].statistics
    return statistics(x.astype(np.float64), attributes) if statistics else {}
