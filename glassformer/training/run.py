"""A run directory: started, resumed, and what is written into it."""

import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from glassformer.errors import InputError
from glassformer.files import clear_remains, recover
from glassformer.model import ModelConfig, Transformer
from glassformer.model_directory import CARD, OF_A_RUN, load_weights, read_json, weights_of
from glassformer.settings import keys_of
from glassformer.text.tokenizer import Tokenizer, Tokenizers
from glassformer.training.changes import BATCHING, CONTENT, described, resumed_config
from glassformer.training.checkpoint import (
    CHECKPOINTS,
    TrainingProgress,
    newest_whole,
    prune_checkpoints,
    restore_checkpoint,
)
from glassformer.training.config import DataConfig, RunConfig
from glassformer.training.data import Prepared, TrainingPairs, prepare
from glassformer.training.distributed import Group
from glassformer.training.fine_tuning import with_shape
from glassformer.training.fingerprint import data_changes, write_fingerprint
from glassformer.training.objective import Objective, on_device
from glassformer.training.probes import cut_probes
from glassformer.training.replica import Replica
from glassformer.training.utilisation import autocast, faster_precision
from glassformer.training.validation import rank
from glassformer.translator import Translator

CONFIG = "config.yaml"
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
    warnings: tuple[str, ...] = ()  # what was found, or is changed, on going on

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


def begin(path: Path, settings: dict[str, Any], group: Group, resumed: bool, allow: Sequence[str]) -> Run:
    """The run of `settings` in `path`: a new one, or, `resumed`, the one that is there if there is one.

    So a command may be repeated as it is, as torchrun does after a failure. Raises what `start` and `resume` raise,
    and InputError where there is nothing to resume, nor any data to start with.
    """
    exists = bool(group.largest((path / CONFIG).exists())[0])
    if not resumed:
        return start(path, RunConfig.of(with_shape(settings)), group)
    if exists:
        return resume(path, settings, group, allow)
    if not keys_of(DataConfig) & settings.keys():
        raise InputError(f"{path}: no run to resume (no {CONFIG}); start one without --resume")
    run = start(path, RunConfig.of(with_shape(settings)), group)
    run.warnings = (f"{path}: no run to resume; this starts it",)
    return run


def start(path: Path, config: RunConfig, group: Group) -> Run:
    """A new run in `path`. Raises InputError if it already holds one, or the data is no good."""
    held = [name for name in (CONFIG, CHECKPOINTS, *OF_A_RUN) if (path / name).exists()]
    if group.is_main and held:
        raise InputError(
            f"{path}: already holds a run ({', '.join(held)}); choose another --out, or go on with --resume"
        )
    run = _begun(path, config, group)
    if group.is_main:
        write_fingerprint(path, config.data, run.data)
        run.config.write(path / CONFIG)
    _refuse_other_data(run)
    return run


def resume(path: Path, changes: dict[str, Any], group: Group, allow: Sequence[str] = ()) -> Run:
    """The run in `path`, from its newest whole checkpoint; from its beginning where it has none yet.

    `changes` may change when to stop and what to probe, and the keys in `allow` (`data`: the text itself); the rest
    may be repeated, and must be as it was. A damaged checkpoint is left where it is.

    Raises InputError for other data or no whole checkpoint, UsageError for any other change.
    """
    config, differences = resumed_config(path / CONFIG, changes, allow)
    found, damaged = _agreed_checkpoint(path, group)
    if damaged and not found:
        raise InputError(f"{path}: no checkpoint is whole ({'; '.join(damaged)}); copy one back, or start another run")
    run = _restored(path, config, group, found) if found else _begun(path, config, group)
    new_data = data_changes(path, config.data, run.data)
    if new_data and CONTENT not in allow:
        raise InputError(
            f"{path}: the data is not what the run began with: {new_data}; if you mean it: --resume --allow {CONTENT}"
        )
    warnings = [f"warning: damaged checkpoint {problem}; left as it is, and not used" for problem in damaged]
    warnings += [f"changed: {described(differences)}"] if differences else []
    if "max_steps" in differences and config.training.schedule == "cosine":
        warnings.append(f"the cosine of the learning rate ends at step {config.training.max_steps:,} now")
    warnings += [f"changed: the data: {new_data}"] if new_data else []
    if run.progress.batch and (new_data or differences.keys() & set(BATCHING)):
        run.progress.epoch, run.progress.batch = run.progress.epoch + 1, 0
        warnings.append(f"the batches are others now: epoch {run.progress.epoch} begins")
    if run.progress.processes != group.size:
        warnings.append(
            f"changed: processes: {run.progress.processes} -> {group.size}; the batches are the same, "
            "but dropout draws other numbers"
        )
        run.progress.processes = group.size
    run.warnings = (*warnings, f"going on from {found or 'the beginning: there is no checkpoint yet'}")
    group.wait()  # all have compared before anything is rewritten
    if group.is_main:
        _settle(run)
        if differences:
            run.config.write(path / CONFIG)
        if new_data:
            write_fingerprint(path, config.data, run.data)
    _refuse_other_data(run)
    return run


