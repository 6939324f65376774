"""What a checkpoint must hold for training to go on from it. Checksums say that it is as it was saved, not by whom."""

from pathlib import Path

import torch
from torch import Tensor

from glassformer.errors import InputError, is_out_of_memory
from glassformer.files import integrity_problem
from glassformer.model.shapes import Shapes, parameter_shapes
from glassformer.model_directory import CONFIG, WEIGHTS, header_of, read_config, read_tensors, refuse_misfit
from glassformer.reading import MIB, parse_json, read_regular
from glassformer.training.progress import TrainingProgress
from glassformer.training.run.checkpoint import NUMBERS, TENSORS, step_of

MOMENTS = "exp_avg", "exp_avg_sq"  # torch's names of Adam's


def checkpoint_problem(checkpoint: Path) -> str:
    """Why training cannot go on from a checkpoint, in words; nothing where it can."""
    if problem := integrity_problem(checkpoint):
        return problem
    try:
        config = read_config(checkpoint / CONFIG)
        refuse_misfit(config, header_of(checkpoint / WEIGHTS), checkpoint / WEIGHTS)
        progress = read_progress(checkpoint)
        state = dict(read_tensors(checkpoint / TENSORS))
        infinite = _infinite(checkpoint / WEIGHTS)
    except InputError as error:
        return str(error).removeprefix(f"{checkpoint}/")
    if progress.step != step_of(checkpoint):
        return f"{NUMBERS} is of step {progress.step:,}"
    problem = (
        infinite
        or _random_problem({name: one for name, one in state.items() if name.startswith("random.")})
        or _moments_problem(state, parameter_shapes(config), progress)
    )
    return problem and f"{problem}; it is not the state of this training"


def read_progress(checkpoint: Path) -> TrainingProgress:
    """The progress that a checkpoint was saved at; InputError for anything else."""
    path = checkpoint / NUMBERS
    try:
        return TrainingProgress.from_dict(parse_json(read_regular(path, MIB)))
    except OSError as error:
        if is_out_of_memory(error):
            raise
        raise InputError(f"{path}: missing or not whole; copy the whole checkpoint") from error
    except (ValueError, TypeError, KeyError) as error:
        reason = f" ({error})" if isinstance(error, ValueError) else ""
        raise InputError(f"{path}: missing or not whole{reason}; copy the whole checkpoint") from error


def _infinite(path: Path) -> str:
    names = [name for name, tensor in read_tensors(path) if not tensor.isfinite().all()]
    return f"{path.name}: {names[0]} has NaN or infinity" if names else ""


def _random_problem(states: dict[str, Tensor]) -> str:
    """What is wrong with the states of the random generators, one of the CPU for each process."""
    ranks = [name.removeprefix("random.cpu.") for name in states if name.startswith("random.cpu.")]
    if not ranks or sorted(ranks) != sorted(map(str, range(len(ranks)))):
        return f"{TENSORS}: the state of a process's random generator is missing"
    for name, state in states.items():
        try:
            if state.dtype != torch.uint8 or state.dim() != 1:
                raise RuntimeError
            if name.startswith("random.cpu."):
                torch.Generator().set_state(state)
        except RuntimeError:
            return f"{TENSORS}: {name} is no state of a random generator"
    return ""


def _moments_problem(state: dict[str, Tensor], shapes: Shapes, progress: TrainingProgress) -> str:
    """What is wrong with Adam's moments, which are as large as their parameters and there from the first update on."""
    if progress.step == progress.skipped and not any(name.endswith("/step") for name in state):
        return ""
    for parameter, shape in shapes.items():
        for key, wanted in [("step", ()), *((moment, shape) for moment in MOMENTS)]:
            found = state.get(f"{parameter}/{key}")
            if found is None:
                return f"{TENSORS}: {parameter}/{key} is missing"
            if tuple(found.shape) != wanted or found.dtype != torch.float32:
                return f"{TENSORS}: {parameter}/{key} is {_described(found)}, not float32 {wanted}"
            if not found.isfinite().all() or (key != MOMENTS[0] and (found < 0).any()):
                return f"{TENSORS}: {parameter}/{key} holds numbers that no training has"
        updates = float(state[f"{parameter}/step"])
        if not (updates.is_integer() and updates <= progress.step):
            return f"{TENSORS}: {parameter}/step is {updates:g}, of {progress.step:,} steps"
    return ""


def _described(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"
