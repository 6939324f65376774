"""Many interventions at once: each row of a batch is the same sentence under changes of its own.

Axes: B rows, V vocabulary.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from glassformer.glass.causes.intervening import Change, intervening
from glassformer.glass.causes.interventions import Cut, Edit
from glassformer.glass.graph import graph
from glassformer.model import Transformer
from glassformer.model.observe import observed

POSITIONS = 8192  # of a batch, source and target together: what a few hundred megabytes hold of a large model


@dataclass(frozen=True)
class Reading:
    """What a model reads: the ids of the source, with `</s>`, and of the target so far, with the start token."""

    source: tuple[int, ...]
    read: tuple[int, ...]


@dataclass(frozen=True)
class Outcome:
    """What rows gave: the logits of what comes next, and the tensors asked for, by name, a row first."""

    logits_BV: Tensor
    kept: dict[str, Tensor] = field(default_factory=dict)


def run(
    model: Transformer, reading: Reading, rows: Sequence[Sequence[Edit | Cut]], keep: Collection[str] = ()
) -> Outcome:
    """Read the sentence once for each row, under that row's changes; places and values are known.

    Gradients flow where the caller has them enabled. Raises what `intervening` raises.
    """
    size = max(1, POSITIONS // (len(reading.source) + len(reading.read)))
    outcomes = [_batch(model, reading, rows[first : first + size], keep) for first in range(0, len(rows), size)]
    kept = {name: torch.cat([one.kept[name] for one in outcomes]) for name in keep}
    return Outcome(torch.cat([one.logits_BV for one in outcomes]), kept)


def _batch(
    model: Transformer, reading: Reading, rows: Sequence[Sequence[Edit | Cut]], keep: Collection[str]
) -> Outcome:
    hooks = {node.name: node.hook for node in graph(model.config) if node.name in keep and node.hook}
    device = model.generator.weight.device
    source_BS, read_BT = (torch.tensor([ids] * len(rows), device=device) for ids in (reading.source, reading.read))
    with intervening(model, _changes(rows)), observed(model, {hook.module for hook in hooks.values()}) as calls:
        memory = model.encode(source_BS, explicit=True)
        hidden_BTD, _ = model.decode(read_BT, model.start(memory), explicit=True)
        logits_BV = model.logits(hidden_BTD[:, -1:])[:, -1]
    return Outcome(logits_BV, {name: hook.read(calls[hook.module]) for name, hook in hooks.items()})


def _changes(rows: Sequence[Sequence[Edit | Cut]]) -> Iterator[Change]:
    for number, row in enumerate(rows):
        yield from (Change(what, number) for what in row)
