"""Which settings may change when a run is resumed: some always, others if --allow names them, the shape never."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from glassformer.errors import UsageError, nearest
from glassformer.model import preset
from glassformer.training.config import SHAPE, RunConfig
from glassformer.yaml_config import read_yaml

# Always: when to stop, what to probe, and settings that give the same result by other means.
CHANGEABLE = {
    "max_steps",
    "max_minutes",
    "patience",
    "probe",
    "probe_to",
    "probe_every",
    "store",
    "parallel",
    "compile",
    "activation_checkpointing",
}
# What a run settles when it begins; to leave it open again changes nothing.
OPEN = {"precision": "auto", "compile": "auto", "batch_shapes": None}
FIXED = SHAPE | {"tokenizer", "character_coverage", "split_digits", "user_symbols", "start_from", "teacher"}
CONTENT = "data"  # what --allow calls the text itself, beside the keys of a config

Differences = dict[str, tuple[Any, Any]]  # key: (before, after)


def resumed_config(path: Path, changes: Mapping[str, Any], allow: Sequence[str]) -> tuple[RunConfig, Differences]:
    """The config saved at `path` with `changes` applied, and how it differs from what was saved.

    Raises UsageError if a difference is neither CHANGEABLE nor in `allow` (the error names all of them), or if `allow`
    has a key that can never change.
    """
    saved, given = read_yaml(path), dict(changes)
    given = {key: value for key, value in given.items() if key not in OPEN or value != OPEN[key]}
    if "preset" in given:
        given = preset(str(given.pop("preset"))) | given
    config = RunConfig.from_flat(saved | given, str(path))
    before, after = RunConfig.from_flat(saved, str(path)).flat(), config.flat()
    _refuse_fixed(allow, after.keys())
    differences = {key: (before[key], value) for key, value in after.items() if before[key] != value}
    refused = {key: change for key, change in differences.items() if key not in CHANGEABLE | set(allow)}
    if refused:
        advice = "leave them out, or start another run"
        if not refused.keys() & FIXED:
            advice = f"if you mean it: --allow {','.join(refused)}"
        raise UsageError(f"--resume keeps the run's settings, but these differ: {described(refused)}; {advice}")
    return config, differences


def described(differences: Differences) -> str:
    """The differences as text: `key: before -> after`."""
    return ", ".join(f"{key}: {was} -> {now}" for key, (was, now) in differences.items())


def _refuse_fixed(allow: Sequence[str], keys: Iterable[str]) -> None:
    for key in allow:
        if key not in {*keys, CONTENT}:
            raise UsageError(f"--allow {key}: no config key; {nearest(key, {*keys, CONTENT})}")
        if key in FIXED:
            raise UsageError(f"--allow {key}: what is learnt depends on it; start another run")
