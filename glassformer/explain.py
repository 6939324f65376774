"""What `glassformer explain` does: gathers traces of models, saved ones or a run's probes, and shows them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from glassformer.device import choose_device
from glassformer.errors import InputError, UsageError
from glassformer.files import saving, write_whole
from glassformer.glass.record import Trace
from glassformer.glass.trace import Detail, trace
from glassformer.glass.views.html import LARGE, Kind, page
from glassformer.training.probes import PROBES, read_probes
from glassformer.translator import Translator

Labelled = tuple[str, Trace]


@dataclass(frozen=True)
class Question:
    """What to trace, and how. `models` are one or two; the fields are options of `explain`."""

    models: Sequence[str]
    sentence: str
    target: str | None = None
    beam: int = 1
    detail: Detail | None = None
    pad: int = 0
    device: str = "auto"
    search: dict[str, Any] = field(default_factory=dict)


def gather(what: Sequence[str], **options: Any) -> tuple[list[Labelled], Kind]:
    """The traces that the command line names, and what kind of page they make.

    MODEL SENTENCE; MODEL MODEL SENTENCE, to compare; one or two saved traces (.json); or a run that
    kept probes. Raises UsageError for anything else.
    """
    if all(name.endswith(".json") for name in what):
        return _compared([(Path(name).stem, Trace.load(name)) for name in what])
    if len(what) == 1:
        return _probed(Path(what[0])), "training"
    *models, sentence = what
    return _compared(answer(Question(models, sentence, **options)))


def answer(question: Question) -> list[Labelled]:
    """The trace of the question's sentence by each of its models, labelled by the model's path."""
    device = choose_device(question.device)
    return [
        (
            model,
            trace(
                Translator.load(model, device),
                question.sentence,
                question.target,
                question.beam,
                question.detail,
                pad=question.pad,
                **question.search,
            ),
        )
        for model in question.models
    ]


def _compared(traces: list[Labelled]) -> tuple[list[Labelled], Kind]:
    if len(traces) > 2:
        raise UsageError(f"{len(traces)} models or traces: explain shows one, or compares two")
    return traces, "trace" if len(traces) == 1 else "compare"


def _probed(run: Path) -> list[Labelled]:
    if not (run / PROBES).is_dir():
        raise UsageError(f'say what to translate: glassformer explain {run} "a sentence" ({run}/{PROBES} is not there)')
    found = read_probes(run)
    if not found:
        raise InputError(f"{run / PROBES}: holds no trace; train with --probe")
    return found


def write_page(path: Path, traces: Sequence[Labelled], kind: Kind, allow_large: bool = False) -> str:
    """Write the page; a line that says how large it is, and how to make a large one smaller."""
    text = page(traces, kind, allow_large).encode()
    save(path, text)
    hint = "; --detail full leaves the weights out" if len(text) > LARGE else ""
    return f"{path}: {len(text) / 1e6:.1f} MB, opens in any browser{hint}"


def save(path: Path, content: bytes) -> None:
    """Write a file the user asked for, whole; InputError if the folder is not there or the disk is full."""
    with saving(path):
        if not path.parent.is_dir():
            raise InputError(f"{path}: its folder is not there; make it, or choose another place")
    write_whole(path, content)