def _agreed_checkpoint(path: Path, group: Group) -> tuple[Path | None, list[str]]:
    """The newest whole checkpoint, and what is wrong with newer ones, as rank 0 finds it."""
    answer = b""
    if group.is_main:
        _tidy(path)
        found, damaged = newest_whole(path)
        answer = json.dumps([found.name if found else None, damaged]).encode()
    name, damaged = json.loads(group.from_main(answer))
    return path / CHECKPOINTS / name if name else None, damaged


def _refuse_other_data(run: Run) -> None:
    """Raise InputError where this process, perhaps of another machine, reads other data than rank 0."""
    run.group.wait()
    if other := data_changes(run.path, run.config.data, run.data):
        raise InputError(
            f"the data on {platform.node()} is not that of the first process: {other}; copy the same files there"
        )


def _begun(path: Path, config: RunConfig, group: Group) -> Run:
    """A run before its first step. The same config gives the same one."""
    settings, origin = config.training, None
    if settings.start_from:
        origin = _loaded(Path(settings.start_from), config.model)
    data = _prepared(config, group, (origin.source_tokenizer, origin.target_tokenizer) if origin else None)
    torch.manual_seed(settings.seed)
    translator = origin or Translator(Transformer(config.model), *data.tokenizers)
    group.part_randomness()
    translator.source_ids(settings.probe, [f"probe '{text}'" for text in settings.probe])  # refuses one too long
    if settings.precision == "auto":
        config = config.with_training(precision=_agreed_precision(translator.model, data.train, config, group))
    replica = Replica(translator.model, config.training, group)
    progress = TrainingProgress(processes=group.size)
    return Run(path, config, data, translator, replica, _adam(replica.model), progress, group)


def _restored(path: Path, config: RunConfig, group: Group, checkpoint: Path) -> Run:
    """The run as it was when `checkpoint` was saved."""
    translator = _loaded(checkpoint, config.model)
    data = _prepared(config, group, (translator.source_tokenizer, translator.target_tokenizer))
    replica = Replica(translator.model, config.training, group)
    optimizer = _adam(replica.model)
    progress = restore_checkpoint(checkpoint, replica.model, optimizer, group)
    return Run(path, config, data, translator, replica, optimizer, progress, group)


def _prepared(config: RunConfig, group: Group, tokenizers: Tokenizers | None) -> Prepared:
    """Rank 0 first, which trains the tokenizers if they are not given; the others then read as it did."""
    data = prepare(config, tokenizers) if group.is_main else None
    files = [tokenizer.to_bytes() for tokenizer in data.tokenizers] if data else [b"", b""]
    source, target = map(group.from_main, files)
    if data:
        return data
    joint = Tokenizer(source)
    return prepare(config, (joint, joint if target == source else Tokenizer(target)))


def _loaded(path: Path, config: ModelConfig) -> Translator:
    """The model directory `path` with `config`, which may have another dropout."""
    saved = Translator.load(path)
    model = Transformer(config)
    load_weights(model, weights_of(saved.model), path)
    return Translator(model, saved.source_tokenizer, saved.target_tokenizer, saved.card)


def _tidy(path: Path) -> None:
    """Bring back what a save that was cut off had set aside, and remove what it has left."""
    for name in OF_A_RUN:
        recover(path / name)
    for directory in (path, path / CHECKPOINTS):
        clear_remains(directory)


def _settle(run: Run) -> None:
    """Put the run directory where the run now stands: what was saved of later steps will be saved again."""
    cut_probes(run.path, run.progress.step)
    settings = run.config.training
    prune_checkpoints(run.path, run.progress.step, settings.checkpoint_every, settings.keep_checkpoints)


def _adam(model: Transformer) -> torch.optim.Optimizer:
    # fused: the whole update in one pass over the weights
    return torch.optim.Adam(model.parameters(), lr=0.0, betas=BETAS, eps=EPSILON, fused=True)


def _agreed_precision(model: Transformer, data: TrainingPairs, config: RunConfig, group: Group) -> str:
    """The faster format for this model on this device, as rank 0 measures it."""
    measured = ""
    if group.is_main:
        # A run that is begun again measures no more: it must not miss the numbers that dropout draws here.
        with torch.random.fork_rng([group.device] if group.device.type == "cuda" else []):
            measured = _measured_precision(model.to(group.device), data, config, group.device)
    return group.from_main(measured.encode()).decode()


def _measured_precision(model: Transformer, data: TrainingPairs, config: RunConfig, device: torch.device) -> str:
    """By steps on a real batch; the weights stay."""
    batch = next(data.batches(config.training.batch_tokens, config.training.seed, epoch=0))
    objective = Objective(model, config.training.label_smoothing, config.training.r_drop)
    ids = on_device(batch, device)

    def once(precision: str) -> None:
        with autocast(precision, device):
            loss = objective(*ids)
        loss.backward()
        model.zero_grad(set_to_none=True)

    return faster_precision(once, device)
