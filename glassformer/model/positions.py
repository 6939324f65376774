"""Where a token stands: sinusoidal, learned, or rotary positions.

Axes: B batch, H heads, T positions, D d_model, K head width, P positions of a table, C pairs of columns.
"""

import torch
from torch import Tensor, nn

from glassformer.model import sinusoids

BASE = sinusoids.BASE
# Of a token, from 0 on; a scalar tensor where a device counts on without the program, else one for each token.
Place = int | Tensor


def sinusoidal_table(
    length: int,
    d_model: int,
    layout: sinusoids.Layout = "interleaved",
    exponent: sinusoids.Exponent = "paper",
    first: int = 0,
) -> Tensor:
    """The table of `model/sinusoids.py` as a tensor (length, d_model), float32."""
    return torch.from_numpy(sinusoids.sinusoidal_table(length, d_model, layout, exponent, first))


def from_place(table_PC: Tensor, start: Place, count: int) -> Tensor:
    """`count` rows of a table: those from row `start` on, or the rows that `start` has one by one."""
    if isinstance(start, Tensor) and start.dim():
        return table_PC[start]
    if isinstance(start, Tensor):
        return table_PC.index_select(0, start + torch.arange(count, device=table_PC.device))
    return table_PC[start : start + count]  # of a symbolic `start` too: ONNX has no index_select of complex numbers


class Positions(nn.Module):
    """Adds to each embedded token the vector of its place: X + PE."""

    table_PD: Tensor

    def __init__(self, table_PD: Tensor, learned: bool) -> None:
        super().__init__()
        if learned:
            self.table_PD = nn.Parameter(table_PD)
        else:
            self.register_buffer("table_PD", table_PD, persistent=False)

    def forward(self, x_BTD: Tensor, start: Place = 0) -> Tensor:
        """x (B, T, D) plus the T positions from `start` on."""
        return x_BTD + from_place(self.table_PD, start, x_BTD.shape[1])


class Rotary(nn.Module):
    """Rotates each pair of columns of a query or key by an angle that grows with its position.

        (a, b) -> (a cos - b sin, b cos + a sin),  angle = p / 10000^(2i/K)

    which is the complex product (a + ib) (cos + i sin),

    so that a score depends on the two positions' difference only. Su et al. 2021 (RoFormer),
    section 3.2.2; the columns of a pair lie next to each other, as there.
    """

    turn_PC: Tensor  # cos + i sin, for each of the C = K / 2 pairs of columns

    def __init__(self, length: int, width: int) -> None:
        super().__init__()
        table_PK = sinusoidal_table(length, width)
        turn_PC = torch.complex(table_PK[:, 1::2], table_PK[:, 0::2])
        self.register_buffer("turn_PC", turn_PC, persistent=False)

    def forward(self, x_BHTK: Tensor, start: Place = 0) -> Tensor:
        """x (B, H, T, K), rotated by the positions from `start` on; in float32 or more, then x's own type."""
        wide_BHTK = x_BHTK.to(torch.promote_types(x_BHTK.dtype, torch.float32))
        pairs_BHTC = torch.view_as_complex(wide_BHTK.unflatten(-1, (-1, 2)).contiguous())
        turned = pairs_BHTC * from_place(self.turn_PC, start, x_BHTK.shape[2])
        return torch.view_as_real(turned).flatten(-2).to(x_BHTK.dtype)
