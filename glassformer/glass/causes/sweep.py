"""A sweep: the effect of every part of the model on a contrast, one intervention for each, in one batch.

The effect of a part is what the contrast loses when the part is changed: contrast - contrast under the change.
Positive: the part speaks for A. Its total effect is felt through all that follows; its direct effect with all later
sublayers of its own stack held at what they were, so that it reaches the stack's output (and from the encoder the
decoder) alone. (Pearl 2001; Vig et al. 2020, section 3.)

Axes: B rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from glassformer.arguments import checked
from glassformer.errors import UsageError
from glassformer.glass.causes.asking import Question
from glassformer.glass.causes.components import FEED_FORWARD, SIDES, Stack, after, stream, sublayers
from glassformer.glass.causes.interventions import Edit, replace
from glassformer.glass.causes.patching import Alignment, patch
from glassformer.glass.causes.running import Reading, run
from glassformer.model import ModelConfig, Transformer

Ablation = Literal["patch", "mean", "zero"]


class Part(NamedTuple):
    """Something to change: a tensor, one of its heads or all, one of its places or all; and its cell in the map."""

    tensor: str
    row: int
    column: int
    head: int | None = None
    place: int | None = None


@dataclass(frozen=True)
class EffectMap:
    """The effects of one kind of part: `total[row][column]`, and so `direct`; None where nothing corresponds.

    `columns`: what a column is: a place of "source" or "target" (in which target places are steps), a "head", or "all".
    `tensors`: what is changed in each row, by its name in the trace.
    """

    name: str
    rows: tuple[str, ...]
    tensors: tuple[str, ...]
    columns: str
    total: tuple[tuple[float | None, ...], ...]
    direct: tuple[tuple[float | None, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """As the record has it."""
        return {
            "name": self.name,
            "rows": list(self.rows),
            "tensors": list(self.tensors),
            "columns": self.columns,
            "total": [list(row) for row in self.total],
            "direct": [list(row) for row in self.direct],
        }

    @classmethod
    def from_dict(cls, one: dict[str, Any]) -> "EffectMap":
        """The map of a record."""
        tables = {key: tuple(map(tuple, one[key])) for key in ("total", "direct")}
        return cls(one["name"], tuple(one["rows"]), tuple(one["tensors"]), one["columns"], **tables)

    def largest(self) -> float:
        """The size of the largest total effect; 0 where nothing corresponds."""
        return max((abs(effect) for row in self.total for effect in row if effect is not None), default=0.0)


@dataclass(frozen=True)
class Sweep:
    """A contrast as it is (`clean`), in the second sentence with the same translation so far (`other`; None without
    one), and the maps. `ablation`: what was put in a part's place: the second sentence's numbers, the mean over the
    sentence's own positions, or zero."""

    ablation: Ablation
    clean: float
    other: float | None
    maps: tuple[EffectMap, ...]

    def map(self, name: str) -> EffectMap:
        """The map of that name."""
        return next(one for one in self.maps if one.name == name)


@torch.no_grad()
@checked
def sweep(model: Transformer, question: Question, ablation: Ablation | None = None) -> Sweep:
    """The maps of a question: both streams by places; each kind of attention by heads; feed-forward by layers.

    Where there is a second sentence its numbers are patched in, else the mean over the positions is (unless `ablation`
    says otherwise). Patched parts are those that correspond. Raises UsageError for an ablation that cannot be.
    """
    ablation = ablation or ("patch" if question.other else "mean")
    if ablation == "patch" and question.other is None:
        raise UsageError("patching wants a second sentence to take the numbers from (versus)")
    shapes = _maps(model.config, question.reading)
    parts = [part for shape in shapes for part in shape.parts]
    later = {part.tensor: after(model.config, part.tensor) for part in parts}
    tensors = {*later, *(name for some in later.values() for name in some)}
    clean = run(model, question.reading, [[]], tensors)
    second = run(model, question.other.reading, [[]], tensors) if question.other and ablation == "patch" else None
    own = {name: x[0] for name, x in clean.kept.items()}
    others = {name: x[0] for name, x in second.kept.items()} if second else {}
    edits = [_edit(part, ablation, own, others, question) for part in parts]
    can = [number for number, edit in enumerate(edits) if edit is not None]
    frozen = {tensor: [replace(name, own[name]) for name in names] for tensor, names in later.items()}
    rows: list[list[Edit]] = []
    for number in can:
        edit = edits[number]
        assert edit is not None
        rows += [[edit], [edit, *frozen[parts[number].tensor]]]
    before = float(question.contrast(clean.logits_BV)[0])
    effects = before - question.contrast(run(model, question.reading, rows).logits_BV)
    found = {
        number: (float(total), float(direct)) for number, (total, direct) in zip(can, effects.view(-1, 2), strict=True)
    }
    by_part: dict[Part, tuple[float | None, float | None]] = {
        part: found.get(number, (None, None)) for number, part in enumerate(parts)
    }
    other = float(question.contrast(second.logits_BV)[0]) if second else None
    return Sweep(ablation, before, other, tuple(shape.filled(by_part) for shape in shapes))


