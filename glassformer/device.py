"""Where to compute."""

import torch

from glassformer.errors import InputError, UsageError


def choose_device(name: str) -> torch.device:
    """`auto` is a CUDA device if there is one, else the CPU; else any name torch knows.

    Raises UsageError for a name that is none, InputError for a device that is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UsageError(f"--device {name}: not a device; use auto, cpu or cuda") from error
    try:
        torch.ones(1, device=device).item()
    except (AssertionError, ImportError, NotImplementedError, RuntimeError) as error:
        raise InputError(f"--device {name}: this machine or this build of torch has no such device; use cpu") from error
    return device
