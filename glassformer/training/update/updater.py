"""One update after another: learning rate, gradients, clipping, Adam."""

from collections.abc import Sequence
from typing import NamedTuple

import torch

from glassformer.data.batches import Batch
from glassformer.text.tokenizer import Tokenizer
from glassformer.training.config import RunConfig
from glassformer.training.distributed import Group
from glassformer.training.update.faults import usable
from glassformer.training.update.gradients import Gradients
from glassformer.training.update.replica import Replica, full_tensor
from glassformer.training.update.schedule import learning_rate, paper_peak


class Update(NamedTuple):
    """What one update did, all processes together."""

    loss: float  # nats per target token
    grad_norm: float  # before clipping
    learning_rate: float
    source_tokens: int
    target_tokens: int
    splits: int  # batches that were halved because memory did not suffice
    applied: bool  # False: skipped, loss or gradient not being usable


class Updater:
    """Updates the parameters of a replica. Every process of the group must make the same calls."""

    def __init__(
        self, replica: Replica, optimizer: torch.optim.Optimizer, config: RunConfig, group: Group, tokenizer: Tokenizer
    ) -> None:
        """`tokenizer` is the source's; errors name a pair by its text."""
        settings = config.training
        self._replica, self._optimizer, self._settings = replica, optimizer, settings
        self._gradients = Gradients(replica, settings.precision, group, tokenizer)
        self._peak_rate = settings.learning_rate or paper_peak(config.model.d_model, settings.warmup_steps)
        self._vocab_size = config.model.vocab_size

    def update(self, step: int, batches: Sequence[Batch]) -> Update:
        """Make update `step`, counted from 1, with the gradient of all `batches`.

        Where loss or gradient norm are not usable it is skipped: parameters and Adam's moments then stay.
        """
        settings, optimizer = self._settings, self._optimizer
        rate = learning_rate(step, self._peak_rate, settings.warmup_steps, settings.schedule, settings.max_steps)
        for group in optimizer.param_groups:
            group["lr"] = rate
        work = self._gradients.compute(batches)
        clip_norm = settings.clip_norm or float("inf")
        norm = full_tensor(torch.nn.utils.clip_grad_norm_(self._replica.model.parameters(), clip_norm))
        loss, grad_norm = torch.stack([work.loss, norm]).tolist()  # the step's one wait for the device
        if applied := usable(loss, grad_norm, self._vocab_size):
            optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return Update(loss, grad_norm, rate, work.source_tokens, work.target_tokens, work.splits, applied)
