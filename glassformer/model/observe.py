"""Looking at a running model: forward hooks for as long as a `with` block lasts."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn


@contextmanager
def observed(model: nn.Module, names: Iterable[str]) -> Iterator[dict[str, Tensor]]:
    """The latest output of each named submodule, filled in while the block runs the model.

    Nothing stays on the model afterwards. The steps inside attention are modules only where the
    model is run with `explicit=True`.
    """
    outputs: dict[str, Tensor] = {}

    def keep(name: str) -> Any:
        return lambda _module, _inputs, output: outputs.__setitem__(name, output)

    handles = [model.get_submodule(name).register_forward_hook(keep(name)) for name in names]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()
