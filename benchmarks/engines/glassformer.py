"""glassformer itself: a run as `glassformer train` starts it, in its own training loop, fed with the job's batches."""

import dataclasses
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.modules.module import register_module_forward_hook

from engines.job import PAD, Engine, Job
from glassformer.text.batches import Batch
from glassformer.training.config import RunConfig
from glassformer.training.objective import Objective
from glassformer.training.run import start
from glassformer.training.trainer import Trainer

NEVER = 1_000_000_000  # in updates: the job is training only


class Glassformer(Engine):
    version = f"glassformer {version('glassformer')}, torch {torch.__version__}"

    def __init__(self, job: Job, precision: str) -> None:
        super().__init__(job)
        torch.set_num_threads(job.threads)
        changes = {"precision": precision, "validate_every": NEVER, "checkpoint_every": NEVER}
        config = RunConfig.of(job.config | changes)
        self.run = start(job.folder / f"run-{precision}", config, torch.device("cpu"))
        torch.manual_seed(config.training.seed)  # measuring the faster precision has drawn numbers
        self.precision = self.run.config.training.precision
        self.parameters = sum(weight.numel() for weight in self.run.translator.model.parameters())

    def serve(self, requests: Iterator[dict[str, Any]], answer: Callable[[dict[str, Any]], None]) -> None:
        paced = Paced(self.job, requests, answer)
        register_module_forward_hook(paced.watch)
        self.run.data = dataclasses.replace(self.run.data, train=paced)
        Trainer(self.run).fit()


class Paced:
    """Stands for the training pairs: `batches` gives the trainer a turn's batches, then waits for the next turn."""

    def __init__(self, job: Job, requests: Iterator[dict[str, Any]], answer: Callable[[dict[str, Any]], None]) -> None:
        self.job, self.requests, self.answer = job, requests, answer
        self.losses: list[Tensor] = []

    def __len__(self) -> int:
        return sum(len(batch.target) for batch in self.job.batches)

    def batches(self, batch_tokens: int, seed: int, epoch: int, first: int = 0) -> Iterator[Batch]:
        for request in self.requests:
            self.losses.clear()
            began = time.perf_counter()
            for i in range(request["first"], request["first"] + request["count"]):
                batch = self.job.batches[i]
                yield Batch(batch.source, batch.target, np.arange(len(batch.target)))
            self.answer({"seconds": time.perf_counter() - began, "losses": [float(loss) for loss in self.losses]})
        raise SystemExit

    def watch(self, module: torch.nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        """Note the loss for each target token whenever the objective is computed."""
        if isinstance(module, Objective):
            self.losses.append(output.detach() / (inputs[1] != PAD).sum())