class _Map(NamedTuple):
    """A map to be filled."""

    name: str
    rows: tuple[str, ...]
    columns: str
    parts: list[Part]

    def filled(self, effects: Mapping[Part, tuple[float | None, float | None]]) -> EffectMap:
        tables = []
        for which in (0, 1):
            rows: list[list[float | None]] = [[] for _ in self.rows]
            for part in self.parts:  # in the order of the columns
                rows[part.row].append(effects[part][which])
            tables.append(tuple(map(tuple, rows)))
        changed = {part.row: part.tensor for part in self.parts}
        tensors = tuple(changed[row] for row in range(len(self.rows)))
        return EffectMap(self.name, self.rows, tensors, self.columns, *tables)


def _maps(config: ModelConfig, reading: Reading) -> list[_Map]:
    return [*_of_stack(config, "encoder", len(reading.source)), *_of_stack(config, "decoder", len(reading.read))]


def _of_stack(config: ModelConfig, stack: Stack, length: int) -> Iterator[_Map]:
    names = stream(config, stack)
    depths = ("embedding", *(f"layer {n}" for n in range(len(names) - 1)))
    cells = [Part(name, r, c, place=c) for r, name in enumerate(names) for c in range(length)]
    yield _Map(f"{stack}.stream", depths, SIDES[stack], cells)
    for kind in dict.fromkeys(one.kind for one in sublayers(config, stack)):
        some = [one for one in sublayers(config, stack) if one.kind == kind]
        rows = tuple(f"layer {one.layer}" for one in some)
        if kind == FEED_FORWARD:
            yield _Map(f"{stack}.{kind}", rows, "all", [Part(one.output, r, 0) for r, one in enumerate(some)])
        else:
            heads = [
                Part(f"{one.name}.heads", r, h, head=h) for r, one in enumerate(some) for h in range(config.num_heads)
            ]
            yield _Map(f"{stack}.{kind}", rows, "head", heads)


def _edit(
    part: Part, ablation: Ablation, own: dict[str, Tensor], others: dict[str, Tensor], question: Question
) -> Edit | None:
    heads = None if part.head is None else [part.head]
    places = None if part.place is None else [part.place]
    if ablation == "zero":
        return replace(part.tensor, 0.0, places, heads)
    if ablation == "mean":
        x = own[part.tensor]
        return replace(part.tensor, (x if heads is None else x[heads]).mean(-2, keepdim=True), places, heads)
    pairs = _pairs(part, question, own[part.tensor].shape[-2])
    return patch(part.tensor, others[part.tensor], pairs, heads) if pairs else None


def _pairs(part: Part, question: Question, length: int) -> Alignment:
    """The places of the part that correspond: in the decoder, which reads the same, each to itself."""
    of_source = part.tensor.startswith(("encoder", "source"))
    pairs: Sequence[tuple[int, int]] = ()
    if of_source and question.other:
        pairs = question.other.places
    elif not of_source:
        pairs = [(place, place) for place in range(length)]
    return tuple(pair for pair in pairs if part.place in (None, pair[0]))
