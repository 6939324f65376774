"""Collects the example's tensors as they are computed."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from glassformer.glass.ops import row_statistics
from glassformer.glass.tensor import TracedTensor


class Recorder:
    """`tensors` in the order in which they were added, and the length of every axis they name."""

    def __init__(self) -> None:
        self.tensors: dict[str, TracedTensor] = {}
        self.axes: dict[str, dict[str, Any]] = {}

    def add(
        self,
        name: str,
        op: str,
        axes: tuple[str, ...],
        values: Tensor,
        label: str,
        operands: Mapping[str, str] | None = None,
        attributes: Mapping[str, Any] | None = None,
        roles: tuple[str, ...] | None = None,
        dtype: str = "float64",
    ) -> Tensor:
        """Record `values` under `name`, and return them; in memory they keep their full precision."""
        operands, attributes = dict(operands or {}), dict(attributes or {})
        array = values.detach().numpy()
        x = self.tensors[operands["x"]].values if "x" in operands else None
        self.axes |= {axis: {"size": size} for axis, size in zip(axes, array.shape, strict=True)}
        self.tensors[name] = TracedTensor(
            name=name,
            op=op,
            axes=axes,
            shape=array.shape,
            operands=operands,
            attributes=attributes,
            label=label,
            roles=roles,
            dtype=dtype,
            values=array,
            statistics={} if x is None else row_statistics(op, x, attributes),
        )
        return values
