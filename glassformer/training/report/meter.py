"""Speed, loss and gradient norm, summed over the updates between two lines of output."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from glassformer.model import Transformer
from glassformer.training.config import TrainingConfig
from glassformer.training.distributed import Group
from glassformer.training.progress import TrainingProgress, UpdateTotals
from glassformer.training.update.objective import passes_of
from glassformer.training.update.updater import Update
from glassformer.training.update.utilisation import peak_flops, step_flops

SHOW_EVERY = 5.0  # seconds


class Meter:
    """Sums what the updates did, since the latest line shown and since the latest record of the log.

    Lines are shown by the clock. The log goes by steps, and its sums are part of the training's progress, so that a
    run that was killed and resumed has the same log as one that was not.
    """

    def __init__(self, model: Transformer, settings: TrainingConfig, group: Group, progress: TrainingProgress) -> None:
        self._model, self._progress, self._passes = model, progress, passes_of(settings.r_drop)
        # Only the main process shows it; if all measured at once, each would find less.
        self._peak = group.size * peak_flops(settings.precision, group.device) if group.is_main else math.inf
        self._unshown, self._rate = UpdateTotals(), 0.0
        self._since = time.monotonic()

    def add(self, update: Update) -> None:
        """Count an update; of one that was skipped, only its learning rate."""
        self._rate = update.learning_rate
        if not update.applied:
            return
        now = time.monotonic()
        for totals in (self._unshown, self._progress.unlogged):
            totals.updates += 1
            totals.loss += update.loss
            totals.grad_norm += update.grad_norm
            totals.source_tokens += update.source_tokens
            totals.target_tokens += update.target_tokens
            totals.seconds += now - self._since
        self._since = now

    def due(self) -> bool:
        """Whether it is time to show something."""
        return self._unshown.seconds >= SHOW_EVERY

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While the block runs, the time does not count as training's."""
        start = time.monotonic()
        yield
        self._since += time.monotonic() - start

    def to_show(self) -> dict[str, Any]:
        """The numbers since the latest line shown; starts over."""
        totals, self._unshown = self._unshown, UpdateTotals()
        return self._numbers(totals)

    def to_log(self) -> dict[str, Any]:
        """The numbers since the latest record of the log; starts over."""
        totals, self._progress.unlogged = self._progress.unlogged, UpdateTotals()
        return self._numbers(totals)

    def _numbers(self, totals: UpdateTotals) -> dict[str, Any]:
        """Means per update, speed and utilisation; a mean is None where every update was skipped."""
        flops = self._passes * step_flops(self._model, totals.source_tokens, totals.target_tokens)
        seconds = totals.seconds or math.inf
        return {
            "step": self._progress.step,
            "epoch": self._progress.epoch,
            "loss": round(totals.loss / totals.updates, 4) if totals.updates else None,
            "learning_rate": self._rate,
            "grad_norm": round(totals.grad_norm / totals.updates, 4) if totals.updates else None,
            "skipped": self._progress.skipped,
            "target_tokens_per_second": round(totals.target_tokens / seconds, 1),
            "utilisation": round(flops / seconds / self._peak, 4),
            "seconds": round(self._progress.seconds, 1),
        }
