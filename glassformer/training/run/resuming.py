"""A run that goes on: from its newest whole checkpoint, and compared with what it was."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from glassformer.errors import InputError
from glassformer.files import clear_remains, recover
from glassformer.model_directory import OF_A_RUN
from glassformer.training.config import RunConfig
from glassformer.training.distributed import Group
from glassformer.training.run.changes import CONTENT, Differences, described, resumed_config
from glassformer.training.run.checkpoint import CHECKPOINTS, newest_whole, prune_checkpoints, restore_checkpoint
from glassformer.training.run.fingerprint import batching_key, data_changes, judging_key, write_fingerprint
from glassformer.training.run.probes import cut_probes
from glassformer.training.run.run import CONFIG, Run
from glassformer.training.run.starting import begun, loaded, prepared, refuse_long_probes, refuse_other_data
from glassformer.training.update.optimizer import adam
from glassformer.training.update.replica import Replica


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
    run = _restored(path, config, group, found) if found else begun(path, config, group)
    new_data = data_changes(path, config.data, run.data)
    if new_data and CONTENT not in allow:
        raise InputError(
            f"{path}: the data is not what the run began with: {new_data}; if you mean it: --resume --allow {CONTENT}"
        )
    run.warnings = (
        *(f"warning: damaged checkpoint {problem}; left as it is, and not used" for problem in damaged),
        *_taken_on(run, differences, new_data),
        f"going on from {found or 'the beginning: there is no checkpoint yet'}",
    )
    group.wait()  # all have compared before anything is rewritten
    if group.is_main:
        _settle(run)
        if differences:
            run.config.write(path / CONFIG)
        if new_data:
            write_fingerprint(path, config.data, run.data)
    refuse_other_data(run)
    return run


def _taken_on(run: Run, differences: Differences, new_data: str) -> list[str]:
    """Bring the run's progress to what is new, and say what it is."""
    progress, said = run.progress, []
    batching, judging = batching_key(run.config, run.data), judging_key(run.config, run.data)
    if differences:
        said.append(f"changed: {described(differences)}")
    if "max_steps" in differences and run.config.training.schedule == "cosine":
        said.append(f"the cosine of the learning rate ends at step {run.config.training.max_steps:,} now")
    if new_data:
        said.append(f"changed: the data: {new_data}")
    # Told from the checkpoint, not from `differences`: a sitting that was killed before its first has changed nothing.
    if progress.batch and progress.batching != batching:
        progress.epoch, progress.batch = progress.epoch + 1, 0
        said.append(f"the batches are others now: epoch {progress.epoch} begins")
    if progress.best and progress.judging != judging:
        progress.best, progress.stale, progress.validated = {}, 0, 0
        said.append("validated is on other sentences now: what is best is found anew")
    progress.batching, progress.judging = batching, judging
    if progress.processes != run.group.size:
        said.append(
            f"changed: processes: {progress.processes} -> {run.group.size}; the batches are the same, "
            "but dropout draws other numbers"
        )
        progress.processes = run.group.size
    return said


def _agreed_checkpoint(path: Path, group: Group) -> tuple[Path | None, list[str]]:
    """The newest whole checkpoint, and what is wrong with newer ones, as rank 0 finds it."""
    answer = b""
    if group.is_main:
        _tidy(path)
        found, damaged = newest_whole(path)
        answer = json.dumps([found.name if found else None, damaged]).encode()
    name, damaged = json.loads(group.from_main(answer))
    return path / CHECKPOINTS / name if name else None, damaged


def _restored(path: Path, config: RunConfig, group: Group, checkpoint: Path) -> Run:
    """The run as it was when `checkpoint` was saved."""
    translator = loaded(checkpoint, config.model)
    refuse_long_probes(translator, config.training.probe)
    data = prepared(config, group, (translator.source_tokenizer, translator.target_tokenizer))
    replica = Replica(translator.model, config.training, group)
    optimizer = adam(replica.model)
    progress = restore_checkpoint(checkpoint, replica.model, optimizer, group)
    return Run(path, config, data, translator, replica, optimizer, progress, group)


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
