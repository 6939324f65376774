"""Training as one call."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from glassformer.arguments import checked, is_utf8, path_of
from glassformer.data.config import DataConfig
from glassformer.errors import InputError, UsageError
from glassformer.model_directory import resolve
from glassformer.settings import keys_of
from glassformer.training.config import RunConfig
from glassformer.training.distributed import Group, join_group
from glassformer.training.run.distilling import with_teacher
from glassformer.training.run.extending import EXTENDED, extend
from glassformer.training.run.fine_tuning import with_shape
from glassformer.training.run.lock import lock_run
from glassformer.training.run.resuming import resume
from glassformer.training.run.run import CONFIG, Run
from glassformer.training.run.starting import start
from glassformer.training.trainer import Callback, Trainer
from glassformer.training.update.determinism import preserved_determinism
from glassformer.training.update.memory import keep_freed_memory
from glassformer.translator import Translator


@checked
def train(
    out: str | Path,
    *,
    resumed: bool = False,
    allow: Sequence[str] = (),
    device: str = "auto",
    callbacks: Sequence[Callback] = (),
    extend_vocabulary: int | None = None,
    **settings: Any,
) -> Translator:
    """Train a model into the run directory `out`, and return its best translator.

    `settings` are the keys of a config file: `preset`, the data (`pairs=["train.tsv"]`, or `source` and `target`,
    or `corpus`), and any field of ModelConfig and TrainingConfig; `start_from` fine-tunes a model, and a `teacher`
    translates the text first. `resumed=True` goes on with the run if it is already there, as it was but for when to
    stop and what to probe; `allow` names the settings that may change too, and `data` for the text itself.
    `callbacks` follow the loop. `extend_vocabulary`: up to so many pieces of the text are added to each side of the
    model of `start_from`.

    Raises InputError or UsageError for what is wrong with them, InputError where another process trains
    in `out`, and Interrupted where a signal stopped it. Of several processes, as torchrun starts them, each makes
    the same call; only one of them raises, the others leave by SystemExit.
    """
    return train_with(settings, out, resumed, allow, device, callbacks, extend_vocabulary)


def train_with(
    settings: Mapping[str, Any],
    out: str | Path,
    resumed: bool = False,
    allow: Sequence[str] = (),
    device: str = "auto",
    callbacks: Sequence[Callback] = (),
    extend_vocabulary: int | None = None,
) -> Translator:
    """`train` with settings from outside, whose keys may be any: one that is no setting is refused by its name."""
    if allow and not resumed:
        raise UsageError("--allow is for a run that goes on; give it with --resume")
    keep_freed_memory()
    path = path_of(out, "out")
    if not is_utf8(path):
        raise UsageError(f"{path}: the name is no UTF-8, and weights could not be read back; choose another --out")
    with preserved_determinism(), join_group(device) as group, lock_run(path) if group.is_main else nullcontext():
        # Without a name: the trainer must be gone before the group is.
        if extend_vocabulary is not None and not (path / CONFIG).exists():
            settings = _with_more_pieces(settings, path, group, extend_vocabulary)
        Trainer(_begin(path, settings, group, resumed, allow), callbacks).fit()
        return Translator.load(resolve(path), group.device)


def _with_more_pieces(settings: Mapping[str, Any], path: Path, group: Group, most: int) -> dict[str, Any]:
    """The settings of a run that starts from its model with more pieces, which is written first."""
    if group.size > 1:
        raise UsageError("--extend-vocabulary: begin with one process, then go on with several by --resume")
    config = RunConfig.from_flat(with_shape(settings))
    if config.training.start_from is None:
        raise UsageError("--extend-vocabulary adds to the vocabulary of a model; name it with --from")
    path.mkdir(parents=True, exist_ok=True)
    extend(resolve(Path(config.training.start_from)), config.data, most, config.training.seed, path / EXTENDED)
    return {**settings, "start_from": str(path / EXTENDED)}


def _begin(path: Path, settings: Mapping[str, Any], group: Group, resumed: bool, allow: Sequence[str]) -> Run:
    """The run of `settings` in `path`: a new one, or, `resumed`, the one that is there if there is one.

    So a command may be repeated as it is, as torchrun does after a failure. Raises what `start` and `resume` raise,
    and InputError where there is nothing to resume, nor any data to start with.
    """
    exists = bool(group.largest((path / CONFIG).exists())[0])
    if resumed or not exists:
        settings = with_teacher(path, settings, group)
    if not resumed:
        return start(path, RunConfig.from_flat(with_shape(settings)), group)
    if exists:
        return resume(path, settings, group, allow)
    if not keys_of(DataConfig) & settings.keys():
        raise InputError(f"{path}: no run to resume (no {CONFIG}); start one without --resume")
    run = start(path, RunConfig.from_flat(with_shape(settings)), group)
    run.warnings = (f"{path}: no run to resume; this starts it", *run.warnings)
    return run
