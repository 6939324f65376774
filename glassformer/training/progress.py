"""Where a training stands: all of it that is not a tensor. It is saved with each checkpoint."""

import dataclasses
from dataclasses import dataclass
from typing import Any

# Checkpoints of version 0.1 have these names.
OLD_NAMES = {
    "stale": "validations_since_best",
    "validated": "scores_step",
    "batching": "batching_key",
    "judging": "validation_key",
}


@dataclass
class UpdateTotals:
    """Sums over some updates; skipped ones are not among them."""

    updates: int = 0
    loss: float = 0.0  # of the updates' mean losses per target token
    grad_norm: float = 0.0
    source_tokens: int = 0
    target_tokens: int = 0
    seconds: float = 0.0


@dataclass
class TrainingProgress:
    """Step, place in the epoch, validation scores, and what the log has not told yet."""

    step: int = 0
    epoch: int = 0
    batch: int = 0  # batches of this epoch already used
    best: dict[str, Any] = dataclasses.field(default_factory=dict)  # scores of the best validation
    best_step: int = 0
    scores: dict[str, Any] = dataclasses.field(default_factory=dict)  # of the latest validation
    scores_step: int = 0
    validations_since_best: int = 0
    skipped: int = 0  # updates in all
    skipped_in_row: int = 0
    seconds: float = 0.0  # of training, over all sittings
    processes: int = 1  # that train
    batching_key: str = ""  # a hash of all that determines the batches of an epoch
    validation_key: str = ""  # a hash of the sentences that are validated on
    unlogged: UpdateTotals = dataclasses.field(default_factory=UpdateTotals)  # since the latest record of the log

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TrainingProgress":
        """From what `dataclasses.asdict` made of one, now or in version 0.1. Raises TypeError for anything else."""
        known = {OLD_NAMES.get(key, key): value for key, value in dict(values).items()}
        return cls(**known | {"unlogged": UpdateTotals(**values["unlogged"])})
