"""The gradient of one update: over its batches, its processes, and what fits into memory at a time."""

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
from glassformer.training.update.objective import on_device
from glassformer.training.update.precision import autocast
from glassformer.training.update.randomness import kept_randomness, random_state, set_random_state
from glassformer.training.update.replica import Replica


class Work(NamedTuple):
    """What all processes together did for one update."""

    loss: Tensor  # of a target token
    source_tokens: int
    target_tokens: int
    splits: int  # batches that did not fit into memory and were halved


class _Part(NamedTuple):
    """Pairs that are computed together; a stand-in's count for nothing."""

    batch: Batch
    counts: bool = True

    @property
    def positions(self) -> int:
        return self.batch.source_BS.size + self.batch.target_BT.size

    def halves(self) -> list["_Part"]:
        middle = len(self.batch.rows) // 2
        return [_Part(self.batch.take(which), self.counts) for which in (slice(middle), slice(middle, None))]

    def stand_in(self) -> "_Part":
        return _Part(self.batch.take(slice(1)), counts=False)


class Gradients:
    """Adds up gradients so that the result depends on an update's pairs only, not on the batches, processes and
    parts in which they come."""

    def __init__(self, replica: Replica, precision: str, group: Group, source_tokenizer: Tokenizer) -> None:
        self._replica, self._precision, self._group = replica, precision, group
        self._source_tokenizer = source_tokenizer
        self._fitted = 0  # positions of the largest part whose gradient was had
        self._too_large = float("inf")  # of the smallest for which memory did not suffice

    def of(self, batches: Sequence[Batch]) -> Work:
        """Leave in `.grad` the gradient of the mean loss of a real target token of all `batches`.

        Process r of W takes the pairs r, r + W, ... of every batch. Where memory does not suffice for a batch, it is
        halved and the update begun again, since some gradients may have it in part. Raises InputError for a pair
        that does not fit alone, and for a batch that does not where the processes could not halve it in step.
        """
        source_tokens = sum(int((batch.source_BS != PAD).sum()) for batch in batches)
        target_tokens = sum(int((batch.target_BT != PAD).sum()) for batch in batches)
        parts, splits = [self._mine(batch) for batch in batches], 0
        randomness = random_state(self._group.device)
        while (loss := self._try(parts, target_tokens)) is None:
            self._replica.model.zero_grad(set_to_none=True)
            # As if the try had not been: a sitting that knows beforehand what is too large makes none.
            set_random_state(randomness, self._group.device)
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            splits += 1
        loss, all_splits = self._group.sum(torch.stack((loss, loss.new_tensor(splits))))
        return Work(loss, source_tokens, target_tokens, int(all_splits))

    def _mine(self, batch: Batch) -> _Part:
        """This process's share; where the batch has too few pairs, a stand-in, for all must take part."""
        share = batch.take(slice(self._group.rank, None, self._group.size))
        return _Part(share) if len(share.rows) else _Part(batch).stand_in()

    def _try(self, parts: list[_Part], target_tokens: int) -> Tensor | None:
        """This process's share of the loss; None where memory did not suffice and `_too_large` is lower now."""
        parts = [small for part in parts for small in self._small_enough(part)]
        averaging = self._group.size > 1 and not self._replica.sharded
        if averaging and parts[-1].positions > self._fitted:
            # With the last part the processes exchange gradients. One that then ran out of memory would leave the
            # others waiting, so what is larger than any before is computed first, and exchanged with a stand-in.
            parts.append(parts[-1].stand_in())
        loss = torch.zeros((), device=self._group.device)
        for number, part in enumerate(parts):
            exchanging = self._replica.sharded or (averaging and number == len(parts) - 1)
            try:
                with nullcontext() if exchanging else self._replica.apart():
                    loss += self._backward(part, target_tokens)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                self._refuse(part, exchanging)
                self._too_large = min(self._too_large, part.positions)
                return None
        return loss

    def _small_enough(self, part: _Part) -> list[_Part]:
        if self._replica.sharded or len(part.batch.rows) == 1 or part.positions < self._too_large:
            return [part]
        return [small for half in part.halves() for small in self._small_enough(half)]

    def _backward(self, part: _Part, target_tokens: int) -> Tensor:
        device = self._group.device
        # Whether there is a stand-in depends on what came before in this sitting; what dropout draws must not.
        kept = nullcontext() if part.counts else kept_randomness(device)
        with kept, autocast(self._precision, device):
            summed = self._replica.objective(*on_device(part.batch, device))
            loss: Tensor = summed * part.counts / target_tokens
        (loss * self._group.size).backward()  # of which the processes' mean is taken
        self._fitted = max(self._fitted, part.positions)
        return loss.detach()

    def _refuse(self, part: _Part, exchanging: bool) -> None:
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
