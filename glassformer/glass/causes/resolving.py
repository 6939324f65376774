"""From interventions as they are written to changes of the model: places become numbers, waiting values known."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from glassformer.errors import UsageError
from glassformer.glass.causes.intervening import Change, check_heads, writable
from glassformer.glass.causes.interventions import Cut, Edit, Force, Intervention, Places, listed
from glassformer.glass.causes.places import Axis, numbered
from glassformer.glass.graph import graph
from glassformer.glass.tensor import TracedTensor
from glassformer.model import ModelConfig
from glassformer.text.tokenizer import Tokenizer

Interventions = Sequence[Intervention | Sequence[Intervention]]


@dataclass(frozen=True)
class Plan:
    """Interventions that are ready: changes of the model, and the tokens that steps are forced to say."""

    changes: tuple[Change, ...] = ()
    forced: Mapping[int, int] = dataclasses.field(default_factory=dict)

    def describe(self) -> list[dict[str, Any]]:
        """As the record has it."""
        forced = [Force(step, token).describe() for step, token in self.forced.items()]
        return [change.what.describe() for change in self.changes] + forced


@dataclass(frozen=True)
class Unchanged:
    """The translation without any intervention: its tensors, and the tokens of both sides, the target's as written."""

    config: ModelConfig
    tensors: Mapping[str, TracedTensor]
    axes: Mapping[str, Axis]

    def plan(self, interventions: Interventions, tokenizer: Tokenizer) -> Plan:
        """The plan that carries the interventions out; UsageError or InputError for what cannot be."""
        flat = list(_flattened(interventions))
        changes = [Change(self.resolved(one)) for one in flat if not isinstance(one, Force)]
        return Plan(tuple(changes), {one.step: _id(one, tokenizer) for one in flat if isinstance(one, Force)})

    def resolved(self, what: Edit | Cut) -> Edit | Cut:
        """The intervention with numbers for words, and with its value."""
        return self._edit(what) if isinstance(what, Edit) else self._cut(what)

    def _edit(self, edit: Edit) -> Edit:
        node = writable({node.name: node for node in graph(self.config)}, edit.tensor)
        side = node.axes[-2]
        edit = dataclasses.replace(edit, positions=numbered(edit.positions, self.axes[side], side))
        if edit.value is not None:
            return edit
        own = torch.as_tensor(self.tensors[edit.tensor].values)
        own = own.mean(-2, keepdim=True) if edit.kind == "mean" else own[..., _chosen(edit.positions), :]
        if len(node.axes) == 3:
            own = own[_chosen(edit.heads)]
        return dataclasses.replace(edit, value=own)

    def _cut(self, what: Cut) -> Cut:
        stack, _, kind = what.attention.partition(".")
        queries, keys = ("source" if stack == "encoder" else "target"), ("target" if stack == "decoder" else "source")
        keys = "source" if kind.endswith("cross_attention") else keys
        check_heads(what.heads, self.config.num_heads, what.attention)
        return dataclasses.replace(
            what,
            queries=numbered(what.queries, self.axes[queries], queries),
            keys=numbered(what.keys, self.axes[keys], keys),
        )


def _chosen(places: Places) -> Any:
    return slice(None) if places is None else [int(place) for place in listed(places) or ()]


def _flattened(interventions: Interventions) -> Iterable[Intervention]:
    for one in interventions:
        yield from [one] if isinstance(one, Edit | Cut | Force) else one


def _id(forced: Force, tokenizer: Tokenizer) -> int:
    if forced.step < 0:
        raise UsageError(f"step {forced.step}: steps begin with 0")
    if isinstance(forced.token, int):
        if not 0 <= forced.token < tokenizer.vocab_size:
            raise UsageError(f"token {forced.token}: the vocabulary has the ids 0 to {tokenizer.vocab_size - 1}")
        return forced.token
    if forced.token in tokenizer.pieces:
        return tokenizer.pieces.index(forced.token)
    ids = tokenizer.encode(forced.token)
    if len(ids) != 1:
        pieces = " ".join(map(tokenizer.piece, ids))
        raise UsageError(f"'{forced.token}' is {len(ids)} tokens ({pieces}); force each at a step of its own")
    return ids[0]
