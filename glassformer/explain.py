"""What `glassformer explain` does: gathers traces of models, saved ones or a run's probes, and shows them."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from glassformer.device import choose_device
from glassformer.errors import InputError, UsageError
from glassformer.files import write_output
from glassformer.glass.causes.cause import cause
from glassformer.glass.record import Labelled, Trace
from glassformer.glass.trace import trace
from glassformer.glass.views.html import LARGE, Kind, page
from glassformer.training.run.probes import PROBES, read_probes
from glassformer.translator import Translator


def gather(
    what: Sequence[str], device: str = "auto", why: Mapping[str, Any] | None = None, **options: Any
) -> tuple[list[Labelled], Kind]:
    """The traces that the command line names, and what kind of page they make.

    MODEL SENTENCE; MODEL MODEL SENTENCE, to compare; one or two saved traces (.json); or a run that
    kept probes. `options` are those of `trace`. `why`, the options of `cause`, has each record carry
    its cause too. Raises UsageError for anything else, and for options of what is traced already.
    """
    saved = all(name.endswith(".json") for name in what)
    if not saved and len(what) > 1:
        *models, sentence = what
        kind = _kind(models)
        where = choose_device(device)
        return [(model, _traced(Translator.load(model, where), sentence, why, options)) for model in models], kind
    traces, kind = _read(what) if saved else (_probed(Path(what[0])), "training")
    if options := {**options, **(why or {})}:
        names = ", ".join(options).replace("_", " ")
        raise UsageError(f"{what[0]}: is traced already; what asks for a new trace ({names}) wants a model, a sentence")
    return traces, kind


def _traced(translator: Translator, sentence: str, why: Mapping[str, Any] | None, options: Mapping[str, Any]) -> Trace:
    record = trace(translator, sentence, **options)
    if why is None or record.decode is None:
        return record
    ids = [step["chosen"]["id"] for step in record.decode["steps"]]
    return dataclasses.replace(
        record, cause=cause(translator, sentence, target=ids, to=options.get("to"), **why).to_dict()
    )


def _kind(what: Sequence[str]) -> Kind:
    if len(what) > 2:
        raise UsageError(f"{len(what)} models or traces: explain shows one, or compares two")
    return "trace" if len(what) == 1 else "compare"


def _read(paths: Sequence[str]) -> tuple[list[Labelled], Kind]:
    kind = _kind(paths)
    return [(Path(path).stem, Trace.load(path)) for path in paths], kind


def _probed(run: Path) -> list[Labelled]:
    if not (run / PROBES).is_dir():
        raise UsageError(f'say what to translate: glassformer explain {run} "a sentence" ({run}/{PROBES} is not there)')
    found = read_probes(run)
    if not found:
        raise InputError(f"{run / PROBES}: holds no trace; train with --probe")
    return found


def write_page(
    path: Path,
    traces: Sequence[Labelled],
    kind: Kind,
    allow_large: bool = False,
    study: dict[str, Any] | None = None,
) -> str:
    """Write the page; a line that says how large it is, and how to make a large one smaller."""
    text = page(traces, kind, allow_large, study).encode()
    write_output(path, text)
    hint = "; --detail full leaves the weights out" if len(text) > LARGE else ""
    return f"{path}: {len(text) / 1e6:.1f} MB, opens in any browser{hint}"
