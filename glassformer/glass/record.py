"""The trace record: everything that every view shows, and nothing that is not in it.

`trace.schema.json` describes its JSON form.
"""

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, get_args

import numpy as np
from numpy.typing import NDArray

from glassformer.arguments import checked, path_of, text_of
from glassformer.errors import InputError, UsageError, nearest
from glassformer.files import refuse_nameless, write_output
from glassformer.glass.cell import Cell, explain_cell, index_of, recompute
from glassformer.glass.detail import Detail, attention_only
from glassformer.glass.numbers import show
from glassformer.glass.ops import OPS
from glassformer.glass.ops.op import Index
from glassformer.glass.tensor import TracedTensor, not_carried
from glassformer.glass.validity import SCHEMA, refuse_invalid
from glassformer.reading import MIB, parse_json, read_regular
from glassformer.text.printable import escaped

# Fields that a record has only where there is something to say.
OPTIONAL = ("interventions", "cause", "glosses", "translator", "embeddings", "training_step")
LARGEST = 4096 * MIB  # bytes of a trace's file


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
    interventions: dict[str, Any] | None = None
    cause: dict[str, Any] | None = None
    glosses: dict[str, str] | None = None
    translator: dict[str, Any] | None = None
    embeddings: dict[str, Any] | None = None
    training_step: dict[str, Any] | None = None

    # What Jupyter shows. Views stand above the record, so `glass/trace.py` sets the one for notebooks here.
    mimebundle: ClassVar[Callable[["Trace", Detail | None], dict[str, str]]] = lambda trace, _: {
        "text/plain": escaped(trace.meta["title"])
    }

    def __repr__(self) -> str:
        """One line of what one wants to know first; the numbers are in `tensors`."""
        title, written = escaped(self.meta["title"]), self.decode
        tensors = f"{len(self.tensors)} tensors, detail {self.meta['detail']}"
        steps = (
            f"{len(written['steps'])} steps, {written['strategy']}, ln p {show(written['log_prob'])}; "
            if written
            else ""
        )
        return f"<Trace {title}: {steps}{tensors}; see .tensors, .values(NAME), .cell(NAME, row=0, column=0)>"

    def tensor(self, name: str) -> TracedTensor:
        """The tensor called `name`; UsageError with the nearest names if there is none."""
        if text_of(name, "name") not in self.tensors:
            raise UsageError(f"no tensor '{name}' in this trace; {nearest(name, self.tensors)}")
        return self.tensors[name]

    def values(self, name: str) -> NDArray[Any]:
        """A tensor's values; InputError where the trace does not carry them."""
        values = self._with_values(self.tensor(name)).values
        if values is None:
            raise not_carried(name)
        return values

    def operands(self, tensor: TracedTensor) -> dict[str, TracedTensor]:
        """The operands of a tensor by role."""
        return {role: self._with_values(self.tensor(name)) for role, name in tensor.operands.items()}

    def mask(self, tensor: TracedTensor) -> NDArray[Any] | None:
        """Why cells are hidden (`ops/mask.py`), of masked scores or of the weights made from them; None for others."""
        if tensor.op == "softmax" and "x" in tensor.operands:
            tensor = self.tensor(tensor.operands["x"])
        return self.values(tensor.operands["mask"]) if tensor.op == "mask" and "mask" in tensor.operands else None

    def recompute(self, tensor: TracedTensor, index: Index) -> float:
        """A cell's value by its rule, in float64, from the stored values of its operands."""
        with _refusing_altered(tensor):
            return recompute(tensor, self.operands(tensor), index)

    def _with_values(self, tensor: TracedTensor) -> TracedTensor:
        """The tensor with its values; those that a compact record left out are computed from its operands."""
        if not _is_left_out(tensor):
            return tensor
        left_out, computed = self._left_out(tensor), dict[str, TracedTensor]()
        for name, one in self.tensors.items():  # operands come first
            if name in left_out:
                operands = {role: computed.get(made, self.tensor(made)) for role, made in one.operands.items()}
                computed[name] = dataclasses.replace(one, values=_computed(one, operands))
        return computed[tensor.name]

    def _left_out(self, tensor: TracedTensor) -> set[str]:
        """The names of this tensor and of all those left out that it is made from."""
        found, waiting = {tensor.name}, [tensor]
        while waiting:
            for name in waiting.pop().operands.values():
                if name not in found and _is_left_out(operand := self.tensor(name)):
                    found.add(name)
                    waiting.append(operand)
        return found

    @checked
    def cell(self, name: str, **index: int) -> Cell:
        """One number, its formula with symbols and with numbers, and the operand cells that made it.

        The index is given by the names of the axes (`head=0, target=2, source=3`), or by `head`,
        `row` and `column`. Raises UsageError for an unknown tensor, axis or place.
        """
        return self.cell_at(name, index_of(self.tensor(name), index))

    def cell_at(self, name: str, index: Index) -> Cell:
        """The same, for an index with one number per axis."""
        tensor = self._with_values(self.tensor(name))
        with _refusing_altered(tensor):
            return explain_cell(tensor, self.operands(tensor), index)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """How a notebook shows the trace: by MIME type, what `mimebundle` gives."""
        return type(self).mimebundle(self, None)

    @checked
    def display(self, detail: Detail | None = None) -> "Display":
        """The trace as a notebook shows it, as the last line of a cell: with this detail.

        A trace that displays itself adds less than 1 MB to the notebook's file: it shows the fullest detail for which
        that is enough. `detail` asks for another: only with "full+weights" can a reader type sentences and edit.

        Raises UsageError for an unknown detail or one that the trace does not have, InputError for a page above 50 MB.
        """
        return Display(type(self).mimebundle(self, detail))

    @checked
    def with_detail(self, detail: Detail) -> "Trace":
        """The same record with what this detail keeps, as `trace` would have written it.

        Raises UsageError for an unknown detail, or one that keeps more than the record has.
        """
        details = get_args(Detail)
        present = details.index(self.meta["detail"])
        if (wanted := details.index(detail)) > present:
            raise UsageError(f"this trace has the detail '{details[present]}'; write it again with detail='{detail}'")
        if wanted == present:
            return self
        record = self._without_weights()
        if detail == "full":
            return record
        meta = self.meta | {"detail": detail}
        return dataclasses.replace(record, meta=meta, tensors=attention_only(self.tensors), tour=())

    def _without_weights(self) -> "Trace":
        """The same record without the model's parameters, as of the detail "full": its file and its page take a
        fraction of the room. Its page cannot be edited."""
        tensors = {
            name: dataclasses.replace(one, values=None) if one.op == "parameter" else one
            for name, one in self.tensors.items()
        }
        meta = self.meta | {"detail": "full" if self.meta["detail"] == "full+weights" else self.meta["detail"]}
        return dataclasses.replace(
            self, meta=meta, tensors=tensors, vocabulary=None, translator=None, training_step=None
        )

    @property
    def compact_nbytes(self) -> int:
        """Bytes of the values in the compact form (`to_dict`)."""
        return sum(one.nbytes for one in self.tensors.values() if not _is_derivable(one))

    def to_dict(self, compact: bool = False) -> dict[str, Any]:
        """The record as JSON values. `compact` leaves out the data of derivable operations."""
        tensors = [one.to_dict(not (compact and _is_derivable(one))) for one in self.tensors.values()]
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        lists = {"checks": list(self.checks), "tour": list(self.tour)}
        absent = {name for name in OPTIONAL if fields[name] is None}
        kept = {name: value for name, value in fields.items() if name not in absent}
        return {"schema": SCHEMA, **kept, **lists, "tensors": tensors}

    @checked
    def to_json(self, compact: bool = False) -> str:
        """The record as one line of JSON."""
        return json.dumps(self.to_dict(compact), ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    @checked
    def save(self, path: str | Path) -> None:
        """Write the record to a JSON file; a pipe or a device is written to, never replaced."""
        path = path_of(path, "path")
        refuse_nameless(path)
        write_output(path, self.to_json().encode(errors="backslashreplace"))

    @classmethod
    def load(cls, path: str | Path) -> "Trace":
        """Read a record; InputError if it is missing, truncated, of another version, or no trace."""
        try:
            record = parse_json(read_regular(path_of(path, "path"), LARGEST, named=True))
        except FileNotFoundError as error:
            raise InputError(
                f"{path}: no such trace; write one with: glassformer explain MODEL SENTENCE --json {path}"
            ) from error
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise InputError(f"{path}: truncated or not JSON; write the trace again") from error
        return cls.from_dict(record, str(path))

    @classmethod
    @checked
    def from_dict(cls, record: Any, where: str = "trace") -> "Trace":
        """The trace of a record; InputError if it does not follow the schema or contradicts itself."""
        refuse_invalid(record, where)
        tensors = {one["name"]: TracedTensor.from_dict(one, where) for one in record["tensors"]}
        fields = {f.name: record[f.name] for f in dataclasses.fields(cls) if f.name in record}
        return cls(**fields | {"tensors": tensors})


@dataclass(frozen=True)
class Display:
    """What a notebook shows of a trace, by MIME type."""

    bundle: dict[str, str]

    def __repr__(self) -> str:
        return self.bundle["text/plain"]

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return self.bundle


def _computed(tensor: TracedTensor, operands: Mapping[str, TracedTensor]) -> NDArray[Any]:
    """The values of a tensor, cell by cell."""
    cells = (recompute(tensor, operands, index) for index in np.ndindex(tensor.shape))
    with _refusing_altered(tensor):
        return np.fromiter(cells, np.float32, int(np.prod(tensor.shape))).reshape(tensor.shape)


def _is_left_out(tensor: TracedTensor) -> bool:
    return tensor.values is None and _is_derivable(tensor)


def _is_derivable(tensor: TracedTensor) -> bool:
    return tensor.op in OPS and OPS[tensor.op].derivable


Labelled = tuple[str, Trace]  # a label, and the trace that is shown under it


@contextmanager
def _refusing_altered(tensor: TracedTensor) -> Iterator[None]:
    """InputError where an altered record names operands or attributes that its operation cannot use."""
    try:
        with np.errstate(invalid="raise", divide="raise"):
            yield
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise InputError(f"{tensor.name}: not made by its operation, '{tensor.op}'; write the trace again") from error
