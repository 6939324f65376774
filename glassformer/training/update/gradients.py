"""The gradient of one update: over its batches, its processes, and what fits into memory at a time.

Axes: B pairs of a batch, S source positions, T target positions.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import NamedTuple

import torch
from torch import Tensor

from glassformer.data.batches import Batch
from glassformer.errors import InputError, is_out_of_memory
from glassformer.special import EOS, PAD
from glassformer.text.tokenizer import Tokenizer
from glassformer.training.distributed import Group
from glassformer.training.update.compilation import refuse_uncompilable
from glassformer.training.update.objective import on_device
from glassformer.training.update.randomness import preserved_random_state, random_state, set_random_state
from glassformer.training.update.replica import Replica


class GradientWork(NamedTuple):
    """What all processes together computed for one update."""

    loss: Tensor  # mean per target token
    source_tokens: int
    target_tokens: int
    splits: Tensor  # batches that did not fit into memory and were halved


class _MicroBatch(NamedTuple):
    """Pairs that are computed together; those of a dummy do not count."""

    batch: Batch
    shape: tuple[int, int] | None  # pairs, and positions of a side, to fill it up to
    counts: bool = True

    @property
    def positions(self) -> int:
        if self.shape:
            return 2 * self.shape[0] * self.shape[1]
        return self.batch.source_BS.size + self.batch.target_BT.size

    @property
    def filled(self) -> Batch:
        return self.batch.filled(*self.shape) if self.shape else self.batch

    def halves(self) -> list["_MicroBatch"]:
        middle = len(self.batch.rows) // 2
        shape = (max(-(-self.shape[0] // 2), len(self.batch.rows) - middle), self.shape[1]) if self.shape else None
        return [self._replace(batch=self.batch.select(w), shape=shape) for w in (slice(middle), slice(middle, None))]

    def dummy(self) -> "_MicroBatch":
        return self._replace(batch=self.batch.select(slice(1)), counts=False)


class Gradients:
    """Sums gradients so that the result depends only on the pairs of an update, not on how they are divided into
    batches, processes and micro-batches."""

    def __init__(self, replica: Replica, group: Group, source_tokenizer: Tokenizer) -> None:
        self._replica, self._group, self._source_tokenizer = replica, group, source_tokenizer
        self._largest_done = 0  # positions of the largest micro-batch whose gradient was computed
        self._smallest_failed = float("inf")  # positions of the smallest for which memory did not suffice

    def compute(self, batches: Sequence[Batch]) -> GradientWork:
        """Leave in `.grad` the gradient of the mean loss per real target token of all `batches`.

        Process r of W takes the pairs r, r + W, ... of every batch. Where memory does not suffice for a batch, it is
        halved and all gradients are computed anew, since some may hold a part of it. Raises InputError for a pair
        that does not fit alone, and for a batch that does not fit where the processes could not halve it in step.
        """
        source_tokens = sum(int((batch.source_BS != PAD).sum()) for batch in batches)
        target_tokens = sum(int((batch.target_BT != PAD).sum()) for batch in batches)
        parts, splits = [self._own_share(batch) for batch in batches], 0
        randomness = random_state(self._group.device)
        while (loss := self._try(parts, target_tokens)) is None:
            self._replica.zero_grad()
            # A sitting that knows already what is too large does not try it, and must draw the same random numbers.
            set_random_state(randomness, self._group.device)
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            splits += 1
        loss, all_splits = self._group.sum(torch.stack((loss, torch.full_like(loss, splits))))
        return GradientWork(loss, source_tokens, target_tokens, all_splits)

    def _own_share(self, batch: Batch) -> _MicroBatch:
        """This process's pairs; where the batch has too few for all, a dummy, since every process must take part."""
        share, shape = batch.select(slice(self._group.rank, None, self._group.size)), self._replica.shape(batch)
        return _MicroBatch(share, shape) if len(share.rows) else _MicroBatch(batch, shape).dummy()

    def _try(self, parts: list[_MicroBatch], target_tokens: int) -> Tensor | None:
        """This process's share of the loss; None where memory did not suffice, and `_smallest_failed` is lower now."""
        parts = [small for part in parts for small in self._small_enough(part)]
        averaging = self._group.size > 1 and not self._replica.sharded
        if averaging and parts[-1].positions > self._largest_done:
            # The processes exchange gradients during the last micro-batch. One that ran out of memory then would leave
            # the others waiting. So one that is larger than any before is computed first, and a dummy exchanged.
            parts.append(parts[-1].dummy())
        loss = torch.zeros((), device=self._group.device)
        for number, part in enumerate(parts):
            exchanging = self._replica.sharded or (averaging and number == len(parts) - 1)
            try:
                with nullcontext() if exchanging else self._replica.no_sync():
                    loss += self._backward(part, target_tokens)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    refuse_uncompilable(error)
                    raise
                self._refuse(part, exchanging)
                self._smallest_failed = min(self._smallest_failed, part.positions)
                return None
        return loss

    def _small_enough(self, part: _MicroBatch) -> list[_MicroBatch]:
        if self._replica.sharded or len(part.batch.rows) == 1 or part.positions < self._smallest_failed:
            return [part]
        return [small for half in part.halves() for small in self._small_enough(half)]

    def _backward(self, part: _MicroBatch, target_tokens: int) -> Tensor:
        device = self._group.device
        # Whether there is a dummy depends on what came before in this sitting; what dropout draws must not.
        kept = nullcontext() if part.counts else preserved_random_state(device)
        tensors = on_device(part.filled, device, whole=part.shape is not None)
        with kept:
            loss = self._replica.add_gradient(tensors, target_tokens, part.counts)
        self._largest_done = max(self._largest_done, part.positions)
        return loss

    def _refuse(self, part: _MicroBatch, exchanging: bool) -> None:
        """Raise InputError where `part` cannot be halved."""
        rows, source_ids, target_ids = len(part.batch.rows), part.batch.source_BS[0], part.batch.target_BT[0]
        if rows == 1:
            text = self._source_tokenizer.decode(int(token) for token in source_ids if token != EOS)
            raise InputError(
                f"memory does not suffice for the pair '{text}' alone ({len(source_ids)} and {len(target_ids)} "
                "tokens); lower max_length, which drops it, or take a smaller model"
            )
        if exchanging:
            raise InputError(
                f"memory does not suffice for a batch of {rows} pairs, which processes in step cannot halve; lower "
                "batch_tokens and raise accumulate, or set activation_checkpointing=true"
            )
