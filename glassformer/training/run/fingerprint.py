"""Hashes of what a run is trained on, by which a resumed run can tell whether its data has changed."""

import json
from collections.abc import Iterable
from pathlib import Path

from glassformer.data.cache import key_of
from glassformer.data.config import DataConfig
from glassformer.data.prepare import PreparedData
from glassformer.files import checksum, write_whole
from glassformer.model_directory import read_json
from glassformer.text.pairs import Pair
from glassformer.training.config import RunConfig
from glassformer.training.report.validation import validation_parts

DATA = "data.json"  # in the run directory
# The settings that, with the text, determine the batches of an epoch.
BATCHING = (
    "seed",
    "batch_tokens",
    "subword_dropout",
    "pair_weights",
    "stream",
    "drop",
)
# Settings newer than some runs, whose keys are as if there were none where these are as they were.
LATER = {"augment": "none", "sampling_temperature": None, "batch_shapes": 0}
SPLITS = "subword_regularization"  # how subword_dropout draws splits; runs older than it drew others


def write_fingerprint(run: Path, config: DataConfig, data: PreparedData) -> None:
    """Write `data.json`: the fingerprint of all text, and the hash of each file of it."""
    values = {"text": data.fingerprint, "files": _file_sums(config)}
    write_whole(run / DATA, (json.dumps(values, indent=2) + "\n").encode(errors="backslashreplace"))


def data_changes(run: Path, config: DataConfig, data: PreparedData) -> str:
    """How `data` differs from what the run began with, by its files; empty where it does not."""
    if not (run / DATA).exists():
        return ""
    before = read_json(run / DATA)
    if before.get("text") == data.fingerprint:
        return ""
    files, sums = before.get("files", {}), _file_sums(config)
    changed = [f"{name} has changed" for name in sums.keys() & files.keys() if sums[name] != files[name]]
    added = [f"{name} is new" for name in sums.keys() - files.keys()]
    gone = [f"{name} is no more" for name in files.keys() - sums.keys()]
    return "; ".join(sorted(changed) + sorted(added) + sorted(gone)) or "the same files, read in another way"


def batching_key(config: RunConfig, data: PreparedData) -> str:
    """A hash of all that determines the batches of an epoch: the text, and the settings in BATCHING and LATER."""
    settings = config.flat()
    later = {key: settings[key] for key, before in LATER.items() if settings[key] != before}
    if settings["subword_dropout"]:
        later["splits"] = SPLITS
    return key_of(data.fingerprint, [settings[key] for key in BATCHING], *filter(None, [later]))


def validation_key(config: RunConfig, data: PreparedData) -> str:
    """A hash of what is validated on and how it is scored: scores with different keys cannot be compared."""
    parts = validation_parts(data.valid, config.training).values()
    scored = [fact for part in parts for fact in (_sides(part.sample), part.tokenizer)]
    return key_of(_sides(data.valid), *scored)


def _sides(pairs: Iterable[Pair]) -> list[tuple[str, ...]]:
    """Source and target of each pair, and its direction if it has one."""
    return [(*pair[:2], *filter(None, [pair.direction])) for pair in pairs]


def _file_sums(config: DataConfig) -> dict[str, str]:
    """The checksum of each file by name; what is not a regular file, such as a pipe, has none."""
    sides = (config.source, config.target, config.valid_source, config.valid_target)
    names = [*config.pairs, *config.valid_pairs, *(name for name in sides if name)]
    return {name: checksum(Path(name), named=True) for name in names if Path(name).is_file()}
