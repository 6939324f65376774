"""Training as one call."""

from pathlib import Path
from typing import Any

from glassformer.model_directory import resolve
from glassformer.training.config import RunConfig
from glassformer.training.distributed import joined
from glassformer.training.run import resume, start
from glassformer.training.trainer import Trainer
from glassformer.translator import Translator


def train(out: str | Path, *, resumed: bool = False, device: str = "auto", **settings: Any) -> Translator:
    """Train a model into the run directory `out`, and return its best translator.

    `settings` are the keys of a config file: `preset`, the data (`pairs=["train.tsv"]`, or `source`
    and `target`, or `corpus`), and any field of ModelConfig and TrainingConfig. `resumed=True` goes on
    with the run already there. Raises InputError or UsageError for what is wrong with them, and
    Interrupted where a signal stopped it.

    Every process that torchrun started makes the same call.
    """
    path = Path(out)
    with joined(device) as group:
        # No name for it: it must be gone before the group is.
        Trainer(resume(path, settings, group) if resumed else start(path, RunConfig.of(settings), group)).fit()
        return Translator.load(resolve(path), group.device)
