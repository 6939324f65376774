"""Looking at a running model: forward hooks for as long as a `with` block lasts."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from torch import Tensor, nn


class Call(NamedTuple):
    """What a module was given, and what it gave back."""

    inputs: tuple[Tensor, ...]
    output: Tensor


@contextmanager
def observed(model: nn.Module, names: Iterable[str]) -> Iterator[dict[str, Call]]:
    """The latest call of each named submodule, filled in while the block runs the model.

    Nothing stays on the model afterwards. The steps inside attention are modules only where the
    model is run with `explicit=True`.
    """
    calls: dict[str, Call] = {}

    def keep(name: str) -> Any:
        return lambda _module, inputs, output: calls.__setitem__(name, Call(inputs, output))

    handles = [model.get_submodule(name).register_forward_hook(keep(name)) for name in names]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()
