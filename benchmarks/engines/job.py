"""What every engine is asked to do: the same sizes, the same batches, the same rates."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

PAD, UNK, BOS, EOS = range(4)


class Batch(NamedTuple):
    """Source ids (B, S) and target ids (B, T), both closed by `</s>` and padded on the right."""

    source: NDArray[np.int64]
    target: NDArray[np.int64]

    @property
    def source_tokens(self) -> int:
        """Without padding."""
        return int((self.source != PAD).sum())

    @property
    def target_tokens(self) -> int:
        """Without padding."""
        return int((self.target != PAD).sum())


@dataclass(frozen=True)
class Job:
    """`config` is glassformer's own, resolved: its keys are the field's names."""

    folder: Path
    config: dict[str, Any]
    betas: tuple[float, float]
    epsilon: float
    threads: int
    rates: list[float]  # of each update
    batches: list[Batch]

    def save(self) -> None:
        """Into the folder, for `load` in another process."""
        matrices = {f"{side}{i}": ids for i, b in enumerate(self.batches) for side, ids in b._asdict().items()}
        np.savez(self.folder / "batches.npz", **matrices)
        numbers = {key: getattr(self, key) for key in ("config", "betas", "epsilon", "threads", "rates")}
        (self.folder / "job.json").write_text(json.dumps(numbers))

    @classmethod
    def load(cls, folder: Path) -> "Job":
        numbers = json.loads((folder / "job.json").read_text())
        with np.load(folder / "batches.npz", allow_pickle=False) as file:
            batches = [Batch(file[f"source{i}"], file[f"target{i}"]) for i in range(len(numbers["rates"]))]
        return cls(folder=folder, batches=batches, **numbers)


class Engine:
    """One toolkit with one model in training."""

    version: str  # with its name
    precision: str
    parameters: int  # trainable ones, a shared one once

    def __init__(self, job: Job) -> None:
        self.job = job

    def facts(self) -> dict[str, Any]:
        return {"version": self.version, "precision": self.precision, "parameters": self.parameters}

    def update(self, batch: Batch, rate: float) -> Any:
        """One step of Adam; the loss for each real target token, as something of which `float` makes a number."""
        raise NotImplementedError

    def serve(self, requests: Iterator[dict[str, Any]], answer: Callable[[dict[str, Any]], None]) -> None:
        """Say what it is, then answer each request until there are no more."""
        answer(self.facts())
        for request in requests:
            answer(self.train(**request))

    def train(self, first: int, count: int) -> dict[str, Any]:
        """`count` updates from batch `first` on: seconds, and the loss of each."""
        began = time.perf_counter()
        losses = [self.update(self.job.batches[i], self.job.rates[i]) for i in range(first, first + count)]
        numbers = [float(loss) for loss in losses]  # the last of which a device has to come to
        return {"seconds": time.perf_counter() - began, "losses": numbers}
