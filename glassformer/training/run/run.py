"""One run of training: what it is made of, and the models it saves."""

import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from glassformer import __version__
from glassformer.data.prepare import PreparedData
from glassformer.model_directory import CARD, read_json
from glassformer.training.config import RunConfig
from glassformer.training.distributed import Group
from glassformer.training.progress import TrainingProgress
from glassformer.training.report.validation import quality, validation_notes
from glassformer.training.update.replica import Replica
from glassformer.translator import Translator

CONFIG = "config.yaml"


@dataclass
class Run:
    """A training: its directory, settings, data, model, optimizer, progress, and the processes that take part."""

    path: Path
    config: RunConfig
    data: PreparedData
    translator: Translator
    replica: Replica
    optimizer: torch.optim.Optimizer
    progress: TrainingProgress
    group: Group
    warnings: tuple[str, ...] = ()  # lines for the reader: what was found or changed when it started or resumed

    def notes(self) -> list[str]:
        """What the reader should know before the first step."""
        parameters = self.translator.model.num_parameters
        return [
            *self.warnings,
            *self.data.notes,
            *validation_notes(self.data.valid, self.config.training),
            f"{parameters:,} parameters; {self.config.training.precision} on {self._where()}; "
            f"seed {self.config.training.seed}; writing to {self.path}",
        ]

    def gather_parameters(self) -> None:
        """Bring the translator's model up to date with what is trained. Every process must call it."""
        self.replica.write_to(self.translator.model)

    def _where(self) -> str:
        device, size = self.group.device, self.group.size
        return str(device) if size == 1 else f"{size} x {device.type} ({self.config.training.parallel})"

    def save_model(self, name: str, scores: dict[str, Any]) -> None:
        """Write the model directory `name` of the run, with a card that says where it comes from."""
        origins = {name: getattr(self.config.training, name) for name in ("start_from", "teacher")}
        self.translator.card = {
            "corpus": describe(self.config),
            **{name: origin for name, origin in origins.items() if origin},
            "steps": self.progress.step,
            "validation": scores,
            "seed": self.config.training.seed,
            "versions": {"glassformer": __version__}
            | {p: version(p) for p in ("torch", "sentencepiece", "sacrebleu")}
            | {"python": platform.python_version()},
        }
        self.translator.save(self.path / name)

    def saved_quality(self, name: str) -> tuple[float, float] | None:
        """The quality of the run's model directory `name`, by the scores on its card; None if there is none."""
        card = self.path / name / CARD
        return quality(read_json(card)["validation"], self.config.training.metric) if card.exists() else None


def describe(config: RunConfig) -> str:
    """The names of the corpus or of its files, and their directions."""
    data = config.data
    if data.pairs:
        return ", ".join(file.name for file in data.train_files)
    names = [data.corpus] if data.corpus else [data.source, data.target]
    return " ".join(filter(None, (", ".join(filter(None, names)), data.direction)))
