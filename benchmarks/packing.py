"""Sentences end to end in rows of one length, in place of padding: an experiment, nothing in glassformer packs.

    python benchmarks/packing.py --source train.en --target train.de                  # what padding is left
    python benchmarks/packing.py --source train.en --target train.de --preset tiny    # and steps on the CPU

Each sentence ends with `</s>`, so the ids alone tell which sentence of its row a token is of, and where in it it
stands. A sentence attends to itself, and to the source of the same number. First the loss and the gradients are
compared with those of padded pairs. Then steps with packed and with padded pairs are timed in turns, on one thread, in
seconds of processor.

Axes: R rows, L places of a row, D d_model, N target tokens, P places of a table.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from glassformer.data.batches import TokenizedPairs
from glassformer.data.prepare import prepare
from glassformer.data.shapes import choose_widths, filled_up, width_of
from glassformer.model import Transformer
from glassformer.model.attention import look_ahead_mask
from glassformer.special import EOS, PAD
from glassformer.training.config import RunConfig
from glassformer.training.update.loss import output_loss
from glassformer.training.update.objective import Objective, on_device

CPU = torch.device("cpu")
OPTIONS = [
    {},
    {"norm_position": "pre", "final_norm": True, "positions": "rotary", "norm": "rmsnorm", "num_kv_heads": 1},
    {"positions": "learned", "tie_embeddings": False, "output_bias": True},
    {"bias": False, "embedding_norm": True, "first_position": 2, "activation": "swiglu"},
]
Lengths = NDArray[np.int64]


def packed(lengths: Lengths, width: int, open_rows: int) -> list[list[int]]:
    """The pairs of each row, `width` positions a side: each pair goes into the fullest row that holds it."""
    rows: list[list[int]] = [[] for _ in range(open_rows)]
    free, closed = np.full((open_rows, 2), width), list[list[int]]()
    for pair, length in enumerate(lengths):
        holds = (free >= length).all(axis=1)
        row = int(np.where(holds, free.sum(axis=1), 3 * width).argmin())
        if not holds.any():
            row = int(free.sum(axis=1).argmin())
            closed.append(rows[row])
            rows[row], free[row] = [], width
        rows[row].append(pair)
        free[row] -= length
    return [row for row in closed + rows if row]


def end_to_end(lengths: Lengths, positions: int) -> int:
    """Batches of so many positions a side, where pairs follow one another until a side is full."""
    batches, left = 1, np.full(2, positions)
    for length in lengths:
        if (left < length).any():
            batches, left = batches + 1, np.full(2, positions)
        left = left - length
    return batches


def shares(lengths: Lengths) -> None:
    """Print the share of padding."""
    longer = lengths.max(axis=1)
    longest = width_of(int(longer.max()))

    def show(name: str, positions: float, began: float) -> None:
        seconds = time.process_time() - began
        print(f"{name:40} {100 * (1 - lengths.sum() / positions):5.1f} %   {seconds:5.1f} s", flush=True)

    for count in (4, 8, 16):
        began = time.process_time()
        widths = choose_widths(longer, count, longest)
        show(f"{count} shapes, padded", 2 * filled_up(longer, widths).sum(), began)
    for positions in (4096, 25_600):
        began = time.process_time()
        show(f"end to end, {positions:,} positions", 2 * positions * end_to_end(lengths, positions), began)
    largest_first = lengths[np.argsort(-lengths.sum(axis=1), kind="stable")]
    for width in (64, 128):
        for order, given, open_rows in (("as they come", lengths, 64), ("largest first", largest_first, 4096)):
            began = time.process_time()
            show(f"rows of {width}, {order}", 2 * width * len(packed(given, width, open_rows)), began)


class PlacesOf(nn.Module):
    """Adds to each token the vector of its place in its sentence; `numbers_RL` is given beforehand."""

    def __init__(self, table_PD: Tensor) -> None:
        super().__init__()
        self.table_PD = nn.Parameter(table_PD.detach().clone(), requires_grad=table_PD.requires_grad)
        self.places_RL = torch.zeros(1, 1, dtype=torch.int64)

    def forward(self, x_RLD: Tensor, start: int) -> Tensor:
        return x_RLD + self.table_PD[self.places_RL]


def numbers_of(ids_RL: Tensor) -> Tensor:
    """Which sentence of its row each token is of: so many ended before it."""
    ends_RL = (ids_RL == EOS).long()
    return ends_RL.cumsum(1) - ends_RL


def places_of(numbers_RL: Tensor) -> Tensor:
    """Where each token stands in its sentence."""
    here_RL = torch.arange(numbers_RL.shape[1]).expand_as(numbers_RL)
    begins_RL = nn.functional.pad(numbers_RL[:, :-1], (1, 0), value=-1) != numbers_RL
    return here_RL - (begins_RL * here_RL).cummax(1).values


def packed_loss(model: Transformer, source_RL: Tensor, target_RL: Tensor) -> Tensor:
    """What `Objective` gives for the same sentences in rows of their own."""
    source_numbers_RL, target_numbers_RL = numbers_of(source_RL), numbers_of(target_RL)
    embeddings = (model.source_embedding, source_numbers_RL), (model.target_embedding, target_numbers_RL)
    for embedding, numbers_RL in embeddings:
        if isinstance(embedding.position, PlacesOf):
            embedding.position.places_RL = places_of(numbers_RL)

    def same(queries_RL: Tensor, keys_RL: Tensor) -> Tensor:
        return queries_RL[:, None, :, None] == keys_RL[:, None, None, :]

    x_RLD, within = model.source_embedding(source_RL), same(source_numbers_RL, source_numbers_RL)
    for layer in model.encoder:
        x_RLD = layer(x_RLD, within)
    x_RLD = model.encoder_norm(x_RLD)
    begins_RL = places_of(target_numbers_RL) == 0
    read_RL = nn.functional.pad(target_RL[:, :-1], (1, 0)).masked_fill(begins_RL, model.config.decoder_start_id)
    before = same(target_numbers_RL, target_numbers_RL) & look_ahead_mask(target_RL.shape[1], target_RL.shape[1])
    across, y_RLD = same(target_numbers_RL, source_numbers_RL), model.target_embedding(read_RL)
    for layer in model.decoder:
        y_RLD, _ = layer(y_RLD, None, layer.cross_attention.keys_values(x_RLD), before, across)  # type: ignore[operator,union-attr]
    targets_N = target_RL.flatten()
    real_N, output = targets_N != PAD, model.generator
    hidden_1ND = model.decoder_norm(y_RLD).flatten(0, 1)[None, real_N]
    return output_loss(hidden_1ND, output.weight, output.bias, targets_N[real_N], smoothing=0.1)


def with_places(model: Transformer) -> Transformer:
    for embedding in (model.source_embedding, model.target_embedding):
        if embedding.position:
            embedding.position = PlacesOf(embedding.position.table_PD)  # type: ignore[assignment]
    return model


def matrices(pairs: TokenizedPairs, rows: list[list[int]], width: int) -> tuple[Tensor, Tensor]:
    """The ids of these rows, sources and targets."""
    sides = []
    for sentences in (pairs.sources, pairs.targets):
        ids_RL = np.full((len(rows), width), PAD, dtype=np.int64)
        for into, row in zip(ids_RL, rows, strict=True):
            ids = np.concatenate([sentences[pair] for pair in row])
            into[: len(ids)] = ids
        sides.append(torch.from_numpy(ids_RL))
    return sides[0], sides[1]


def compare() -> None:
    """Print how far packed losses and gradients are from padded ones; a key's bias has none but for rounding."""
    random = np.random.default_rng(1)
    sentences = [[random.integers(4, 40, random.integers(0, 12)).tolist() for _ in range(2)] for _ in range(30)]
    pairs = TokenizedPairs.from_lists([(source, target) for source, target in sentences])
    lengths = np.stack((pairs.sources.lengths, pairs.targets.lengths), axis=1)
    for options in OPTIONS:
        small = {"preset": "tiny", "corpus": "names", "vocab_size": 300, "dropout": 0.0, "d_model": 32, "d_ff": 48}
        model = Transformer(RunConfig.from_flat(small | {"num_heads": 4} | options).model)
        found = []
        for loss in (
            lambda model=model: Objective(model, 0.1)(*on_device(pairs.batch(np.arange(len(pairs))), CPU)),
            lambda model=model: packed_loss(with_places(model), *matrices(pairs, packed(lengths, 24, 8), 24)),
        ):
            value = loss()
            value.backward()
            found.append([value.detach(), *(weight.grad for weight in model.parameters() if weight.grad is not None)])
            model.zero_grad()
        total = max(float(gradient.norm()) for gradient in found[0][1:])
        apart = max(float((one - other).norm()) for one, other in zip(*(each[1:] for each in found), strict=True))
        print(f"loss {abs(float(found[1][0] / found[0][0]) - 1):.0e}, gradients {apart / total:.0e} apart: {options}")


