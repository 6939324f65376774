"""One update after another: learning rate, gradients, clipping, Adam."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from glassformer.cuda_graphs import Recorded
from glassformer.data.batches import Batch
from glassformer.device import Arriving
from glassformer.text.tokenizer import Tokenizer
from glassformer.training.config import RunConfig
from glassformer.training.distributed import Group
from glassformer.training.update.faults import usable
from glassformer.training.update.gradients import Gradients, GradientWork
from glassformer.training.update.replica import Replica, full_tensor
from glassformer.training.update.schedule import learning_rate, paper_peak


class Update:
    """What one update did, all processes together. To ask for a number of the device's waits until it is made."""

    def __init__(self, step: int, learning_rate: float, work: GradientWork, grad_norm: Tensor, applied: Tensor) -> None:
        self.step, self.learning_rate = step, learning_rate
        self.source_tokens, self.target_tokens = work.source_tokens, work.target_tokens
        self._arriving = Arriving(torch.stack([work.loss, grad_norm, applied, work.splits]))

    @property
    def loss(self) -> float:
        """Nats per target token."""
        return float(self._arriving.numbers[0])

    @property
    def grad_norm(self) -> float:
        """Before clipping."""
        return float(self._arriving.numbers[1])

    @property
    def applied(self) -> bool:
        """False: skipped, loss or gradient not being usable."""
        return bool(self._arriving.numbers[2])

    @property
    def splits(self) -> int:
        """Batches that were halved because memory did not suffice."""
        return int(self._arriving.numbers[3])


class Updater:
    """Updates the parameters of a replica. Every process of the group must make the same calls."""

    def __init__(
        self, replica: Replica, optimizer: torch.optim.Optimizer, config: RunConfig, group: Group, tokenizer: Tokenizer
    ) -> None:
        """`tokenizer` is the source's; errors name a pair by its text."""
        settings = config.training
        self._replica, self._optimizer, self._settings = replica, optimizer, settings
        self._gradients = Gradients(replica, group, tokenizer)
        self._peak_rate = settings.learning_rate or paper_peak(config.model.d_model, settings.warmup_steps)
        self._vocab_size = config.model.vocab_size
        self._apply_gradient: Callable[..., tuple[Tensor, ...]] = self._apply
        if replica.recorded:
            self._apply_gradient = Recorded(self._apply)
            rate = torch.zeros((), device=group.device)  # which a recording reads where it is
            for parameters in optimizer.param_groups:
                parameters |= {"lr": rate, "capturable": True}

    def update(self, step: int, batches: Sequence[Batch]) -> Update:
        """Make update `step`, counted from 1, with the gradient of all `batches`.

        Where loss or gradient norm are not usable it is skipped: parameters and Adam's moments then stay. Adam decides
        that on the device, and nothing here waits for what it computes.
        """
        settings = self._settings
        rate = learning_rate(step, self._peak_rate, settings.warmup_steps, settings.schedule, settings.max_steps)
        for group in self._optimizer.param_groups:
            group["lr"] = group["lr"].fill_(rate) if isinstance(group["lr"], Tensor) else rate
        work = self._gradients.compute(batches)
        norm, applied = self._apply_gradient(work.loss)
        return Update(step, rate, work, norm, applied)

    def _apply(self, loss: Tensor) -> tuple[Tensor, Tensor]:
        """Clip the gradient, update the parameters, forget it; its norm before clipping, and whether it was applied."""
        optimizer = self._optimizer
        clip_norm = self._settings.clip_norm or float("inf")
        norm = full_tensor(torch.nn.utils.clip_grad_norm_(self._replica.weights, clip_norm))
        applied = usable(loss, norm, self._vocab_size)
        optimizer.found_inf = 1 - applied.float()  # type: ignore[attr-defined]  # torch's name: Adam skips where it is 1
        optimizer.step()
        self._replica.updated()
        self._replica.zero_grad()
        return norm, applied
