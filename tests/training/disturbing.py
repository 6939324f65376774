"""Callbacks that disturb a training on purpose."""

from collections.abc import Callable

from torch import Tensor, nn

from glassformer.training import Callback
from glassformer.training.trainer import Trainer


class LossTimes(Callback):
    """Multiplies the loss of each batch by `factor(number)`, batches being numbered from 1."""

    def __init__(self, factor: Callable[[int], float]) -> None:
        self.factor, self.number = factor, 0

    def on_train_start(self, trainer: Trainer) -> None:
        trainer.run.replica.objective.register_forward_hook(self.changed)

    def changed(self, objective: nn.Module, inputs: tuple[Tensor, ...], loss: Tensor) -> Tensor:
        if not objective.training:
            return loss
        self.number += 1
        return loss * self.factor(self.number)


class AtUpdate(Callback):
    """Calls `work(trainer)` before the update of this step is made."""

    def __init__(self, step: int, work: Callable[[Trainer], object]) -> None:
        self.step, self.work = step, work

    def on_update_start(self, trainer: Trainer, batches: list) -> None:
        if trainer.progress.step == self.step:
            self.work(trainer)
