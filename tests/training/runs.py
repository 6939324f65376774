"""What a training leaves in its run directory, as the tests read it."""

import json
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor


def log_of(run: Path) -> list[dict[str, Any]]:
    """The log's records, in order."""
    return [json.loads(line) for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def records_of(run: Path, event: str) -> list[dict[str, Any]]:
    """The log's records of one kind: "train", "validation", "note" or "skipped"."""
    return [record for record in log_of(run) if record["event"] == event]


def notes_of(run: Path) -> list[str]:
    return [record["text"] for record in records_of(run, "note")]


def parameters_of(model: Path) -> bytes:
    """A model directory's parameters, to the bit."""
    return (model / "model.safetensors").read_bytes()


def checkpoint_of(run: Path, step: int) -> Path:
    return run / f"checkpoints/step-{step:06d}"


def state_of(run: Path, step: int) -> dict[str, Tensor]:
    """What a checkpoint holds besides the parameters: Adam's state and the random states, by name."""
    return load_file(checkpoint_of(run, step) / "training_state.safetensors")
