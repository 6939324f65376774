"""A model's linear maps in the form in which its products take least time; the other modules are shared with it."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from glassformer.model import Transformer


def in_columns(model: Transformer) -> Transformer:
    """The model with the matrices of its linear maps stored column by column.

    A product of few rows by a matrix stored row by row first copies it into that order (in MKL): a fifth of its time.
    """

    def changed(linear: nn.Linear) -> nn.Module:
        linear.weight = _fixed(linear.weight.detach().t().contiguous().t())
        return linear

    return _with_linear_maps(model, changed)


def in_bfloat16(model: Transformer) -> Transformer:
    """The model with linear maps in bfloat16, which autocast would else round anew in each step."""
    changed: Callable[[nn.Linear], nn.Module] = PackedLinear if _can_pack(model) else _rounded
    return _with_linear_maps(model, changed)


def _with_linear_maps(model: Transformer, change: Callable[[nn.Linear], nn.Module]) -> Transformer:
    made = copy.deepcopy(model, {id(weight): weight for weight in model.parameters()})
    for name, module in list(made.named_modules()):
        if isinstance(module, nn.Linear):
            made.set_submodule(name, change(module))
    return made.eval()


def _rounded(linear: nn.Linear) -> nn.Module:
    for name, weight in list(linear.named_parameters()):
        setattr(linear, name, _fixed(weight.detach().bfloat16()))
    return linear


def _fixed(weight: Tensor) -> nn.Parameter:
    return nn.Parameter(weight, requires_grad=False)


class PackedLinear(nn.Module):
    """y = x W^T + b in bfloat16, with W in the order in which the processor's tiles read it.

    torch's own product of bfloat16 brings W into that order each time, which takes as long as the product of a few
    rows. What packs and multiplies here is oneDNN, as in models that torch has compiled.
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.bias = None if linear.bias is None else _fixed(linear.bias.detach().bfloat16())
        self.packed = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach().bfloat16())

    def forward(self, x: Tensor) -> Tensor:
        """x (..., inputs) to (..., outputs)."""
        y: Tensor = torch.ops.mkldnn._linear_pointwise(x.bfloat16(), self.packed, self.bias, "none", [], "")
        return y


def _can_pack(model: Transformer) -> bool:
    """Whether oneDNN has products of bfloat16 here."""
    return (
        model.generator.weight.device.type == "cpu"
        and torch.backends.mkldnn.is_available()
        and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    )
