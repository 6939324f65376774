"""The trace record: everything that every view shows, and nothing that is not in it.

`trace.schema.json` describes its JSON form. Tensors are written as base64 of little-endian numbers,
never as text; JSON has neither NaN nor infinity, so those can stand in tensors only.
"""

import base64
import dataclasses
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassformer.errors import InputError, UsageError, nearest
from glassformer.files import write_whole
from glassformer.glass.cell import Cell, explain_cell, place_of
from glassformer.glass.ops import DERIVABLE, OPS, Index, Site
from glassformer.glass.validity import SCHEMA, refuse_invalid

DTYPES = {"float32": "<f4", "float64": "<f8", "int32": "<i4", "uint8": "<u1"}
VISIBLE, PADDING, FUTURE = 0, 1, 2  # why a mask hides a cell; 3 is both
REASONS = ("visible", "padding", "future", "padding and future")


@dataclass(frozen=True)
class TracedTensor:
    """One tensor, the operation that made it, and the names of its operands by role.

    `axes` name its axes; `roles` say what rows and columns are to each other ("query", "key") where
    that differs. `values` is None where they are not carried (weights, in a small record).
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

    def at(self, index: Index) -> float:
        """One value; InputError where it is not carried, UsageError where there is no such cell."""
        if len(index) != len(self.shape) or not all(0 <= i < n for i, n in zip(index, self.shape, strict=True)):
            raise UsageError(f"{self.name} has the shape {list(self.shape)}: there is no cell {list(index)}")
        if self.values is None:
            raise _not_carried(self.name)
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


def recompute(tensor: TracedTensor, operands: dict[str, TracedTensor], index: Index) -> float:
    """A cell's value by the rule of its operation, in float64."""
    site, op = Site(index, operands, tensor.attributes, tensor.row_statistics(index)), OPS[tensor.op]
    return op.value(site, [operands[role].at(place) for role, place in op.cells(site)])


