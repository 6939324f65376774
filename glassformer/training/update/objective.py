"""What training minimises.

Axes: B batch, S source positions, T target positions, R passes, N real target tokens, D d_model.
"""

import numpy as np
import torch
from torch import Tensor, nn

from glassformer.data.batches import Batch
from glassformer.model import Transformer
from glassformer.model.transformer import real_tokens, shift_right
from glassformer.special import PAD
from glassformer.training.update.loss import output_loss, whole_output_loss


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

    def forward(self, source_BS: Tensor, target_BT: Tensor, places_N: Tensor | None = None) -> Tensor:
        """`places_N`: where the flattened target has real tokens; what looks for them here has to wait for a GPU."""
        if places_N is None:
            places_N = real_tokens(target_BT).flatten().nonzero()[:, 0]
        hidden_RND, r_drop = self._hidden(source_BS, target_BT)
        chosen_RND, targets_N = hidden_RND[:, places_N], target_BT.flatten()[places_N]
        output = self.model.generator
        summed = output_loss(chosen_RND, output.weight, output.bias, targets_N, self.smoothing, r_drop)
        return summed / passes_of(r_drop)

    def _hidden(self, source_BS: Tensor, target_BT: Tensor) -> tuple[Tensor, float]:
        """The decoder's output (R, B * T, D) of R passes, and the `r_drop` that counts."""
        model = self.model
        r_drop = self.r_drop if model.training else 0.0
        passes = passes_of(r_drop)
        cache = model.start(model.encode(source_BS.repeat(passes, 1)))
        start = model.config.decoder_start_id
        hidden_BTD, _ = model.decode(shift_right(target_BT, start).repeat(passes, 1), cache)
        return hidden_BTD.unflatten(0, (passes, -1)).flatten(1, 2), r_drop


class WholeObjective(Objective):
    """The same number by operations whose shapes depend on the batch's shape alone, which torch's compiler sees whole.

    It goes on through the output layer at padding too, whose loss does not count.
    """

    def forward(self, source_BS: Tensor, target_BT: Tensor, places_N: Tensor | None = None) -> Tensor:
        """`places_N` is not read."""
        hidden_RND, r_drop = self._hidden(source_BS, target_BT)
        output, targets_N = self.model.generator, target_BT.flatten()
        summed = whole_output_loss(hidden_RND, output.weight, output.bias, targets_N, self.smoothing, r_drop)
        return summed / passes_of(r_drop)


def passes_of(r_drop: float) -> int:
    """How many forward passes an update makes over a batch, each with its own dropout."""
    return 2 if r_drop else 1


def on_device(batch: Batch, device: torch.device, whole: bool = False) -> tuple[Tensor, ...]:
    """The batch there, as `Objective` reads it, or `WholeObjective`, for which no shape may depend on the ids.

    Nothing waits for the copies: they start from pinned memory. They take some microseconds of a step, so that a stream
    of their own would gain nothing.
    """
    arrays = [batch.source_BS, batch.target_BT]
    if not whole:
        arrays.append(np.flatnonzero(batch.target_BT != PAD))
    tensors = (torch.from_numpy(each) for each in arrays)
    if device.type == "cuda":
        tensors = (each.pin_memory() for each in tensors)
    return tuple(each.to(device, non_blocking=True) for each in tensors)
