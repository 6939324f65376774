"""A traced tensor: its numbers, the operation that made it, and its JSON form.

Numbers are written as base64 of little-endian bytes, never as text; JSON has neither NaN nor infinity, so those can
stand in tensors only.
"""

import base64
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassformer.errors import InputError, UsageError
from glassformer.glass.ops.op import Index

DTYPES = {"float32": "<f4", "float64": "<f8", "int32": "<i4", "uint8": "<u1"}


@dataclass(frozen=True)
class TracedTensor:
    """One tensor, the operation that made it, and the names of its operands by role.

    `axes` name its axes; `roles` say what rows and columns are to each other ("query", "key") where
    that differs. `values` is None where they are not carried (parameters, in a small record).
    `columns`: the vocabulary ids of the columns that `values` has, where it has not all.
    `statistics`: what makes each row checkable (softmax: max and sum; norms: mean, deviation; ...).
    """

    name: str
    op: str
    axes: tuple[str, ...]
    shape: tuple[int, ...]
    operands: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    label: str = ""
    roles: tuple[str, ...] | None = None
    dtype: str = "float32"
    values: NDArray[Any] | None = None
    columns: tuple[int, ...] | None = None
    statistics: dict[str, NDArray[Any]] = field(default_factory=dict)

    def __repr__(self) -> str:
        carried = "" if self.values is not None else ", not carried"
        return f"<TracedTensor {self.name}: {self.op}, {' x '.join(map(str, self.shape))} {self.dtype}{carried}>"

    def at(self, index: Index) -> float:
        """One value; InputError where it is not carried, UsageError where there is no such cell."""
        if len(index) != len(self.shape) or not all(0 <= i < n for i, n in zip(index, self.shape, strict=True)):
            raise UsageError(f"{self.name} has the shape {list(self.shape)}: there is no cell {list(index)}")
        if self.values is None:
            raise not_carried(self.name)
        if self.columns is not None:
            if index[-1] not in self.columns:
                raise InputError(f"{self.name}: this trace carries the likeliest tokens only, not {index[-1]}")
            index = (*index[:-1], self.columns.index(index[-1]))
        return float(self.values[index])

    @property
    def nbytes(self) -> int:
        """Bytes of the values carried."""
        return 0 if self.values is None else self.values.size * np.dtype(self.dtype).itemsize

    def row_statistics(self, index: Index) -> dict[str, float]:
        """The statistics of the row that a cell is in."""
        return {name: float(rows[index[:-1]]) for name, rows in self.statistics.items()}

    def to_dict(self, with_data: bool) -> dict[str, Any]:
        """The tensor's JSON form."""
        return {
            "name": self.name,
            "op": self.op,
            "operands": self.operands,
            "attributes": self.attributes,
            "axes": list(self.axes),
            "roles": list(self.roles) if self.roles else None,
            "shape": list(self.shape),
            "dtype": self.dtype,
            "label": self.label,
            "data": _encode(self.values, self.dtype) if with_data and self.values is not None else None,
            "columns": list(self.columns) if self.columns is not None else None,
            "statistics": {name: _encode(row, "float32") for name, row in self.statistics.items()},
        }

    @classmethod
    def from_dict(cls, one: dict[str, Any], where: str) -> "TracedTensor":
        """The tensor of a JSON form that follows the schema; InputError, by `where` it was found, if its data do not
        fit its shape."""
        shape = tuple(one["shape"])
        columns = None if one["columns"] is None else tuple(one["columns"])
        stored = shape if columns is None else (*shape[:-1], len(columns))
        where = f"{where}: {one['name']}"
        data = one["data"]
        return cls(
            name=one["name"],
            op=one["op"],
            axes=tuple(one["axes"]),
            shape=shape,
            operands=one["operands"],
            attributes=one["attributes"],
            label=one["label"],
            roles=tuple(one["roles"]) if one["roles"] else None,
            dtype=one["dtype"],
            values=None if data is None else _decode(data, one["dtype"], stored, where),
            columns=columns,
            statistics={name: _decode(row, "float32", shape[:-1], where) for name, row in one["statistics"].items()},
        )


def not_carried(name: str) -> InputError:
    """The error to raise where a tensor's numbers are wanted that the trace leaves out."""
    return InputError(f"{name} is not carried by this trace; write it with --detail full+weights")


def _encode(values: NDArray[Any], dtype: str) -> str:
    return base64.b64encode(np.ascontiguousarray(values, DTYPES[dtype]).tobytes()).decode()


def _decode(data: str, dtype: str, shape: tuple[int, ...], where: str) -> NDArray[Any]:
    try:
        return np.frombuffer(base64.b64decode(data, validate=True), DTYPES[dtype]).reshape(shape)
    except (ValueError, OverflowError) as error:
        raise InputError(
            f"{where}: its data are not {list(shape)} numbers of type {dtype}; write the trace again"
        ) from error