@dataclass(frozen=True)
class Trace:
    """One translation, or the lecture, to the last number. The fields are the record's (see the schema)."""

    meta: dict[str, Any]
    model: dict[str, Any]
    conventions: dict[str, Any]
    axes: dict[str, dict[str, Any]]
    tensors: dict[str, TracedTensor]
    vocabulary: dict[str, list[str] | None] | None = None
    decode: dict[str, Any] | None = None
    beam: dict[str, Any] | None = None
    checks: Sequence[dict[str, Any]] = ()
    tour: Sequence[dict[str, Any]] = ()

    def tensor(self, name: str) -> TracedTensor:
        """The tensor of that name; UsageError with the nearest names if there is none."""
        if name not in self.tensors:
            raise UsageError(f"no tensor '{name}' in this trace; {nearest(name, self.tensors)}")
        return self.tensors[name]

    def values(self, name: str) -> NDArray[Any]:
        """A tensor's values; InputError where the trace does not carry them."""
        values = self._filled(self.tensor(name)).values
        if values is None:
            raise _not_carried(name)
        return values

    def operands(self, tensor: TracedTensor) -> dict[str, TracedTensor]:
        """The operands of a tensor by role."""
        return {role: self._filled(self.tensor(name)) for role, name in tensor.operands.items()}

    def mask(self, tensor: TracedTensor) -> NDArray[Any] | None:
        """Why cells are hidden (`REASONS`), of masked scores or of the weights made from them; None for others."""
        if tensor.op == "softmax" and "x" in tensor.operands:
            tensor = self.tensor(tensor.operands["x"])
        return self.values(tensor.operands["mask"]) if tensor.op == "mask" and "mask" in tensor.operands else None

    def recompute(self, tensor: TracedTensor, index: Index) -> float:
        """A cell's value by its rule, in float64, from the stored values of its operands."""
        with _following(tensor):
            return recompute(tensor, self.operands(tensor), index)

    def _filled(self, tensor: TracedTensor) -> TracedTensor:
        """The tensor with its values; those that a compact record left out are made from its operands."""
        if tensor.values is not None or tensor.op not in DERIVABLE:
            return tensor
        operands = self.operands(tensor)
        cells = (recompute(tensor, operands, index) for index in np.ndindex(tensor.shape))
        with _following(tensor):
            values = np.fromiter(cells, np.float32, int(np.prod(tensor.shape))).reshape(tensor.shape)
        return dataclasses.replace(tensor, values=values)

    def cell(self, name: str, **index: int) -> Cell:
        """One number, its formula with numbers in it, and the cells that made it.

        The index is given by the names of the axes (`head=0, target=2, source=3`), or by `head`,
        `row` and `column`. Raises UsageError for an unknown tensor, axis or place.
        """
        return self.cell_at(name, place_of(self.tensor(name), index))

    def cell_at(self, name: str, index: Index) -> Cell:
        """The same for an index of one number for each axis."""
        tensor = self._filled(self.tensor(name))
        with _following(tensor):
            return explain_cell(tensor, self.operands(tensor), index)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """How a notebook shows it: the page in a sandbox, a drawing, plain text."""
        from glassformer.glass.views.notebook import mimebundle  # views stand above the record; Jupyter asks here

        return mimebundle(self)

    def to_dict(self, compact: bool = False) -> dict[str, Any]:
        """The record as JSON values. `compact` leaves out the data that can be made from operands."""
        tensors = [one.to_dict(not (compact and one.op in DERIVABLE)) for one in self.tensors.values()]
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        lists = {"checks": list(self.checks), "tour": list(self.tour)}
        return {"schema": SCHEMA, **fields, **lists, "tensors": tensors}

    def to_json(self, compact: bool = False) -> str:
        """The record as one line of JSON."""
        return json.dumps(self.to_dict(compact), ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    def save(self, path: str | Path) -> None:
        """Write the record to a JSON file."""
        write_whole(Path(path), self.to_json().encode(errors="backslashreplace"))

    @classmethod
    def load(cls, path: str | Path) -> "Trace":
        """Read a record; InputError if it is missing, truncated, of another version, or no trace."""
        try:
            record = json.loads(Path(path).read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise InputError(
                f"{path}: no such trace; write one with: glassformer explain MODEL SENTENCE --json {path}"
            ) from error
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(f"{path}: truncated or not JSON; write the trace again") from error
        return cls.from_dict(record, str(path))

    @classmethod
    def from_dict(cls, record: Any, where: str = "trace") -> "Trace":
        """The trace of a record; InputError if it does not follow the schema or contradicts itself."""
        refuse_invalid(record, where)
        tensors = {one["name"]: _tensor(one, where) for one in record["tensors"]}
        fields = {f.name: record[f.name] for f in dataclasses.fields(cls)}
        return cls(**fields | {"tensors": tensors})


Labelled = tuple[str, Trace]  # one of several traces, and what it is called beside the others


def _not_carried(name: str) -> InputError:
    return InputError(f"{name} is not carried by this trace; write it with --detail full+weights")


@contextmanager
def _following(tensor: TracedTensor) -> Iterator[None]:
    """A record that was altered may name operands or attributes that its operation cannot use."""
    try:
        yield
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise InputError(f"{tensor.name}: not made by its operation, '{tensor.op}'; write the trace again") from error


def _encode(values: NDArray[Any], dtype: str) -> str:
    return base64.b64encode(np.ascontiguousarray(values, DTYPES[dtype]).tobytes()).decode()


def _decode(data: str, dtype: str, shape: tuple[int, ...], where: str) -> NDArray[Any]:
    try:
        return np.frombuffer(base64.b64decode(data, validate=True), DTYPES[dtype]).reshape(shape)
    except (ValueError, OverflowError) as error:
        raise InputError(
            f"{where}: its data are not {list(shape)} numbers of type {dtype}; write the trace again"
        ) from error


def _tensor(one: dict[str, Any], where: str) -> TracedTensor:
    shape = tuple(one["shape"])
    columns = None if one["columns"] is None else tuple(one["columns"])
    stored = shape if columns is None else (*shape[:-1], len(columns))
    where = f"{where}: {one['name']}"
    data = one["data"]
    return TracedTensor(
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
