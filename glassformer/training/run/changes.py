"""What a run that goes on may change: a few settings at any time, others where the user names them, its shape never."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from glassformer.errors import UsageError, nearest
from glassformer.model import preset
from glassformer.settings import read_yaml
from glassformer.training.config import SHAPE, RunConfig

# When to stop, what to probe, and where and how the same is computed.
FREE = {
    "max_steps",
    "max_minutes",
    "patience",
    "probe",
    "probe_every",
    "store",
    "parallel",
    "activation_checkpointing",
}
FIXED = SHAPE | {"tokenizer", "start_from"}
CONTENT = "data"  # what --allow calls the text itself, beside the keys of a config

Differences = dict[str, tuple[Any, Any]]  # key: what it was, what it is


def resumed_config(path: Path, changes: Mapping[str, Any], allow: Sequence[str]) -> tuple[RunConfig, Differences]:
    """The run's config saved at `path` with `changes`, and how it differs from before.

    Raises UsageError for a difference that is neither FREE nor in `allow`, with all such; and for what cannot be
    allowed.
    """
    saved, given = read_yaml(path), dict(changes)
    if given.get("precision") == "auto":
        del given["precision"]  # measured when the run began
    if "preset" in given:
        given = preset(str(given.pop("preset"))) | given
    config = RunConfig.from_flat(saved | given, str(path))
    before, after = RunConfig.from_flat(saved, str(path)).flat(), config.flat()
    _refuse_fixed(allow, after.keys())
    differences = {key: (before[key], value) for key, value in after.items() if before[key] != value}
    refused = {key: change for key, change in differences.items() if key not in FREE | set(allow)}
    if refused:
        advice = "leave them out, or start another run"
        if not refused.keys() & FIXED:
            advice = f"if you mean it: --allow {','.join(refused)}"
        raise UsageError(f"--resume keeps the run's settings, but these differ: {described(refused)}; {advice}")
    return config, differences


def described(differences: Differences) -> str:
    """`key: was -> is`, for all of them."""
    return ", ".join(f"{key}: {was} -> {now}" for key, (was, now) in differences.items())


def _refuse_fixed(allow: Sequence[str], keys: Iterable[str]) -> None:
    for key in allow:
        if key not in {*keys, CONTENT}:
            raise UsageError(f"--allow {key}: no config key; {nearest(key, {*keys, CONTENT})}")
        if key in FIXED:
            raise UsageError(f"--allow {key}: what is learnt depends on it; start another run")
