"""Steps of training on one device: glassformer's in each way of `compile`, and the peers', compiled too.

All get the same pairs of random tokens, none shorter than another, so that padding plays no part.
"""

import importlib
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from engines import job as jobs

from device.rows import Turns
from glassformer.data.batches import Batch
from glassformer.model import Transformer
from glassformer.special import EOS
from glassformer.training.config import RunConfig
from glassformer.training.distributed import Group
from glassformer.training.update.determinism import make_deterministic
from glassformer.training.update.optimizer import BETAS, EPSILON, adam
from glassformer.training.update.replica import Replica
from glassformer.training.update.updater import Updater
from glassformer.training.update.utilisation import peak_flops, step_flops

LENGTH = 32  # tokens of each side
# The ways of glassformer, the most wanted first.
OURS: dict[str, dict[str, Any]] = {
    "glassformer: graphs, bfloat16 weights": {"compile": "graphs", "bfloat16_weights": True},
    "glassformer: graphs": {"compile": "graphs"},
    "glassformer: kernels, bfloat16 weights": {"compile": "kernels", "bfloat16_weights": True},
    "glassformer: none": {"compile": "none"},
    "glassformer: graphs, bfloat16 weights, deterministic": {
        "compile": "graphs", "bfloat16_weights": True, "deterministic": True,
    },
}  # fmt: skip
PEERS = {"torch_transformer": "TorchTransformer", "transformers": "Transformers"}
COMPILED = ", compiled"
COMPARED = [next(iter(OURS)), *(f"{name}{how}" for how in (COMPILED, "") for name in PEERS)]
WAYS = [*COMPARED, *(way for way in OURS if way not in COMPARED)]
Update = Callable[[], Callable[[], float]]  # makes an update, and gives what reads its loss


def config_of(preset: str, positions: int, vocabulary: int, **settings: Any) -> RunConfig:
    values = {"preset": preset, "vocab_size": vocabulary, "corpus": "names", "batch_tokens": positions, "dropout": 0.1}
    return RunConfig.from_flat(values | {"precision": "bfloat16", "batch_shapes": 1, "compile": "none"} | settings)


def random_batch(positions: int, vocabulary: int, seed: int = 1) -> Batch:
    random = np.random.default_rng(seed)
    ids = random.integers(4, vocabulary, (2, max(1, positions // LENGTH), LENGTH))
    ids[..., -1] = EOS
    return Batch(ids[0], ids[1], np.arange(ids.shape[1]))


def our_updates(config: RunConfig, device: torch.device) -> Update:
    """Updates as the trainer makes them."""
    group = Group(device)
    torch.manual_seed(1)
    widths = (LENGTH,) if config.training.compile != "none" else ()
    replica = Replica(Transformer(config.model), config.training, group, widths)
    replica.objective.train()
    updater = Updater(replica, adam(replica.model), config, group, SimpleNamespace())  # type: ignore[arg-type]
    batch, steps = random_batch(config.training.batch_tokens, config.model.vocab_size), iter(range(1, 1 << 30))

    def update() -> Callable[[], float]:
        made = updater.update(next(steps), [batch])
        return lambda: made.loss

    return update


def peer_updates(name: str, config: RunConfig, device: torch.device, compiled: bool) -> Update:
    """Updates of a peer; with its loss inside what is compiled, as ours is. ImportError where it is not installed."""
    batch = random_batch(config.training.batch_tokens, config.model.vocab_size)
    job = jobs.Job(Path(), config.flat(), BETAS, EPSILON, torch.get_num_threads(), [], [])
    engine = getattr(importlib.import_module(f"engines.{name}"), PEERS[name])(job, "bfloat16", str(device))
    if compiled:
        engine.loss = torch.compile(engine.loss, dynamic=False)
    given = jobs.Batch(batch.source_BS, batch.target_BT)

    def update() -> Callable[[], float]:
        loss = engine.update(given, 1e-4)
        return lambda: float(loss)

    return update


def updates_of(way: str, config: RunConfig, device: torch.device) -> Update:
    if way not in OURS:
        return peer_updates(way.removesuffix(COMPILED), config, device, way.endswith(COMPILED))
    settings = OURS[way] if device.type == "cuda" else {}  # what is compiled is for a GPU
    mine = RunConfig.from_flat({key: value for key, value in config.flat().items() if value is not None} | settings)
    if mine.training.deterministic:
        make_deterministic()
    return our_updates(mine, device)


def measured(way: str, config: RunConfig, device: torch.device, turns: Turns, updates: int) -> dict[str, Any]:
    """Target tokens per second of `updates` updates, after the ones that compile, record and warm up."""
    with turns.preparing():
        began = time.perf_counter()
        update = updates_of(way, config, device)
        losses = [update()() for _ in range(3)]
        warm = time.perf_counter()
    with turns.alone():
        seconds, loss = min(timed(update, updates) for _ in range(2))
        peak = peak_flops("bfloat16", device)
    tokens = updates * random_batch(config.training.batch_tokens, config.model.vocab_size).target_BT.size
    flops = step_flops(Transformer(config.model), tokens, tokens) / seconds
    return {
        "target tokens/s": round(tokens / seconds, 1),
        "of peak": round(flops / peak, 4),
        "ms a step": round(1000 * seconds / updates, 3),
        "warm-up s": round(warm - began, 1),
        "GB": round(torch.cuda.max_memory_allocated() / 1e9, 2) if device.type == "cuda" else "",
        "losses": [round(loss, 5) for loss in (*losses, loss)],
    }


def timed(update: Update, updates: int) -> tuple[float, float]:
    """Seconds of some updates, and the last one's loss; each is read one late, as the trainer does."""
    update()()
    start = time.perf_counter()
    read = update()
    for _ in range(updates - 1):
        later = update()
        read()
        read = later
    loss = read()
    return time.perf_counter() - start, loss
