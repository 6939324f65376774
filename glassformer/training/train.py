"""Training as one call."""

from pathlib import Path
from typing import Any

from glassformer.device import choose_device
from glassformer.model_directory import resolve
from glassformer.training.config import RunConfig
from glassformer.training.run import resume, start
from glassformer.training.trainer import Trainer
from glassformer.training.utilisation import keep_freed_memory
from glassformer.translator import Translator


def train(out: str | Path, *, resumed: bool = False, device: str = "auto", **settings: Any) -> Translator:
    """Train a model into the run directory `out`, and return its best translator.

    `settings` are the keys of a config file: `preset`, the data (`pairs=["train.tsv"]`, or `source`
    and `target`, or `corpus`), and any field of ModelConfig and TrainingConfig. `resumed=True` goes on
    with the run already there. Raises InputError or UsageError for what is wrong with them, and
    Interrupted where a signal stopped it.
    """
    keep_freed_memory()
    path, where = Path(out), choose_device(device)
    run = resume(path, settings, where) if resumed else start(path, RunConfig.of(settings), where)
    Trainer(run).fit()
    return Translator.load(resolve(path), where)
