"""A run directory: started, resumed, and what is written into it."""

import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from glassformer.errors import InputError, UsageError
from glassformer.files import recover, saving
from glassformer.model import Transformer, preset
from glassformer.model_directory import CARD, OF_A_RUN, read_json
from glassformer.settings import read_yaml
from glassformer.training.checkpoint import CHECKPOINTS, TrainingProgress, checkpoints, restore_checkpoint
from glassformer.training.config import RunConfig
from glassformer.training.data import Prepared, TrainingPairs, prepare
from glassformer.training.objective import Objective, on_device
from glassformer.training.utilisation import autocast, faster_precision
from glassformer.translator import Translator

CONFIG = "config.yaml"
CHANGEABLE = ("max_steps", "max_minutes", "patience", "probe", "probe_every", "store")  # what --resume may change
BETAS, EPSILON = (0.9, 0.98), 1e-9  # Adam's, section 5.3


@dataclass
class Run:
    """Everything one run needs: where, how, on what, with which weights, and how far it is."""

    path: Path
    config: RunConfig
    data: Prepared
    translator: Translator
    optimizer: torch.optim.Optimizer
    progress: TrainingProgress

    def notes(self) -> list[str]:
        """What the reader should know before the first step."""
        weights = sum(weight.numel() for weight in self.translator.model.parameters())
        return [
            *self.data.notes,
            f"{weights:,} weights; {self.config.training.precision} on {self.translator.device}; "
            f"seed {self.config.training.seed}; writing to {self.path}",
        ]

    def save_model(self, name: str, scores: dict[str, Any]) -> None:
        """Write the model directory `name` of the run, with a card that says where it comes from."""
        self.translator.card = {
            "corpus": describe(self.config),
            "steps": self.progress.step,
            "validation": scores,
            "seed": self.config.training.seed,
            "versions": {p: version(p) for p in ("glassformer", "torch", "sentencepiece", "sacrebleu")}
            | {"python": platform.python_version()},
        }
        self.translator.save(self.path / name)

    def saved_score(self, name: str, metric: str) -> float | None:
        """The `metric` of the run's model directory `name`, higher is better; None if there is none."""
        card = self.path / name / CARD
        if not card.exists():
            return None
        value = float(read_json(card)["validation"][metric])
        return -value if metric == "loss" else value


def describe(config: RunConfig) -> str:
    """The corpus by its names."""
    data = config.data
    return data.corpus or ", ".join([*data.pairs, *(f for f in (data.source, data.target) if f)])


def start(path: Path, config: RunConfig, device: torch.device) -> Run:
    """A new run in `path`. Raises InputError if it already holds one, or the data is no good."""
    if path.exists() and not path.is_dir():
        raise InputError(f"{path}: is a file; --out wants a directory")
    held = [name for name in (CONFIG, CHECKPOINTS, *OF_A_RUN) if (path / name).exists()]
    if held:
        raise InputError(
            f"{path}: already holds a run ({', '.join(held)}); choose another --out, or go on with --resume"
        )
    data = prepare(config)
    torch.manual_seed(config.training.seed)
    model = Transformer(config.model).to(device)
    translator = Translator(model, *data.tokenizers)
    probes = config.training.probe
    translator.source_ids(probes, [f"probe '{text}'" for text in probes])  # refuses one that is too long
    if config.training.precision == "auto":
        config = config.with_training(precision=_measured_precision(model, data.train, config, device))
    with saving(path):
        path.mkdir(parents=True, exist_ok=True)
    config.write(path / CONFIG)
    return Run(path, config, data, translator, _adam(model), TrainingProgress())


def resume(path: Path, changes: dict[str, Any], device: torch.device) -> Run:
    """The run in `path`, from its newest checkpoint.

    `changes` may change when to stop and what to probe (CHANGEABLE); the rest may be repeated, and must be as it was.

    Raises InputError if there is no run or no checkpoint, UsageError for any other change.
    """
    if not (path / CONFIG).exists():
        raise InputError(f"{path}: no run to resume (no {CONFIG}); start one without --resume")
    config = _as_it_was(path / CONFIG, changes)
    for name in OF_A_RUN:
        recover(path / name)
    found = checkpoints(path)
    if not found:
        raise InputError(f"{path}: the run has no checkpoint yet; remove the directory and start again")
    try:
        translator = Translator.load(found[-1], device)
        data = prepare(config, (translator.source_tokenizer, translator.target_tokenizer))
        optimizer = _adam(translator.model)
        progress = restore_checkpoint(found[-1], translator, optimizer)
    except InputError as error:
        if str(found[-1]) not in str(error) or len(found) == 1:
            raise
        raise InputError(f"{error}; or delete {found[-1]} to go on from {found[-2].name}") from error
    return Run(path, config, data, translator, optimizer, progress)


def _as_it_was(path: Path, changes: dict[str, Any]) -> RunConfig:
    """The run's saved config; UsageError if `changes` ask for another, but for what is CHANGEABLE."""
    saved = read_yaml(path)
    changes = dict(changes)
    if changes.get("precision") == "auto":
        del changes["precision"]  # measured when the run began
    if "preset" in changes:
        changes = preset(str(changes.pop("preset"))) | changes
    config = RunConfig.of(saved | changes, str(path))
    before = RunConfig.of(saved, str(path)).flat()
    for key, value in config.flat().items():
        if key not in CHANGEABLE and before[key] != value:
            raise UsageError(f"--resume keeps the run's {key} = {before[key]}; it cannot become {value}")
    return config


def _adam(model: Transformer) -> torch.optim.Optimizer:
    # fused: the whole update in one pass over the weights
    return torch.optim.Adam(model.parameters(), lr=0.0, betas=BETAS, eps=EPSILON, fused=True)


def _measured_precision(model: Transformer, data: TrainingPairs, config: RunConfig, device: torch.device) -> str:
    """The faster format for this model on this device, by a step on a real batch; the weights stay."""
    batch = next(data.batches(config.training.batch_tokens, config.training.seed, epoch=0))
    objective = Objective(model, config.training.label_smoothing)
    ids = on_device(batch, device)

    def once(precision: str) -> None:
        with autocast(precision, device):
            loss = objective(*ids)
        loss.backward()
        model.zero_grad(set_to_none=True)

    return faster_precision(once, device)
