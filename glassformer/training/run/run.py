"""One run of training: what it is made of, and the models it saves."""

import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from glassformer.model_directory import CARD, read_json
from glassformer.training.config import RunConfig
from glassformer.training.data import Prepared
from glassformer.training.distributed import Group
from glassformer.training.report.validation import rank
from glassformer.training.run.checkpoint import TrainingProgress
from glassformer.training.update.replica import Replica
from glassformer.translator import Translator

CONFIG = "config.yaml"


@dataclass
class Run:
    """Everything one run needs: where, how, on what, with which weights, how far it is, and who takes part."""

    path: Path
    config: RunConfig
    data: Prepared
    translator: Translator
    replica: Replica
    optimizer: torch.optim.Optimizer
    progress: TrainingProgress
    group: Group
    warnings: tuple[str, ...] = ()  # what was found, or is changed, at its start or on going on

    def notes(self) -> list[str]:
        """What the reader should know before the first step."""
        weights = sum(weight.numel() for weight in self.translator.model.parameters())
        return [
            *self.warnings,
            *self.data.notes,
            f"{weights:,} weights; {self.config.training.precision} on {self._where()}; "
            f"seed {self.config.training.seed}; writing to {self.path}",
        ]

    def _where(self) -> str:
        device, size = self.group.device, self.group.size
        return str(device) if size == 1 else f"{size} x {device.type} ({self.config.training.parallel})"

    def save_model(self, name: str, scores: dict[str, Any]) -> None:
        """Write the model directory `name` of the run, with a card that says where it comes from."""
        origin = self.config.training.start_from
        self.translator.card = {
            "corpus": describe(self.config),
            **({"start_from": origin} if origin else {}),
            "steps": self.progress.step,
            "validation": scores,
            "seed": self.config.training.seed,
            "versions": {p: version(p) for p in ("glassformer", "torch", "sentencepiece", "sacrebleu")}
            | {"python": platform.python_version()},
        }
        self.translator.save(self.path / name)

    def saved_rank(self, name: str) -> tuple[float, float] | None:
        """The rank of the run's model directory `name` by its card; None if there is none."""
        card = self.path / name / CARD
        return rank(read_json(card)["validation"], self.config.training.metric) if card.exists() else None


def describe(config: RunConfig) -> str:
    """The corpus by its names."""
    data = config.data
    return data.corpus or ", ".join([*data.pairs, *(f for f in (data.source, data.target) if f)])
