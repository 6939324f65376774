"""Where a run that was stopped, killed or damaged can go on."""

import json
from pathlib import Path

from glassformer.files import clear_remains, recover
from glassformer.model_directory import OF_A_RUN
from glassformer.training.distributed import Group
from glassformer.training.run.checkpoint import CHECKPOINTS, checkpoints
from glassformer.training.run.state import checkpoint_problem


def find_checkpoint(run: Path, group: Group) -> tuple[Path | None, list[str]]:
    """The run's newest undamaged checkpoint, if there is one, and what is wrong with each newer one.

    Every process gets what rank 0 finds, after it has cleared what interrupted saves left behind.
    """
    answer = b""
    if group.is_main:
        clear_interrupted_saves(run)
        found, damaged = newest_undamaged(run)
        answer = json.dumps([found.name if found else None, damaged]).encode()
    name, damaged = json.loads(group.from_main(answer))
    return run / CHECKPOINTS / name if name else None, damaged


def newest_undamaged(run: Path) -> tuple[Path | None, list[str]]:
    """The newest checkpoint from which training can go on, and what is wrong with each newer one."""
    damaged: list[str] = []
    for path in reversed(checkpoints(run)):
        problem = checkpoint_problem(path)
        if not problem:
            return path, damaged
        damaged.append(f"{path}: {problem}")
    return None, damaged


def clear_interrupted_saves(run: Path) -> None:
    """Bring back what an interrupted save had set aside, and remove what it left."""
    for name in OF_A_RUN:
        recover(run / name)
    for directory in (run, run / CHECKPOINTS):
        clear_remains(directory)
