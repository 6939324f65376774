"""Checkpoints: whole or not at all, at most N kept; and the average of the last ones."""

import dataclasses
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from glassformer.errors import InputError
from glassformer.files import whole_directory, write_whole
from glassformer.model import Transformer
from glassformer.model_directory import WEIGHTS, read_tensors
from glassformer.training.distributed import Group
from glassformer.training.replica import parted_like, whole_tensor
from glassformer.translator import Translator

CHECKPOINTS = "checkpoints"
TENSORS, NUMBERS = "training_state.safetensors", "training_state.json"


@dataclass
class TrainingProgress:
    """Where training stands: all of it that is not a tensor."""

    step: int = 0
    epoch: int = 0
    batch: int = 0  # batches of this epoch already used
    best: float | None = None  # the metric, higher is better
    best_step: int = 0
    validated: int = 0  # the step of the latest validation
    stale: int = 0  # validations since the best one
    seconds: float = 0.0  # of training, over all sittings
    scores: dict[str, Any] = dataclasses.field(default_factory=dict)  # of the latest validation


def checkpoint_path(run: Path, step: int) -> Path:
    """Where the checkpoint of `step` is, or would be."""
    return run / CHECKPOINTS / f"step-{step:06d}"


def checkpoints(run: Path) -> list[Path]:
    """The run's checkpoints, oldest first."""
    return sorted((run / CHECKPOINTS).glob("step-*"), key=lambda path: int(path.name.removeprefix("step-")))


def save_checkpoint(
    run: Path, translator: Translator, tensors: dict[str, Tensor], progress: TrainingProgress, keep: int
) -> Path:
    """Write `checkpoints/step-NNNNNN`, its `tensors` from `state_tensors`, and remove all but the newest `keep`."""
    path = checkpoint_path(run, progress.step)
    with whole_directory(path) as partial:
        translator.write(partial)
        write_whole(partial / TENSORS, save(tensors))
        write_whole(partial / NUMBERS, json.dumps(dataclasses.asdict(progress), indent=2).encode())
    for old in checkpoints(run)[:-keep]:
        shutil.rmtree(old)
    return path


def state_tensors(model: Transformer, optimizer: torch.optim.Optimizer, group: Group) -> dict[str, Tensor]:
    """Adam's state of every weight, whole, and every process's random state; each process must call it."""
    tensors = {
        f"{name}/{key}": whole_tensor(value).contiguous()
        for name, parameter in model.named_parameters()
        for key, value in optimizer.state[parameter].items()
    }
    states = {"cpu": torch.get_rng_state()}
    if group.device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state()
    for device, state in states.items():
        tensors |= {f"random.{device}.{rank}": each for rank, each in enumerate(group.gathered(state))}
    return tensors


def restore_checkpoint(
    path: Path, model: Transformer, optimizer: torch.optim.Optimizer, group: Group
) -> TrainingProgress:
    """Bring back the optimizer, this process's random state and the progress saved at `path`.

    The weights are the model's own, which was loaded from the same directory. Where another number of processes
    goes on, each has a new random state: dropout draws other numbers than it would have.
    """
    tensors = read_tensors(path / TENSORS)
    if "random.cpu.0" not in tensors:
        raise InputError(f"{path / TENSORS}: not the state of a training; copy the whole checkpoint")
    _restore_randomness(tensors, group)
    for name, parameter in model.named_parameters():
        prefix = f"{name}/"
        mine = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
        optimizer.state[parameter] = {
            key: value.to(parameter.device) if key == "step" else parted_like(parameter, value)
            for key, value in mine.items()
        }
    try:
        return TrainingProgress(**json.loads((path / NUMBERS).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path / NUMBERS}: missing or not whole; copy the whole checkpoint") from error


def _restore_randomness(tensors: dict[str, Tensor], group: Group) -> None:
    processes = sum(name.startswith("random.cpu.") for name in tensors)
    own = group.rank if processes == group.size else 0
    torch.set_rng_state(tensors[f"random.cpu.{own}"])
    if group.device.type == "cuda" and f"random.cuda.{own}" in tensors:
        torch.cuda.set_rng_state(tensors[f"random.cuda.{own}"])
    if processes != group.size:
        group.part_randomness()


def average_weights(paths: list[Path]) -> dict[str, Tensor]:
    """The mean of the weights of several model directories (the paper, section 6.1), added in float64."""
    total = {name: weight.double() for name, weight in read_tensors(paths[0] / WEIGHTS).items()}
    for path in paths[1:]:
        for name, weight in read_tensors(path / WEIGHTS).items():
            total[name] += weight
    return {name: (weight / len(paths)).float() for name, weight in total.items()}
