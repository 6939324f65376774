"""A new run in its directory."""

from pathlib import Path

from glassformer.errors import InputError
from glassformer.model_directory import OF_A_RUN
from glassformer.training.config import RunConfig
from glassformer.training.distributed import Group
from glassformer.training.run.building import build_run, refuse_other_data
from glassformer.training.run.checkpoint import CHECKPOINTS
from glassformer.training.run.fingerprint import write_fingerprint
from glassformer.training.run.run import CONFIG, Run


def start(path: Path, config: RunConfig, group: Group) -> Run:
    """A new run in `path`. Raises InputError if it already holds one, or for what `build_run` refuses."""
    held = [name for name in (CONFIG, CHECKPOINTS, *OF_A_RUN) if (path / name).exists()]
    if group.is_main and held:
        raise InputError(
            f"{path}: already holds a run ({', '.join(held)}); choose another --out, or go on with --resume"
        )
    run = build_run(path, config, group)
    if group.is_main:
        write_fingerprint(path, config.data, run.data)
        run.config.write(path / CONFIG)
    refuse_other_data(run)
    return run
