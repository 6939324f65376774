"""What can be done to a running model: changes of activations, cut edges of attention, forced tokens.

Positions may be numbers or words: of the source the words of the sentence, of the target those of the translation that
the model gives without the change. A position of the target is a step: the one that writes that token.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Number
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from glassformer.arguments import as_annotated, checked, shown
from glassformer.errors import UsageError

Places = Sequence[int | str] | int | str | None  # None: all
Kind = Literal["replace", "zero", "mean", "scale", "freeze"]


@dataclass(frozen=True)
class Edit:
    """new = factor · old + value, at some positions and heads of one tensor of the trace's graph.

    `value` broadcasts to (heads, positions, width), or (positions, width) where the tensor has no heads. For "mean" and
    "freeze" it comes from a run without changes, and is None until then.
    """

    kind: Kind
    tensor: str
    positions: Places = None
    heads: Sequence[int] | int | None = None
    factor: float = 0.0
    value: Tensor | float | None = 0.0

    def describe(self) -> dict[str, Any]:
        """As the record has it: all but the values, which are the tensor's own in the record."""
        return {
            "kind": self.kind,
            "tensor": self.tensor,
            "positions": listed(self.positions),
            "heads": listed(self.heads),
            "factor": self.factor,
        }


@dataclass(frozen=True)
class Cut:
    """Queries may not see keys, in one attention (`decoder.1.cross_attention`) or in that of every layer
    (`decoder.cross_attention`); as masked, so that a row which may see nothing takes nothing away."""

    attention: str
    queries: Places = None
    keys: Places = None
    heads: Sequence[int] | int | None = None

    def describe(self) -> dict[str, Any]:
        """As the record has it."""
        places = {"queries": listed(self.queries), "keys": listed(self.keys), "heads": listed(self.heads)}
        return {"kind": "cut", "tensor": self.attention, **places}


@dataclass(frozen=True)
class Force:
    """Step `step` says `token`, an id or a piece, whatever the model thinks of it."""

    step: int
    token: int | str

    def describe(self) -> dict[str, Any]:
        """As the record has it."""
        return {"kind": "force", "step": self.step, "token": self.token}


Intervention = Edit | Cut | Force
MOST_AXES = 8  # of numbers that are put in the place of a tensor's


@checked
def replace(tensor: str, value: object, positions: Places = None, heads: Sequence[int] | int | None = None) -> Edit:
    """Put numbers in the place of the tensor's own. A number, an array or a Tensor, which broadcasts."""
    try:
        if not _is_numbers(value):
            raise TypeError("torch would go through lists that hold each other, and ranges, without end")
        numbers = torch.as_tensor(np.array(value) if isinstance(value, np.ndarray | np.generic) else value)
        if numbers.is_complex() or numbers.is_meta or numbers.layout != torch.strided:
            raise TypeError("no numbers that a tensor may have")
        numbers = numbers.detach().to(torch.float32)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise UsageError(f"value is {shown(value)}: it must be a number or an array of numbers") from error
    return Edit("replace", tensor, positions, heads, value=numbers)


@checked
def zero(tensor: str, positions: Places = None, heads: Sequence[int] | int | None = None) -> Edit:
    """Set to zero (zero ablation)."""
    return Edit("zero", tensor, positions, heads)


@checked
def mean(tensor: str, positions: Places = None, heads: Sequence[int] | int | None = None) -> Edit:
    """Set to the mean over the positions of the same sentence, without the change (mean ablation)."""
    return Edit("mean", tensor, positions, heads, value=None)


@checked
def scale(tensor: str, factor: float, positions: Places = None, heads: Sequence[int] | int | None = None) -> Edit:
    """Multiply by a factor."""
    return Edit("scale", tensor, positions, heads, factor=factor)


@checked
def freeze(tensor: str, positions: Places = None, heads: Sequence[int] | int | None = None) -> Edit:
    """Hold at what it is without the changes, whatever the others make of it."""
    return Edit("freeze", tensor, positions, heads, value=None)


@checked
def cut(attention: str, queries: Places = None, keys: Places = None, heads: Sequence[int] | int | None = None) -> Cut:
    """Cut edges of attention: these queries may not see these keys."""
    return Cut(attention, queries, keys, heads)


@checked
def hide(positions: Places, *, within: Literal["encoder", "decoder", "both"] = "both") -> list[Cut]:
    """Hide source words from the decoder, from the words beside them in the encoder, or from both.

    From both, it is as if they were padding; their places stay.
    """
    cuts = {
        "encoder": Cut("encoder.self_attention", keys=positions),
        "decoder": Cut("decoder.cross_attention", keys=positions),
    }
    return list(cuts.values()) if within == "both" else [cuts[within]]


@checked
def force(step: int, token: int | str) -> Force:
    """Force the token of a step."""
    return Force(step, token)


def _is_numbers(value: object, axes: int = MOST_AXES) -> bool:
    """Whether it is a number, an array or a tensor, or lists of them, at most `axes` within each other."""
    if isinstance(value, list | tuple):
        return axes > 0 and all(_is_numbers(one, axes - 1) for one in value)
    return isinstance(value, Number | np.ndarray | np.generic | Tensor)


def listed(places: Places) -> list[int | str] | None:
    """Places as a list; None for all."""
    if places is None:
        return None
    several = [places] if isinstance(places, int | str) else places
    return [as_annotated(place, str if isinstance(place, str) else int) for place in several]
