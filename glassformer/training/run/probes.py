"""Probes: the traces of a few sentences, kept while a model learns."""

import re
from collections.abc import Sequence
from pathlib import Path

from glassformer.files import clear_remains, make_directory, saving
from glassformer.glass.record import Labelled, Trace
from glassformer.glass.trace import trace
from glassformer.translator import Translator

PROBES = "probes"  # in the run directory: <sentence>-<step>.json


def save_probes(
    run: Path, translator: Translator, sentences: Sequence[str], step: int, targets: Sequence[str] | None = None
) -> None:
    """Save the greedy trace of each sentence at this step, with attentions and decode loop but no other tensors.

    `targets`: the target of each, where the model has several.

    Raises InputError for a sentence that is longer than the model admits.
    """
    training = translator.model.training
    translator.model.eval()
    for number, (sentence, target) in enumerate(zip(sentences, targets or [""] * len(sentences), strict=True)):
        kept = trace(translator, sentence, detail="attention", to=target)
        with saving(run / PROBES):
            make_directory(run / PROBES)
        kept.save(run / PROBES / f"{number}-{step:08d}.json")
    translator.model.train(training)


def remove_later_probes(run: Path, step: int) -> None:
    """Remove the probes of steps after `step`, which will be made again, and what an interrupted save left."""
    for path in (run / PROBES).glob("*.json"):
        if _is_ours(path) and int(path.stem.split("-")[1]) > step:
            path.unlink()
    clear_remains(run / PROBES)


def read_probes(run: Path) -> list[Labelled]:
    """The run's probes, sentence by sentence in the order of their steps, each labelled by its step."""
    ours = filter(_is_ours, (run / PROBES).glob("*.json"))
    paths = sorted(ours, key=lambda path: [int(part) for part in path.stem.split("-")])
    return [(f"step {int(path.stem.split('-')[1])}", Trace.load(path)) for path in paths]


def _is_ours(path: Path) -> bool:
    return re.fullmatch(r"[0-9]+-[0-9]+", path.stem) is not None
