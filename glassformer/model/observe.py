"""Looking at a running model, and reaching into it: forward hooks for as long as a `with` block lasts.

They see and change what their own thread runs: another may run the same model at the same time.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from threading import get_ident
from typing import Any, NamedTuple

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle


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

    with ExitStack() as handles:
        for name in names:
            handles.enter_context(model.get_submodule(name).register_forward_hook(_in_this_thread(keep(name))))
        yield calls


class Alteration(NamedTuple):
    """What becomes of a module's arguments before it sees them, and of its output (None: nothing)."""

    module: str
    arguments: Callable[[tuple[Any, ...]], tuple[Any, ...]] | None = None
    output: Callable[[Tensor], Tensor] | None = None


@contextmanager
def altered(model: nn.Module, alterations: Iterable[Alteration]) -> Iterator[None]:
    """While the block runs the model, its modules read and return what the alterations make of it.

    Those of one module follow each other in the given order. `observed` within the block sees the altered numbers.
    """
    with ExitStack() as handles:
        for alteration in alterations:
            for handle in _altering(model.get_submodule(alteration.module), alteration):
                handles.enter_context(handle)
        yield


def _altering(module: nn.Module, alteration: Alteration) -> Iterator[RemovableHandle]:
    if arguments := alteration.arguments:
        yield module.register_forward_pre_hook(_in_this_thread(lambda _module, inputs: arguments(inputs)))
    if output := alteration.output:
        yield module.register_forward_hook(_in_this_thread(lambda _module, _inputs, result: output(result)))


def _in_this_thread(hook: Callable[..., Any]) -> Callable[..., Any]:
    """The hook, which in any other thread sees and changes nothing."""
    own = get_ident()
    return lambda *arguments: hook(*arguments) if get_ident() == own else None
