"""A run that goes on: from its newest undamaged checkpoint, and compared with what it was."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from glassformer.errors import InputError
from glassformer.training.distributed import Group
from glassformer.training.run.building import build_run, refuse_other_data
from glassformer.training.run.changes import CONTENT, Differences, described, resumed_config
from glassformer.training.run.checkpoint import prune_checkpoints
from glassformer.training.run.fingerprint import batching_key, data_changes, validation_key, write_fingerprint
from glassformer.training.run.probes import remove_later_probes
from glassformer.training.run.recovery import find_checkpoint
from glassformer.training.run.run import CONFIG, Run


def resume(path: Path, changes: Mapping[str, Any], group: Group, allow: Sequence[str] = ()) -> Run:
    """The run in `path`, from its newest undamaged checkpoint, or from its beginning where it has none yet.

    `changes` may change when to stop and what to probe, and the keys in `allow` (`data`: the text itself); the other
    settings may be repeated, and must be as they were. A damaged checkpoint is left where it is.

    Raises InputError for other data or if every checkpoint is damaged, UsageError for any other change.
    """
    config, differences = resumed_config(path / CONFIG, changes, allow)
    checkpoint, damaged = find_checkpoint(path, group)
    if damaged and not checkpoint:
        raise InputError(f"{path}: no checkpoint is whole ({'; '.join(damaged)}); copy one back, or start another run")
    run = build_run(path, config, group, checkpoint)
    new_data = data_changes(path, config.data, run.data)
    if new_data and CONTENT not in allow:
        raise InputError(
            f"{path}: the data is not what the run began with: {new_data}; if you mean it: --resume --allow {CONTENT}"
        )
    run.warnings = (
        *(f"warning: damaged checkpoint {problem}; left as it is, and not used" for problem in damaged),
        *_changed_settings(run, differences, new_data),
        *_adapt_progress(run),
        f"going on from {checkpoint or 'the beginning: there is no checkpoint yet'}",
    )
    group.wait()  # every process has compared before anything is rewritten
    if group.is_main:
        _write_changes(run, bool(differences), bool(new_data))
    refuse_other_data(run)
    return run


def _changed_settings(run: Run, differences: Differences, new_data: str) -> list[str]:
    """Lines about what differs from before."""
    lines = []
    if differences:
        lines.append(f"changed: {described(differences)}")
    if "max_steps" in differences and run.config.training.schedule != "inverse_sqrt":
        lines.append(f"the decay of the learning rate ends at step {run.config.training.max_steps:,} now")
    if new_data:
        lines.append(f"changed: the data: {new_data}")
    return lines


def _adapt_progress(run: Run) -> list[str]:
    """Fit the progress to other batches, validation sentences or processes, and return lines that say so.

    Compared with the checkpoint, not with the settings of the latest sitting: one that was killed before its first
    checkpoint has changed nothing.
    """
    progress, lines = run.progress, []
    batching, validation = batching_key(run.config, run.data), validation_key(run.config, run.data)
    if progress.batch and progress.batching_key != batching:
        progress.epoch, progress.batch = progress.epoch + 1, 0
        lines.append(f"the batches are others now: epoch {progress.epoch} begins")
    if progress.best and progress.validation_key != validation:
        progress.best, progress.validations_since_best, progress.scores_step = {}, 0, 0
        lines.append("validated is on other sentences now, or scored in another way: what is best is found anew")
    progress.batching_key, progress.validation_key = batching, validation
    if progress.processes != run.group.size:
        lines.append(
            f"changed: processes: {progress.processes} -> {run.group.size}; the batches are the same, "
            "but dropout draws other numbers"
        )
        progress.processes = run.group.size
    return lines


def _write_changes(run: Run, new_settings: bool, new_data: bool) -> None:
    """Bring the run directory to where the run stands; what was saved of later steps will be saved again."""
    settings = run.config.training
    remove_later_probes(run.path, run.progress.step)
    prune_checkpoints(run.path, run.progress.step, settings.checkpoint_every, settings.keep_checkpoints)
    if new_settings:
        run.config.write(run.path / CONFIG)
    if new_data:
        write_fingerprint(run.path, run.config.data, run.data)
