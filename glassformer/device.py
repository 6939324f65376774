"""Where to compute."""

from functools import cache, cached_property
from typing import Any

import torch
from torch import Tensor

from glassformer.errors import InputError, UsageError, is_out_of_memory
from glassformer.system import Home, memory


def refuse_forked() -> None:
    """Raise UsageError in a process forked from one that computed with torch's threads: it would wait for ever."""
    if reason := _home().reason_against(torch.get_num_threads()):
        raise UsageError(reason)


@cache
def _home() -> Home:
    """Where torch was first used to compute."""
    return Home()


def memory_of(device: torch.device) -> int:
    """Bytes of memory that the device, or for the CPU this machine, has in all."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return memory()


def choose_device(name: str) -> torch.device:
    """The device of a name: `auto` is CUDA if there is any, else the CPU; other names are torch's.

    Raises UsageError for an unknown name and in a forked process (`refuse_forked`), InputError for a device that is
    not there.
    """
    refuse_forked()
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UsageError(f"--device {name}: not a device; use auto, cpu or cuda") from error
    try:
        torch.ones(1, device=device).item()
    except (AssertionError, ImportError, NotImplementedError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise
        raise InputError(f"--device {name}: this machine or this build of torch has no such device; use cpu") from error
    return device


class Arriving:
    """The numbers of a tensor, on their way from its device; what is asked of the device since is not waited for.

    On the CPU they are the tensor itself, which nothing may write into meanwhile.
    """

    def __init__(self, numbers: Tensor) -> None:
        self._numbers = numbers.to("cpu", non_blocking=True)
        self._arrived = torch.cuda.Event() if numbers.is_cuda else None
        if self._arrived:
            self._arrived.record()

    @cached_property
    def numbers(self) -> list[Any]:
        """They are waited for."""
        if self._arrived:
            self._arrived.synchronize()
        numbers: list[Any] = self._numbers.tolist()
        return numbers
