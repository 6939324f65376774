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
from glassformer.text.batches import TokenizedPairs
from glassformer.text.tokenizer import Tokenizer
from glassformer.training.checkpoint import CHECKPOINTS, TrainingProgress, checkpoints, restore_checkpoint
from glassformer.training.config import RunConfig
from glassformer.training.data import Prepared, prepare
from glassformer.training.distributed import Group
from glassformer.training.objective import Objective, on_device
from glassformer.training.replica import Replica
from glassformer.training.utilisation import autocast, faster_precision
from glassformer.translator import Translator

CONFIG = "config.yaml"
# What --resume may change: when to stop, what to probe, and how the same is computed.
CHANGEABLE = ("max_steps", "max_minutes", "patience", "probe", "probe_every", "parallel", "activation_checkpointing")
BETAS, EPSILON = (0.9, 0.98), 1e-9  # Adam's, section 5.3


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

    def notes(self) -> list[str]:
        """What the reader should know before the first step."""
        data = self.data
        lost = ", ".join(f"{count:,} {problem}" for problem, count in data.report.dropped.items() if count)
        weights = sum(weight.numel() for weight in self.translator.model.parameters())
        return [
            *data.notes,
            f"{len(data.train):,} pairs to train on, {len(data.valid):,} to validate; dropped: {lost or 'none'}",
            f"{weights:,} weights; {self.config.training.precision} on {self._where()}; "
            f"seed {self.config.training.seed}; writing to {self.path}",
        ]

    def _where(self) -> str:
        device, size = self.group.device, self.group.size
        return str(device) if size == 1 else f"{size} x {device.type} ({self.config.training.parallel})"

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


def start(path: Path, config: RunConfig, group: Group) -> Run:
    """A new run in `path`. Raises InputError if it already holds one, or the data is no good."""
    if group.is_main:
        _refuse_held(path)
    data = _prepared(config, group)
    torch.manual_seed(config.training.seed)
    translator = Translator(Transformer(config.model), *data.tokenizers)
    group.part_randomness()
    probes = config.training.probe
    translator.source_ids(probes, [f"probe '{text}'" for text in probes])  # refuses one that is too long
    if config.training.precision == "auto":
        config = config.with_training(precision=_agreed_precision(translator.model, data.train, config, group))
    if group.is_main:
        with saving(path):
            path.mkdir(parents=True, exist_ok=True)
        config.write(path / CONFIG)
    replica = Replica(translator.model, config.training, group)
    return Run(path, config, data, translator, replica, _adam(replica.model), TrainingProgress(), group)


def _refuse_held(path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise InputError(f"{path}: is a file; --out wants a directory")
    held = [name for name in (CONFIG, CHECKPOINTS, *OF_A_RUN) if (path / name).exists()]
    if held:
        raise InputError(
            f"{path}: already holds a run ({', '.join(held)}); choose another --out, or go on with --resume"
        )


def resume(path: Path, changes: dict[str, Any], group: Group) -> Run:
    """The run in `path`, from its newest checkpoint.

    `changes` may change when to stop and what to probe (CHANGEABLE); the rest may be repeated, and must be as it was.

    Raises InputError if there is no run or no checkpoint, UsageError for any other change.
    """
    if not (path / CONFIG).exists():
        raise InputError(f"{path}: no run to resume (no {CONFIG}); start one without --resume")
    config = _as_it_was(path / CONFIG, changes)
    if group.is_main:
        for name in OF_A_RUN:
            recover(path / name)
    found = checkpoints(path)
    if not found:
        raise InputError(f"{path}: the run has no checkpoint yet; remove the directory and start again")
    try:
        translator = Translator.load(found[-1])
        data = _prepared(config, group, (translator.source_tokenizer, translator.target_tokenizer))
        replica = Replica(translator.model, config.training, group)
        optimizer = _adam(replica.model)
        progress = restore_checkpoint(found[-1], replica.model, optimizer, group)
    except InputError as error:
        if str(found[-1]) not in str(error) or len(found) == 1:
            raise
        raise InputError(f"{error}; or delete {found[-1]} to go on from {found[-2].name}") from error
    return Run(path, config, data, translator, replica, optimizer, progress, group)


def _prepared(config: RunConfig, group: Group, tokenizers: tuple[Tokenizer, Tokenizer] | None = None) -> Prepared:
    """Rank 0 first, which trains the tokenizers if they are not given; the others then read as it did."""
    data = prepare(config, tokenizers) if group.is_main else None
    pieces = [tokenizer.to_bytes() for tokenizer in data.tokenizers] if data else [b"", b""]
    source, target = map(group.from_main, pieces)
    if data:
        return data
    joint = Tokenizer(source)
    return prepare(config, (joint, joint if target == source else Tokenizer(target)))


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


def _agreed_precision(model: Transformer, data: TokenizedPairs, config: RunConfig, group: Group) -> str:
    """The faster format for this model on this device, by rank 0's steps on a real batch; the weights stay."""
    measured = _measured_precision(model, data, config, group.device) if group.is_main else ""
    return group.from_main(measured.encode()).decode()


def _measured_precision(model: Transformer, data: TokenizedPairs, config: RunConfig, device: torch.device) -> str:
    """The faster format for this model on this device, by a step on a real batch; the weights stay."""
    batch = next(data.batches(config.training.batch_tokens, config.training.seed, epoch=0))
    model.to(device)
    objective = Objective(model, config.training.label_smoothing)
    ids = on_device(batch, device)

    def once(precision: str) -> None:
        with autocast(precision, device):
            loss = objective(*ids)
        loss.backward()
        model.zero_grad(set_to_none=True)

    return faster_precision(once, device)
