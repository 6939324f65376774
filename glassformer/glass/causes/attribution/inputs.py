"""What attributions attribute to: the token embeddings of both sides, and the baseline that stands for no word.

Axes: V vocabulary, D d_model, S source tokens, T target tokens read.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from glassformer.glass.causes.asking import Question
from glassformer.glass.causes.interventions import Edit, replace
from glassformer.glass.causes.running import run
from glassformer.glass.graph import graph
from glassformer.model import Transformer


@dataclass(frozen=True)
class Attribution:
    """A share for each source token, and for each target token read (`<s>` first)."""

    method: str
    source: tuple[float, ...]
    target: tuple[float, ...]


@dataclass(frozen=True)
class Inputs:
    """The embedded tokens of both sides, scaled, without positions, and the baseline of each.

    The baseline is the mean row of the embedding table, scaled: an average word. Not zero, at which a norm has no
    gradient to speak of: it makes the same of a short vector as of a long one.
    """

    names: tuple[str, str]
    source_SD: Tensor
    target_TD: Tensor
    source_baseline_D: Tensor
    target_baseline_D: Tensor

    @classmethod
    def of(cls, model: Transformer, question: Question) -> "Inputs":
        """The inputs of a question."""
        names = _name(model, "source"), _name(model, "target")
        with torch.no_grad():
            kept = run(model, question.reading, [[]], names).kept
            means = [e.token.weight.mean(0) * e.scale for e in (model.source_embedding, model.target_embedding)]
        return cls(names, kept[names[0]][0], kept[names[1]][0], *means)

    def edits(self, source_SD: Tensor, target_TD: Tensor) -> list[Edit]:
        """The change that puts other vectors in the place of the embedded tokens."""
        return [
            Edit("replace", name, value=value) for name, value in zip(self.names, (source_SD, target_TD), strict=True)
        ]

    def without(self, side: int, place: int) -> list[Edit]:
        """The change that puts the baseline in the place of one token."""
        return [replace(self.names[side], (self.source_baseline_D, self.target_baseline_D)[side], [place])]


def _name(model: Transformer, side: str) -> str:
    """The tensor that an embedding's position is added to."""
    names = {node.name for node in graph(model.config) if node.hook}
    return next(name for part in ("scaled", "lookup") if (name := f"{side}_embedding.{part}") in names)
