"""What training minimises."""

import torch
from torch import Tensor, nn

from glassformer.model import Transformer
from glassformer.model.transformer import real_tokens, shift_right
from glassformer.text.batches import Batch
from glassformer.training.loss import output_loss


class Objective(nn.Module):
    """The smoothed cross-entropy of a batch, summed over its real target tokens; padding costs no output layer.

    A module of its own, around the model, so that a process group can wrap it.
    """

    def __init__(self, model: Transformer, smoothing: float) -> None:
        super().__init__()
        self.model = model
        self.smoothing = smoothing

    def forward(self, source_BS: Tensor, target_BT: Tensor) -> Tensor:
        model = self.model
        cache = model.start(model.encode(source_BS))
        hidden_BTD, _ = model.decode(shift_right(target_BT, model.config.decoder_start_id), cache)
        real_BT = real_tokens(target_BT)
        output = model.generator
        return output_loss(hidden_BTD[real_BT], output.weight, output.bias, target_BT[real_BT], self.smoothing)


def on_device(batch: Batch, device: torch.device) -> tuple[Tensor, Tensor]:
    """The batch's source and target ids as tensors there."""
    source_BS, target_BT = (torch.from_numpy(ids).to(device) for ids in (batch.source_BS, batch.target_BT))
    return source_BS, target_BT
