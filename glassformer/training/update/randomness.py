"""The state of the random generators that training draws from, for dropout above all."""

from contextlib import AbstractContextManager

import torch
from torch import Tensor

RandomState = dict[str, Tensor]  # by "cpu" and, where training is there, "cuda"


def random_state(device: torch.device) -> RandomState:
    """The state of the generators that training on `device` draws from."""
    state = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def set_random_state(state: RandomState, device: torch.device) -> None:
    """Restore `state`; a generator that it does not have stays as it is."""
    torch.set_rng_state(state["cpu"])
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)


def preserved_random_state(device: torch.device) -> AbstractContextManager[None]:
    """A context after which the random state is what it was before."""
    return torch.random.fork_rng([device] if device.type == "cuda" else [])
