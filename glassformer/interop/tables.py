"""Tables of parameter names, and the two things that other formats do to our parameters: stack and reorder them.

A table is read in both directions, so that what it exports it also imports.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from glassformer.errors import InputError
from glassformer.model import ModelConfig, Transformer

Table = Mapping[str, tuple[str, ...]]  # their name: our parameters, whose rows follow each other in theirs
Weights = dict[str, Tensor]

# Which axis of a parameter runs over d_model, by the end of its name; biases of query, key, value and inner have none.
_OVER_D_MODEL = {
    "token.weight": 1, "table_PD": 1, "generator.weight": 1, "query.weight": 1, "key.weight": 1, "value.weight": 1,
    "inner.weight": 1, "gate.weight": 1, "output.weight": 0, "output.bias": 0, "outer.weight": 0, "outer.bias": 0,
    "norm.weight": 0, "norm.bias": 0,
}  # fmt: skip


def shapes_of(config: ModelConfig) -> dict[str, torch.Size]:
    """The name and shape of every parameter of a model; no memory is taken for it."""
    with torch.device("meta"):
        return {name: parameter.shape for name, parameter in Transformer(config).named_parameters()}


def to_theirs(table: Table, weights: Weights) -> Weights:
    """Our parameters under their names."""
    return {theirs: torch.cat([weights[name] for name in ours]) for theirs, ours in table.items()}


def to_ours(table: Table, theirs: Mapping[str, Tensor], shapes: Mapping[str, torch.Size], where: str) -> Weights:
    """Their tensors under our names, in float32.

    Raises InputError for a tensor that is missing, of another shape, of whole numbers, or not finite, and for one that
    no name of the table has.
    """
    for name in sorted(theirs.keys() ^ table.keys()):
        state = "is missing" if name in table else "has no place in the model"
        raise InputError(f"{where}: tensor '{name}' {state}; the file does not fit its config.json")
    weights: Weights = {}
    for name, ours in table.items():
        sizes = [shapes[one] for one in ours]
        wanted = (sum(size[0] for size in sizes), *sizes[0][1:])
        if theirs[name].shape != wanted:
            raise InputError(
                f"{where}: tensor '{name}' is {tuple(theirs[name].shape)} but config.json makes it {wanted}; "
                "the files are not of one model"
            )
        refuse_other_numbers(name, theirs[name], where)
        numbers = theirs[name].float()
        if not numbers.isfinite().all():
            raise InputError(f"{where}: tensor '{name}' holds NaN or infinity, or numbers beyond float32")
        parts = numbers.split([size[0] for size in sizes])
        weights |= {one: part.clone() for one, part in zip(ours, parts, strict=True)}
    return weights


def refuse_other_numbers(name: str, tensor: Tensor, where: str) -> None:
    """Raise InputError for a tensor of whole numbers, or of floating-point ones of less than 16 bits."""
    if not tensor.is_floating_point() or tensor.element_size() < 2:
        raise InputError(f"{where}: tensor '{name}' is {tensor.dtype}; only floating-point numbers are read")


def built(config: ModelConfig, weights: Mapping[str, Tensor]) -> Transformer:
    """The model with these parameters, in evaluation mode."""
    model = Transformer(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weights[name])
    return model.eval()


def halves(d_model: int) -> Tensor:
    """The order that makes halves of interleaved columns: 0, 2, 4, ... and then 1, 3, 5, ..."""
    return torch.cat([torch.arange(0, d_model, 2), torch.arange(1, d_model, 2)])


def reordered(weights: Weights, order: Tensor) -> Weights:
    """The parameters with the d_model numbers of a token in another order: what the model computes stays the same.

    Attention and feed-forward read and write those numbers through matrices, whose rows or columns move along;
    LayerNorm's mean and variance know no order (Ba et al. 2016, equation 4).
    """
    return {name: _reordered(name, weight, order) for name, weight in weights.items()}


def _reordered(name: str, weight: Tensor, order: Tensor) -> Tensor:
    axis = next((axis for end, axis in _OVER_D_MODEL.items() if name.endswith(end)), None)
    return weight if axis is None else weight.index_select(axis, order)
