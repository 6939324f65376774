"""glassformer itself: `train` as a user calls it, but fed with the job's batches, and waiting between turns.

Started by torchrun, several processes train together. The first speaks for all.
"""

import dataclasses
import os
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from torch import Tensor, distributed
from torch.nn.modules.module import register_module_forward_hook

from engines.job import PAD, Engine, Job
from glassformer.data.batches import Batch, Pool
from glassformer.training.config import RunConfig
from glassformer.training.distributed import join_group
from glassformer.training.run.lock import lock_run
from glassformer.training.run.starting import start
from glassformer.training.trainer import Trainer
from glassformer.training.update.memory import keep_freed_memory
from glassformer.training.update.objective import Objective

RANK, PROCESSES = (int(os.environ.get(name, default)) for name, default in (("RANK", 0), ("WORLD_SIZE", 1)))
NEVER = 1_000_000_000  # in updates: the job is training only
Answer = Callable[[dict[str, Any]], None]


class Glassformer(Engine):
    version = f"glassformer {version('glassformer')}, torch {torch.__version__}" + f", x{PROCESSES}" * (PROCESSES > 1)

    def __init__(self, job: Job, precision: str) -> None:
        super().__init__(job)
        self.precision = precision

    def serve(self, requests: Iterator[dict[str, Any]], answer: Answer) -> None:
        """The product's own loop, given other data to read; nothing else differs."""
        changes = {"precision": self.precision, "validate_every": NEVER, "checkpoint_every": NEVER}
        config, path = RunConfig.from_flat(self.job.config | changes), self.job.folder / self._name()
        keep_freed_memory()
        with join_group("cpu") as group, lock_run(path) if group.is_main else nullcontext():
            run = start(path, config, group)
            self.precision = run.config.training.precision
            self.parameters = run.translator.model.num_parameters
            if RANK == 0:
                answer(self.facts())
            run.data = dataclasses.replace(run.data, train=Turns(self.job, requests, answer))
            torch.manual_seed(config.training.seed + RANK)  # measuring the faster precision has drawn numbers
            Trainer(run).fit()

    def _name(self) -> str:
        return f"run-{self.precision}-{PROCESSES}"


class Turns:
    """Stands for the training pairs: gives the trainer the batches of a turn, and then waits for the next."""

    def __init__(self, job: Job, requests: Iterator[dict[str, Any]], answer: Answer) -> None:
        self.job, self.requests, self.answer = job, requests, answer
        self.losses: list[Tensor] = []
        register_module_forward_hook(self.watch)

    resample = None

    def pools(self, seed: int, epoch: int) -> Iterator[Pool]:
        raise NotImplementedError  # nothing is planned

    def __len__(self) -> int:
        return sum(len(batch.target) for batch in self.job.batches)

    def batches(self, batch_tokens: int, seed: int, epoch: int, first: int = 0) -> Iterator[Batch]:
        while turn := self._next_turn():
            self.losses.clear()
            began = time.perf_counter()
            for i in turn:
                batch = self.job.batches[i]
                yield Batch(batch.source, batch.target, np.arange(len(batch.target)))
            seconds = time.perf_counter() - began
            if RANK == 0:
                self.answer({"seconds": seconds, "losses": [float(loss) for loss in self.losses]})
        os._exit(0)  # without the validation and the model that end a run

    def _next_turn(self) -> range:
        """The numbers of its batches; none at the end."""
        request = next(self.requests, {}) if RANK == 0 else {}
        numbers = torch.tensor([request.get("first", 0), request.get("count", 0)])
        if PROCESSES > 1:
            distributed.broadcast(numbers, src=0)
        first, count = numbers.tolist()
        return range(first, first + count)

    def watch(self, module: torch.nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        """Note the loss for each target token, of this process's share, whenever the objective is computed."""
        if isinstance(module, Objective):
            self.losses.append(output.detach() / (inputs[1] != PAD).sum())
