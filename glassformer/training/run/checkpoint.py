"""Checkpoints: whole or not at all, at most N kept; and the average of the last ones."""

import dataclasses
import json
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from glassformer.files import remove_directory, whole_directory, write_checksums, write_whole
from glassformer.model import Transformer
from glassformer.model_directory import WEIGHTS, read_tensors
from glassformer.training.distributed import Group
from glassformer.training.progress import TrainingProgress
from glassformer.training.update.randomness import random_state, set_random_state
from glassformer.training.update.replica import distribute_like, full_tensor
from glassformer.translator import Translator

CHECKPOINTS = "checkpoints"
TENSORS, NUMBERS = "training_state.safetensors", "training_state.json"


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


def state_tensors(model: Transformer, optimizer: torch.optim.Optimizer, group: Group) -> dict[str, Tensor]:
    """Adam's moments of every parameter, and the random state of every process. Every process must call it.

    Only rank 0 gets the moments, in host memory: a device that holds a shard of each has no room for all.
    """
    tensors = {}
    for name, parameter in model.named_parameters():
        for key, value in optimizer.state[parameter].items():
            full = full_tensor(value)
            if group.is_main:
                tensors[f"{name}/{key}"] = full.cpu().contiguous()
    for device, state in random_state(group.device).items():
        tensors |= {f"random.{device}.{rank}": each for rank, each in enumerate(group.gather(state))}
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
    """The checkpoints that an uninterrupted run would have at `step`: one every `every` steps, and that of `step`.

    A checkpoint of a later step is damaged, or training would have gone on from it. It is not counted, so that it
    pushes no good one out.
    """
    return [path for path in checkpoints(run, step) if step_of(path) % every == 0 or step_of(path) == step]


def prune_checkpoints(run: Path, step: int, every: int, keep: int) -> None:
    """Remove what is older than the newest `keep` regular checkpoints of a run at `step`."""
    kept = regular_checkpoints(run, step, every)[-keep:]
    for old in checkpoints(run, step):
        if len(kept) == keep and step_of(old) < step_of(kept[0]):
            remove_directory(old)


def restore_state(path: Path, model: Transformer, optimizer: torch.optim.Optimizer, group: Group) -> None:
    """Restore the optimizer and this process's random state from `path`, a checkpoint without a `checkpoint_problem`.

    The model has its parameters already, loaded from the same directory. Where the number of processes has changed,
    each gets a new random state: dropout draws other numbers than it would have.
    """
    tensors = dict(read_tensors(path / TENSORS))
    _restore_randomness(tensors, group)
    for name, parameter in model.named_parameters():
        prefix = f"{name}/"
        mine = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
        optimizer.state[parameter] = {
            key: value.to(parameter.device) if key == "step" else distribute_like(parameter, value)
            for key, value in mine.items()
        }


def _restore_randomness(tensors: dict[str, Tensor], group: Group) -> None:
    processes = sum(name.startswith("random.cpu.") for name in tensors)
    own = group.rank if processes == group.size else 0
    ours = {device: f"random.{device}.{own}" for device in ("cpu", "cuda")}
    set_random_state({device: tensors[name] for device, name in ours.items() if name in tensors}, group.device)
    if processes != group.size:
        group.separate_random_states()


def average_parameters(paths: list[Path]) -> dict[str, Tensor]:
    """The mean of the parameters of several model directories (the paper, section 6.1), added in float64."""
    total = {name: weight.double() for name, weight in read_tensors(paths[0] / WEIGHTS)}
    for path in paths[1:]:
        for name, weight in read_tensors(path / WEIGHTS):
            total[name] += weight
    return {name: (weight / len(paths)).float() for name, weight in total.items()}
