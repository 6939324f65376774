"""What the peers made of torch share: a plain loop."""

import torch
from torch import Tensor, nn

from engines.job import PAD, Batch, Engine, Job


class TorchEngine(Engine):
    """Adam in one pass over the weights (`fused`), clipping, and autocast where bfloat16 is asked for."""

    def __init__(self, job: Job, precision: str, device: str = "cpu") -> None:
        super().__init__(job)
        self.device = torch.device(device)
        torch.set_num_threads(job.threads)
        torch.manual_seed(job.config["seed"])
        self.precision = precision
        self.model = self.make_model().to(self.device).train()
        self.optimizer = self.make_optimizer()
        self.parameters = sum(weight.numel() for weight in self.model.parameters() if weight.requires_grad)

    def make_model(self) -> nn.Module:
        raise NotImplementedError

    def make_optimizer(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.model.parameters(), betas=self.job.betas, eps=self.job.epsilon, fused=True)

    def loss(self, source_BS: Tensor, target_BT: Tensor) -> Tensor:
        """The smoothed loss for each real target token."""
        raise NotImplementedError

    def cross_entropy(self, logits_BTV: Tensor, target_BT: Tensor) -> Tensor:
        smoothing = self.job.config["label_smoothing"]
        return nn.functional.cross_entropy(
            logits_BTV.flatten(0, 1), target_BT.flatten(), ignore_index=PAD, label_smoothing=smoothing
        )

    def update(self, batch: Batch, rate: float) -> Tensor:
        """The loss is left where it is, so that nothing waits for it."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        source_BS, target_BT = (torch.from_numpy(ids).to(self.device) for ids in batch)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            loss = self.loss(source_BS, target_BT)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.job.config["clip_norm"])
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss.detach()


def shift_right(target_BT: Tensor, start_id: int) -> Tensor:
    """The decoder's input."""
    return nn.functional.pad(target_BT[:, :-1], (1, 0), value=start_id)
