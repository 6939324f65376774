"""Where a training stands: all of it that is not a tensor. It is saved with each checkpoint."""

import dataclasses
from dataclasses import dataclass
from typing import Any, get_origin, get_type_hints

SCORES = "loss", "bleu", "chrf"  # that every validation has
MOST = 1 << 53  # of anything that is counted
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
        """From what `dataclasses.asdict` made of one, now or in version 0.1.

        Raises TypeError, KeyError or ValueError for anything else.
        """
        known = {OLD_NAMES.get(key, key): value for key, value in dict(values).items()}
        made = cls(**known | {"unlogged": UpdateTotals(**values["unlogged"])})
        _refuse_impossible(made)
        _refuse_impossible(made.unlogged)
        for scores in filter(None, (made.best, made.scores)):
            if not all(_is_number(scores[name]) for name in SCORES):
                raise ValueError("a score is no number")
        return made


def _refuse_impossible(counted: TrainingProgress | UpdateTotals) -> None:
    """Raise ValueError for a value that is not of its field's type, or a number that nothing counts to."""
    for name, kind in get_type_hints(type(counted)).items():
        value = getattr(counted, name)
        if kind in (int, float):
            fits = _is_number(value) and 0 <= value <= MOST and (kind is float or isinstance(value, int))
        else:
            fits = isinstance(value, get_origin(kind) or kind)
        if not fits:
            raise ValueError(f"{name} is {str(value)[:40]}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
