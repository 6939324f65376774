"""Probes: the traces of a few sentences, kept while a model learns."""

import re
from collections.abc import Sequence
from pathlib import Path

from glassformer.files import saving
from glassformer.glass.record import Labelled, Trace
from glassformer.glass.trace import trace
from glassformer.translator import Translator

PROBES = "probes"  # in the run directory: <sentence>-<step>.json


def keep_probes(run: Path, translator: Translator, sentences: Sequence[str], step: int) -> None:
    """Write the greedy trace of each sentence at this step: attentions and decode loop, no other tensors.

    Raises InputError for a sentence that is longer than the model admits.
    """
    training = translator.model.training
    translator.model.eval()
    for number, sentence in enumerate(sentences):
        kept = trace(translator, sentence, detail="attention")
        with saving(run / PROBES):
            (run / PROBES).mkdir(exist_ok=True)
        kept.save(run / PROBES / f"{number}-{step:08d}.json")
    translator.model.train(training)


def read_probes(run: Path) -> list[Labelled]:
    """The run's probes, sentence by sentence in the order of their steps, each labelled by its step."""
    ours = (path for path in (run / PROBES).glob("*.json") if re.fullmatch(r"[0-9]+-[0-9]+", path.stem))
    paths = sorted(ours, key=lambda path: [int(part) for part in path.stem.split("-")])
    return [(f"step {int(path.stem.split('-')[1])}", Trace.load(path)) for path in paths]
