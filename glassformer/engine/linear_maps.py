"""A model's linear maps with their matrices in the order in which the processor's products read them.

torch's own products bring a matrix into that order each time, which takes as long as the product of a few rows. The
libraries inside torch that do it once are those that it uses in compiled models: MKL for float32, oneDNN for bfloat16.
All other modules are shared with the model.
"""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from glassformer.model import Transformer

ROWS = 128  # of the products that MKL's order is best for; others it suits nearly as well


def in_float32(model: Transformer) -> Transformer:
    """The model with packed matrices, or itself where MKL is not."""
    there = torch.backends.mkl.is_available() and torch.backends.mkldnn.is_available()
    return _with_linear_maps(model, PackedLinear) if there and _on_processor(model) else model


def in_bfloat16(model: Transformer) -> Transformer:
    """The model with linear maps in bfloat16, which autocast would else round anew in each step."""
    there = torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    changed: Callable[[nn.Linear], nn.Module] = PackedBfloat16 if there and _on_processor(model) else _rounded
    return _with_linear_maps(model, changed)


def _on_processor(model: Transformer) -> bool:
    return model.generator.weight.device.type == "cpu"


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
    """y = x W^T + b in float32."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.weight, self.bias = linear.weight, linear.bias
        self.packed = torch.ops.mkl._mkl_reorder_linear_weight(linear.weight.detach(), ROWS)

    def forward(self, x: Tensor) -> Tensor:
        """x (..., inputs) to (..., outputs)."""
        rows = x.numel() // x.shape[-1]
        y: Tensor = torch.ops.mkl._mkl_linear(x, self.packed, self.weight, self.bias, rows)
        return y


class PackedBfloat16(nn.Module):
    """y = x W^T + b in bfloat16."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.bias = None if linear.bias is None else _fixed(linear.bias.detach().bfloat16())
        self.packed = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach().bfloat16())

    def forward(self, x: Tensor) -> Tensor:
        """x (..., inputs) to (..., outputs)."""
        y: Tensor = torch.ops.mkldnn._linear_pointwise(x.bfloat16(), self.packed, self.bias, "none", [], "")
        return y
