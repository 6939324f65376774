"""Beam search in tensors of fixed shape: a device takes step after step, and the program need not know what it chose.

What is found is defined by `search/beam.py`, and is the same to the last bit: sums are float64 and of equal scores the
first comes first. A place without a path has a path of score -inf, and a sentence that is done stays as it is.

Axes: B sentences, K paths of each, N = B * K rows of the decoder, C candidates of a row, M continuations of a sentence,
T room for tokens, X any number of paths.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from glassformer.search import beam, length_penalty
from glassformer.search.beam import BLANK, UNFILLED


class Paths(NamedTuple):
    """As `search.beam.Paths`, with room for T tokens, of which those that are not there yet are BLANK."""

    tokens_BKT: Tensor
    own_BKT: Tensor
    score_BK: Tensor

    @classmethod
    def blank(cls, sentences: int, count: int, room: int, device: torch.device) -> "Paths":
        """`count` places for paths of each sentence, none of them filled."""
        shape = sentences, count, room
        return cls(
            torch.full(shape, BLANK, dtype=torch.int64, device=device),
            torch.zeros(shape, dtype=torch.float32, device=device),
            torch.full(shape[:2], UNFILLED, dtype=torch.float64, device=device),
        )

    def clear(self) -> None:
        """Be as `blank` made it."""
        for tensor, value in zip(self, (BLANK, 0.0, UNFILLED), strict=True):
            tensor.fill_(value)

    def gather(self, places_BX: Tensor) -> "Paths":
        """The paths at these places of each sentence, in this order."""
        places_BXT = places_BX[..., None].expand(-1, -1, self.tokens_BKT.shape[2])
        tokens_BXT, own_BXT = (tensor.gather(1, places_BXT) for tensor in self[:2])
        return Paths(tokens_BXT, own_BXT, self.score_BK.gather(1, places_BX))

    def follow(self, parent_BX: Tensor, token_BX: Tensor, own_BX: Tensor, score_BX: Tensor, length: Tensor) -> "Paths":
        """The paths at these places, of `length` tokens each, with one more token, and with other scores."""
        places_BXT = parent_BX[..., None].expand(-1, -1, self.tokens_BKT.shape[2])
        tokens_BXT, own_BXT = (
            tensor.gather(1, places_BXT).index_copy_(2, length[None], new_BX[..., None])
            for tensor, new_BX in ((self.tokens_BKT, token_BX), (self.own_BKT, own_BX))
        )
        return Paths(tokens_BXT, own_BXT, score_BX)

    def concat(self, other: "Paths") -> "Paths":
        """Both sets of paths, these first."""
        return Paths(*(torch.cat(pair, dim=1) for pair in zip(self, other, strict=True)))

    def write(self, other: "Paths", where_B: Tensor) -> None:
        """Become the other paths in the sentences where that is true."""
        for mine, theirs in zip(self, other, strict=True):
            torch.where(where_B.view(-1, *[1] * (mine.dim() - 1)), theirs, mine, out=mine)

    def read(self, other: "Paths", sentences_X: Tensor) -> None:
        """Begin with the paths of these sentences of another beam, whose room is no larger."""
        for mine, theirs in zip(self[:2], other[:2], strict=True):
            mine[: len(sentences_X), :, : theirs.shape[2]] = theirs[sentences_X]
        self.score_BK[: len(sentences_X)] = other.score_BK[sentences_X]

    def numpy(self) -> beam.Paths:
        """The same for `search`; the device is waited for."""
        return beam.Paths(*(tensor.cpu().numpy() for tensor in self))


def order(scores_BX: Tensor) -> Tensor:
    """The places (B, X) that sort the scores of each sentence from the highest to the lowest, equal ones by place."""
    return scores_BX.sort(dim=1, descending=True, stable=True).indices


class Kind(NamedTuple):
    """What the shapes of a beam depend on, besides the number of its sentences and their room."""

    width: int
    n_best: int
    end: int

    @property
    def continuations(self) -> int:
        """Of each sentence in a step. Greedy search is a beam of 1 that ends where its only continuation does."""
        return 2 * self.width if self.width > 1 else 1


class Beam:
    """The live and the finished paths of B sentences, in tensors that stay where they are, for a recording."""

    def __init__(self, kind: Kind, sentences: int, room: int, longest: int, device: torch.device) -> None:
        """Room for `room` tokens of each path; `longest` is the most that one may ever have."""
        self.kind = kind
        self.live = Paths.blank(sentences, kind.width, room, device)
        self.finished = Paths.blank(sentences, kind.n_best, room, device)
        self.done_B = torch.ones(sentences, dtype=torch.bool, device=device)
        # Whether a path had nothing that may follow it, or NaN.
        self.odd_1 = torch.zeros(1, dtype=torch.bool, device=device)
        self._limit_B = torch.ones(sentences, dtype=torch.int64, device=device)
        self._penalties = torch.ones(longest + 2, dtype=torch.float64, device=device)
        self._reaches_limit = torch.ones((), dtype=torch.bool, device=device)

    def begin(self, limits: Sequence[int], alpha: float) -> None:
        """One path without a token for each limit; the sentences beyond are done. `alpha` is the length penalty's."""
        count = len(limits)
        self.live.clear()
        self.finished.clear()
        self.live.score_BK[:count, 0] = 0.0
        self.done_B.fill_(True)[:count] = False
        self.odd_1.fill_(False)
        self._limit_B[:count] = torch.tensor(limits)
        penalties = [length_penalty(float(length), alpha) for length in range(len(self._penalties))]
        self._penalties.copy_(torch.tensor(penalties, dtype=torch.float64))
        self._reaches_limit.fill_(alpha > 0)

    def go_on(self, other: "Beam", sentences_X: Tensor) -> None:
        """Begin with these sentences of another beam of this kind, as far as it has come."""
        count = len(sentences_X)
        for mine, theirs in ((self.live, other.live), (self.finished, other.finished)):
            mine.clear()
            mine.read(theirs, sentences_X)
        self.done_B.fill_(True)[:count] = other.done_B[sentences_X]
        self._limit_B[:count] = other._limit_B[sentences_X]
        for same in ("odd_1", "_penalties", "_reaches_limit"):
            getattr(self, same).copy_(getattr(other, same))

    def grow(self, ids_NC: Tensor, log_probs_NC: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        """Take one step from paths of `length` tokens, as `search.beam.search_beam` does.

        Returned are, for each of the N rows, the token to read next and the row whose past it goes on with.
        """
        continued, parent_BM, ends_BM = self._continued(ids_NC, log_probs_NC, length)
        score_BM = continued.score_BK.masked_fill(ends_BM, UNFILLED)
        place_BK = order(score_BM)[:, : self.kind.width]
        live = continued._replace(score_BK=score_BM).gather(place_BK)
        finished = self._collected(continued, ends_BM, length)
        going_B = ~self.done_B
        alive_BK = going_B[:, None] & (self.live.score_BK > UNFILLED)
        self.odd_1 |= (alive_BK.flatten() & ~(log_probs_NC[:, 0] > UNFILLED)).any()  # NaN is above nothing
        self.live.write(live, going_B)
        self.finished.write(finished, going_B)
        self.done_B |= self._is_done(live, finished, length)
        first_B1 = torch.arange(len(going_B), device=going_B.device)[:, None] * self.kind.width
        rows_BK = first_B1 + parent_BM.gather(1, place_BK)
        return live.tokens_BKT.index_select(2, length[None]).flatten(), rows_BK.flatten()

    def _continued(self, ids_NC: Tensor, log_probs_NC: Tensor, length: Tensor) -> tuple[Paths, Tensor, Tensor]:
        """The best continuations of each sentence, the place of the path that each continues, and whether it ends."""
        ids_BX, own_BX = (tensor.unflatten(0, (-1, self.kind.width)).flatten(1) for tensor in (ids_NC, log_probs_NC))
        sums_BX = (self.live.score_BK[..., None] + own_BX.unflatten(1, (self.kind.width, -1))).flatten(1)
        best_BM = order(sums_BX)[:, : self.kind.continuations]
        parent_BM = best_BM // ids_NC.shape[1]
        token_BM, own_BM, sum_BM = (tensor.gather(1, best_BM) for tensor in (ids_BX, own_BX, sums_BX))
        return self.live.follow(parent_BM, token_BM, own_BM, sum_BM, length), parent_BM, token_BM == self.kind.end

    def _collected(self, continued: Paths, ends_BM: Tensor, length: Tensor) -> Paths:
        """As `search.beam.collect`: the n_best finished paths, those that end now among the first of them included."""
        first, ends_BK = Paths(*(tensor[:, : self.kind.width] for tensor in continued)), ends_BM[:, : self.kind.width]
        score_BK = first.score_BK / self._penalties.index_select(0, length[None] + 1)
        every = self.finished.concat(first._replace(score_BK=score_BK.masked_fill(~ends_BK, UNFILLED)))
        return every.gather(order(every.score_BK)[:, : self.kind.n_best])

    def _is_done(self, live: Paths, finished: Paths, length: Tensor) -> Tensor:
        """As `search.beam.is_done`, of paths that have one more token than `length`."""
        reach_B = torch.where(self._reaches_limit, self._limit_B, length + 2)
        beaten_B = live.score_BK[:, 0] / self._penalties[reach_B] <= finished.score_BK[:, -1]
        return beaten_B | (self._limit_B <= length + 1)
