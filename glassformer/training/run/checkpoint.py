"""Checkpoints: whole or not at all, at most N kept; and the average of the last ones."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from glassformer.errors import InputError
from glassformer.files import damage, remove_directory, whole_directory, write_checksums, write_whole
from glassformer.model import Transformer
from glassformer.model_directory import WEIGHTS, read_tensors
from glassformer.training.distributed import Group
from glassformer.training.update.randomness import random_state, set_random_state
from glassformer.training.update.replica import parted_like, whole_tensor
from glassformer.translator import Translator

CHECKPOINTS = "checkpoints"
TENSORS, NUMBERS = "training_state.safetensors", "training_state.json"


@dataclass
class Window:
    """What some updates did, in sums; skipped ones are not among them."""

    updates: int = 0
    loss: float = 0.0  # of the updates' losses, each a target token's
    grad_norm: float = 0.0
    source_tokens: int = 0
    target_tokens: int = 0
    seconds: float = 0.0


@dataclass
class TrainingProgress:
    """Where training stands: all of it that is not a tensor."""

    step: int = 0
    epoch: int = 0
    batch: int = 0  # batches of this epoch already used
    best: dict[str, Any] = dataclasses.field(default_factory=dict)  # the best validation's scores
    best_step: int = 0
    scores: dict[str, Any] = dataclasses.field(default_factory=dict)  # the latest validation's
    validated: int = 0  # its step
    stale: int = 0  # validations since the best one
    skipped: int = 0  # updates, of all
    skipped_in_row: int = 0
    seconds: float = 0.0  # of training, over all sittings
    processes: int = 1  # that train
    batching: str = ""  # a key of all that makes the batches what they are
    judging: str = ""  # and of what they are validated on
    unlogged: Window = dataclasses.field(default_factory=Window)  # the updates since the log's latest record

    @classmethod
    def of(cls, values: dict[str, Any]) -> "TrainingProgress":
        """From what `dataclasses.asdict` made of one. Raises TypeError for anything else."""
        return cls(**values | {"unlogged": Window(**values["unlogged"])})


def checkpoint_path(run: Path, step: int) -> Path:
    """Where the checkpoint of `step` is, or would be."""
    return run / CHECKPOINTS / f"step-{step:06d}"


def step_of(checkpoint: Path) -> int:
    """The step of a checkpoint's path."""
    return int(checkpoint.name.removeprefix("step-"))


def checkpoints(run: Path, last: int | None = None) -> list[Path]:
    """The run's checkpoints by step, up to step `last`, oldest first; one that is damaged is among them."""
    found = (path for path in (run / CHECKPOINTS).glob("step-*") if path.name.removeprefix("step-").isdecimal())
    return [path for path in sorted(found, key=step_of) if last is None or step_of(path) <= last]


def newest_whole(run: Path) -> tuple[Path | None, list[str]]:
    """The newest checkpoint whose files are as they were saved, and what is wrong with each newer one."""
    damaged: list[str] = []
    for path in reversed(checkpoints(run)):
        problem = damage(path)
        if not problem:
            return path, damaged
        damaged.append(f"{path}: {problem}")
    return None, damaged


def state_tensors(model: Transformer, optimizer: torch.optim.Optimizer, group: Group) -> dict[str, Tensor]:
    """Adam's state of every weight, whole, and every process's random state; each process must call it.

    Adam's is rank 0's alone, in the computer's memory: a device that holds a part of every weight has no room for all.
    """
    tensors = {}
    for name, parameter in model.named_parameters():
        for key, value in optimizer.state[parameter].items():
            whole = whole_tensor(value)
            if group.is_main:
                tensors[f"{name}/{key}"] = whole.cpu().contiguous()
    for device, state in random_state(group.device).items():
        tensors |= {f"random.{device}.{rank}": each for rank, each in enumerate(group.gathered(state))}
    return tensors


def save_checkpoint(run: Path, translator: Translator, tensors: dict[str, Tensor], progress: TrainingProgress) -> Path:
    """Write `checkpoints/step-NNNNNN`: a model directory, the state of the training, and the checksums of both.

    `tensors` are those of `state_tensors`.
    """
    path = checkpoint_path(run, progress.step)
    with whole_directory(path) as partial:
        translator.write(partial)
        write_whole(partial / TENSORS, save(tensors))
        write_whole(partial / NUMBERS, json.dumps(dataclasses.asdict(progress), indent=2).encode())
        write_checksums(partial)
    return path


def regular_checkpoints(run: Path, step: int, every: int) -> list[Path]:
    """Those that a run at `step` would have if nobody had stopped it on the way: of each `every` steps, and its own.

    A later one is damaged, or training would have gone on from it; it takes no good one's place.
    """
    return [path for path in checkpoints(run, step) if step_of(path) % every == 0 or step_of(path) == step]


def prune_checkpoints(run: Path, step: int, every: int, keep: int) -> None:
    """Remove what is older than the newest `keep` regular checkpoints of a run at `step`."""
    kept = regular_checkpoints(run, step, every)[-keep:]
    for old in checkpoints(run, step):
        if len(kept) == keep and step_of(old) < step_of(kept[0]):
            remove_directory(old)


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
        return TrainingProgress.of(json.loads((path / NUMBERS).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"{path / NUMBERS}: missing or not whole; copy the whole checkpoint") from error


def _restore_randomness(tensors: dict[str, Tensor], group: Group) -> None:
    processes = sum(name.startswith("random.cpu.") for name in tensors)
    own = group.rank if processes == group.size else 0
    ours = {device: f"random.{device}.{own}" for device in ("cpu", "cuda")}
    set_random_state({device: tensors[name] for device, name in ours.items() if name in tensors}, group.device)
    if processes != group.size:
        group.part_randomness()


def average_weights(paths: list[Path]) -> dict[str, Tensor]:
    """The mean of the weights of several model directories (the paper, section 6.1), added in float64."""
    total = {name: weight.double() for name, weight in read_tensors(paths[0] / WEIGHTS).items()}
    for path in paths[1:]:
        for name, weight in read_tensors(path / WEIGHTS).items():
            total[name] += weight
    return {name: (weight / len(paths)).float() for name, weight in total.items()}
