"""The model with eight-bit linear maps, as modules of PyTorch: the definition of what the fast engine computes.

Axes: N rows, I inputs, O outputs.
"""

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from glassformer.model.quantization import LARGEST, SMALLEST_MAXIMUM, Quantized, quantize_rows
from glassformer.model.transformer import Transformer


class Int8Linear(nn.Module):
    """y = x W^T + b with integers: both sides are rounded to eight bits, and multiplied exactly.

        y[n, o] = (sum_i q_x[n, i] q_W[o, i]) * (scale_x[n] * scale_W[o]) + b[o]

    The weights have a scale for each output, fixed; x has one for each row, found as it comes, so that no row's
    numbers depend on the rows beside it.
    """

    def __init__(self, weight: Quantized, bias: Tensor | None) -> None:
        super().__init__()
        self.register_buffer("integers_OI", torch.from_numpy(weight.integers))
        self.register_buffer("scales_O", torch.from_numpy(weight.scales))
        self.bias = bias

    integers_OI: Tensor
    scales_O: Tensor

    @property
    def weight(self) -> Tensor:
        """W as the numbers that its integers stand for."""
        return self.integers_OI * self.scales_O[:, None]

    def forward(self, x: Tensor) -> Tensor:
        """x (..., I) to y (..., O)."""
        largest = x.abs().amax(-1, keepdim=True).clamp(min=SMALLEST_MAXIMUM)
        integers = (x * (LARGEST / largest)).round()
        # Whole numbers below 2^53 are exact in float64, for which every processor has a matrix product.
        sums = (integers.double() @ self.integers_OI.double().T).to(x.dtype)
        y = sums * ((largest / LARGEST) * self.scales_O)
        return y if self.bias is None else y + self.bias


def quantized(model: Transformer) -> Transformer:
    """A copy of the model whose linear maps are `Int8Linear`, and whose embedding tables are rounded alike."""
    made = copy.deepcopy(model)
    matrices = {
        f"{name}.weight": quantize_rows(module.weight.detach().numpy())
        for name, module in made.named_modules()
        if isinstance(module, nn.Linear | nn.Embedding)
    }
    return with_integers(made, matrices)


def with_integers(model: Transformer, matrices: Mapping[str, Quantized]) -> Transformer:
    """The same model, its linear maps and embedding tables replaced by these, which have the names of its weights."""
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear):
            model.set_submodule(name, Int8Linear(matrices[f"{name}.weight"], module.bias))
        elif isinstance(module, nn.Embedding):
            table = torch.from_numpy(matrices[f"{name}.weight"].floats())
            module.weight = nn.Parameter(table, requires_grad=False)
    return model.eval()