def timed(work: Callable[[], Tensor]) -> float:
    began = time.process_time()
    work().backward()
    return time.process_time() - began


def speed(config: RunConfig, pairs: TokenizedPairs, lengths: Lengths, width: int, steps: int) -> None:
    """Print target tokens per second of processor, padded and packed, the sum of `steps` after one that warms up."""
    torch.set_num_threads(1)
    size = config.training.batch_tokens
    models = Transformer(config.model), with_places(Transformer(config.model))
    plan, rows = pairs.plan(size, [1]), packed(lengths, width, 64)
    seconds, tokens = np.zeros(2), np.zeros(2)
    for step in range(steps + 1):
        batch, at = pairs.batch(plan[step]), step * (size // width)
        row_batch = matrices(pairs, rows[at : at + size // width], width)
        works = (
            lambda: Objective(models[0], 0.1)(*on_device(batch, CPU)),  # noqa: B023
            lambda: packed_loss(models[1], *row_batch),  # noqa: B023
        )
        for which in (0, 1) if step % 2 else (1, 0):
            taken = timed(works[which])
            if step:
                seconds[which] += taken
                tokens[which] += int((torch.from_numpy(batch.target_BT) if which == 0 else row_batch[1]).ne(PAD).sum())
    rates = tokens / seconds
    print(f"{config.model.d_model} wide, {size:,} positions: padded {rates[0]:,.0f}, packed {rates[1]:,.0f} target "
          f"tokens a second of processor: {rates[1] / rates[0]:.2f} times")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--vocabulary", type=int, default=8000)
    parser.add_argument("--preset", default="", help="whose steps are timed")
    parser.add_argument("--width", type=int, default=64, help="of a row (%(default)s)")
    parser.add_argument("--steps", type=int, default=6)
    options = parser.parse_args()
    text = {"source": options.source, "target": options.target, "vocab_size": options.vocabulary, "max_length": 64}
    config = RunConfig.from_flat({"preset": options.preset or "tiny", "dropout": 0.0} | text)
    data = prepare(config.data, config.vocabulary, config.model.max_length, config.training.seed)
    pairs, _ = next(data.train.pools(config.training.seed, 0))
    pairs = pairs.take(np.random.default_rng(1).permutation(len(pairs)))
    lengths = np.stack((pairs.sources.lengths, pairs.targets.lengths), axis=1)
    print(
        f"{len(pairs):,} pairs, {lengths.mean(axis=0).round(1).tolist()} tokens a side; padding, and seconds to plan:"
    )
    shares(lengths)
    compare()
    if options.preset:
        speed(config, pairs, lengths, options.width, options.steps)


if __name__ == "__main__":
    main()
