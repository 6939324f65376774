"""What training minimises.

Axes: B batch, S source positions, T target positions, R passes, N real target tokens, D d_model.
"""

import torch
from torch import Tensor, nn

from glassformer.data.batches import Batch
from glassformer.model import Transformer
from glassformer.model.transformer import real_tokens, shift_right
from glassformer.training.update.loss import output_loss


class Objective(nn.Module):
    """The smoothed cross-entropy of a batch, summed over its real target tokens; padding costs no output layer.

    With `r_drop` above 0, a model in training makes two forward passes, each with its own dropout; the result is the
    mean of their losses, with half of R-Drop's penalty (see `output_loss`).

    It is a module around the model, so that DDP or FSDP can wrap it.
    """

    def __init__(self, model: Transformer, smoothing: float, r_drop: float = 0.0) -> None:
        super().__init__()
        self.model = model
        self.smoothing = smoothing
        self.r_drop = r_drop

    def forward(self, source_BS: Tensor, target_BT: Tensor) -> Tensor:
        model = self.model
        r_drop = self.r_drop if model.training else 0.0
        passes = passes_of(r_drop)
        cache = model.start(model.encode(source_BS.repeat(passes, 1)))
        start = model.config.decoder_start_id
        hidden_BTD, _ = model.decode(shift_right(target_BT, start).repeat(passes, 1), cache)
        real_BT = real_tokens(target_BT)
        hidden_RND = hidden_BTD[real_BT.repeat(passes, 1)].unflatten(0, (passes, -1))
        output = model.generator
        return output_loss(hidden_RND, output.weight, output.bias, target_BT[real_BT], self.smoothing, r_drop) / passes


def passes_of(r_drop: float) -> int:
    """How many forward passes an update makes over a batch, each with its own dropout."""
    return 2 if r_drop else 1


def on_device(batch: Batch, device: torch.device) -> tuple[Tensor, Tensor]:
    """The batch's source and target ids as tensors there."""
    source_BS, target_BT = (torch.from_numpy(ids).to(device) for ids in (batch.source_BS, batch.target_BT))
    return source_BS, target_BT
