"""The random numbers that a process draws while training, dropout's above all: their state, taken and put back."""

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
    """Put `state` back; what it knows nothing of stays as it is."""
    torch.set_rng_state(state["cpu"])
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)


def kept_randomness(device: torch.device) -> AbstractContextManager[None]:
    """Whatever the block draws, what is drawn after it is as if it had drawn nothing."""
    return torch.random.fork_rng([device] if device.type == "cuda" else [])
