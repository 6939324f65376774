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
from glassformer.model_directory import WEIGHTS, read_tensors
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
    run: Path, translator: Translator, optimizer: torch.optim.Optimizer, progress: TrainingProgress, keep: int
) -> Path:
    """Write `checkpoints/step-NNNNNN` and remove all but the newest `keep`."""
    path = checkpoint_path(run, progress.step)
    with whole_directory(path) as partial:
        translator.write(partial)
        write_whole(partial / TENSORS, save(_tensors(translator, optimizer)))
        write_whole(partial / NUMBERS, json.dumps(dataclasses.asdict(progress), indent=2).encode())
    for old in checkpoints(run)[:-keep]:
        shutil.rmtree(old)
    return path


def restore_checkpoint(path: Path, translator: Translator, optimizer: torch.optim.Optimizer) -> TrainingProgress:
    """Bring back the optimizer, the random state and the progress saved at `path`.

    The weights are the translator's own, which was loaded from the same directory.
    """
    tensors = read_tensors(path / TENSORS)
    if "random.cpu" not in tensors:
        raise InputError(f"{path / TENSORS}: not the state of a training; copy the whole checkpoint")
    torch.set_rng_state(tensors["random.cpu"])
    if "random.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["random.cuda"])
    for name, parameter in translator.model.named_parameters():
        prefix = f"{name}/"
        mine = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
        # Adam counts its steps on the host; the moments live where the weights do.
        optimizer.state[parameter] = {
            key: value if key == "step" and not parameter.is_cuda else value.to(parameter.device)
            for key, value in mine.items()
        }
    try:
        return TrainingProgress(**json.loads((path / NUMBERS).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path / NUMBERS}: missing or not whole; copy the whole checkpoint") from error


def _tensors(translator: Translator, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    tensors = {
        f"{name}/{key}": value.contiguous()
        for name, parameter in translator.model.named_parameters()
        for key, value in optimizer.state[parameter].items()
    }
    tensors["random.cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random.cuda"] = torch.cuda.get_rng_state()
    return tensors


def average_weights(paths: list[Path]) -> dict[str, Tensor]:
    """The mean of the weights of several model directories (the paper, section 6.1), added in float64."""
    total = {name: weight.double() for name, weight in read_tensors(paths[0] / WEIGHTS).items()}
    for path in paths[1:]:
        for name, weight in read_tensors(path / WEIGHTS).items():
            total[name] += weight
    return {name: (weight / len(paths)).float() for name, weight in total.items()}
