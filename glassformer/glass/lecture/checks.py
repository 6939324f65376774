"""Every number that the lecture prints, held against the replay."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from glassformer.glass.lecture.facts import (
    FEED_FORWARD_WIDTHS,
    FORMULA_ERRATUM,
    PRINTED,
    Matrix,
    Printed,
)
from glassformer.glass.record import Trace
from glassformer.glass.tensor import TracedTensor

Check = dict[str, Any]
RIGHT_DECIMALS = 10  # of the right values of an erratum
ROUNDING = 1e-12  # what float64 may add to half of the last decimal, relative to numbers up to 1000


def check_printed(tensors: Mapping[str, TracedTensor]) -> list[Check]:
    """One check for each printed matrix, in the lecture's order, as the record carries them.

    `agrees`: computed and printed are equal to the printed decimals. A known mistake has an `erratum`
    that says why it is one, and `right` values.
    """
    checks = [_check(one, _rows(tensors[one.tensor])) for one in PRINTED]
    return [*checks, _formula(), _widths()]


def passes(check: Check) -> bool:
    """Whether the computed numbers are the printed ones, or else the right ones of a known mistake."""
    if check["erratum"] is None:
        return bool(check["agrees"])
    return check["right"] is None or equal(check["computed"], check["right"], RIGHT_DECIMALS)


def check(trace: Trace) -> bool:
    """Whether nothing differs from the lecture but its known mistakes."""
    return all(map(passes, trace.checks))


def equal(computed: ArrayLike, printed: ArrayLike, decimals: int) -> bool:
    """Whether all numbers are equal once rounded to so many decimals; False for another shape."""
    a, b = np.asarray(computed, np.float64), np.asarray(printed, np.float64)
    return a.shape == b.shape and bool(np.all(np.abs(a - b) <= 0.5 * 10.0**-decimals + ROUNDING))


def _check(one: Printed, computed: Matrix) -> Check:
    return {
        "name": one.name,
        "tensor": one.tensor,
        "decimals": one.decimals,
        "printed": one.value,
        "computed": computed,
        "agrees": equal(computed, one.value, one.decimals),
        "erratum": one.erratum,
        "right": one.right,
    }


def _rows(tensor: TracedTensor) -> Matrix:
    assert tensor.values is not None
    rows: Matrix = tensor.values.tolist()
    return rows


def _formula() -> Check:
    """A slip in a formula: there is nothing to compute."""
    one = Printed("formula", "attention", 0, [], FORMULA_ERRATUM)
    return _check(one, []) | {"agrees": False}


def _widths() -> Check:
    """The table of four models: d_model, and d_ff, which is four times as wide."""
    printed: Matrix = [[d_model, d_ff] for d_model, d_ff in FEED_FORWARD_WIDTHS.values()]
    return _check(Printed("d_ff = 4 d_model", "feed_forward.inner", 0, printed), [[d, 4 * d] for d, _ in printed])
