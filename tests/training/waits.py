"""Operations for which a program waits until a device has computed, because it needs a number or a shape from there."""

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

WAITING = {
    torch.ops.aten._local_scalar_dense.default,  # item(), float(tensor), bool(tensor), tolist() of one number
    torch.ops.aten.is_nonzero.default,
    torch.ops.aten.equal.default,
    torch.ops.aten.nonzero.default,
    torch.ops.aten.masked_select.default,
    torch.ops.aten.unique_dim.default,
    torch.ops.aten._unique2.default,
    torch.ops.aten.bincount.default,
}
INDEXING = {torch.ops.aten.index.Tensor, torch.ops.aten.index_put.default, torch.ops.aten.index_put_.default,
            torch.ops.aten._index_put_impl_.default}  # fmt: skip


class Waits(TorchDispatchMode):
    """Lists in `found` the operations of its block that would wait. On the CPU they only cost time."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def __torch_dispatch__(self, operation: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
        by_mask = operation in INDEXING and any(
            each is not None and each.dtype in (torch.bool, torch.uint8) for each in arguments[1]
        )
        if operation in WAITING or by_mask:
            self.found.append(str(operation))
        return operation(*arguments, **(options or {}))
