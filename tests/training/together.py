"""Run by torchrun in test_distributed.py: trainings one after another in the same processes; the last one fails.

Usage: together.py FOLDER, which holds train.tsv and valid.tsv, and gets a run directory of each.
"""

import sys
from pathlib import Path

import glassformer
from glassformer.cli import exit_status
from glassformer.errors import InputError
from glassformer.training.trainer import Trainer
from tests.letters import QUICK
from tests.training.disturbing import AtUpdate

UNEVEN = QUICK | {"dropout": 0.0, "batch_tokens": 40, "accumulate": 3, "max_steps": 6,
                  "checkpoint_every": 1, "keep_checkpoints": 6, "log_every": 1}  # fmt: skip
DROPOUT = QUICK | {"batch_tokens": 64, "accumulate": 2, "checkpoint_every": 50, "log_every": 1}
LONG = DROPOUT | {"max_steps": 80, "checkpoint_every": 20}
FSDP = {"parallel": "fsdp", "activation_checkpointing": True}


def data(folder: Path) -> dict[str, list[str]]:
    return {"pairs": [str(folder / "train.tsv")], "valid_pairs": [str(folder / "valid.tsv")]}


def train(folder: Path, name: str, settings: dict[str, object], resumed: bool = False) -> None:
    glassformer.train(folder / name, resumed=resumed, device="cpu", **data(folder), **settings)


def fail_on_the_second(folder: Path) -> int:
    """A user's error that only process 1 meets, in the middle of a training, ended as the command line ends it."""

    def fail(trainer: Trainer) -> None:
        if trainer.run.group.rank == 1:
            raise InputError("process 1 cannot go on")

    def work() -> int:
        glassformer.train(folder / "failing", device="cpu", callbacks=[AtUpdate(4, fail)], **data(folder), **UNEVEN)
        return 0

    return exit_status(work)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    train(folder, "ddp", UNEVEN)
    train(folder, "fsdp", UNEVEN | FSDP)
    train(folder, "straight", DROPOUT | FSDP | {"max_steps": 7})
    train(folder, "halted", DROPOUT | FSDP | {"max_steps": 4})
    train(folder, "halted", {"max_steps": 7}, resumed=True)
    train(folder, "long", LONG)
    sys.exit(fail_on_the_second(folder))
