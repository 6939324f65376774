"""What `glassformer explain` does: gathers traces of models, saved ones or a run's probes, and shows them."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from glassformer.corpora import phrasebook
from glassformer.device import choose_device
from glassformer.errors import InputError, UsageError
from glassformer.files import write_output
from glassformer.glass.causes.cause import cause
from glassformer.glass.embedding_map import with_embeddings
from glassformer.glass.glosses import with_glosses
from glassformer.glass.record import Labelled, Trace
from glassformer.glass.trace import trace
from glassformer.glass.training_step import with_training_step
from glassformer.glass.views.html import LARGE, Kind, page
from glassformer.quality_estimation.spelling import Spelling
from glassformer.text.terms import Glossary
from glassformer.training.report.losses import read_losses
from glassformer.training.run.probes import PROBES, read_probes
from glassformer.translator import Translator


def gather(
    what: Sequence[str],
    device: str = "auto",
    why: Mapping[str, Any] | None = None,
    glosses: str | None = None,
    spelling: Spelling = "correct",
    **options: Any,
) -> tuple[list[Labelled], Kind]:
    """The traces that the command line names, and what kind of page they make.

    MODEL SENTENCE; MODEL MODEL SENTENCE, to compare; one or two saved traces (.json); or a run that
    kept probes. `options` are those of `trace`. `why`, the options of `cause`, has each record carry
    its cause too; `glosses`, a table of words and what they mean, those of its words; `spelling` is as in `traced`.
    Raises UsageError for anything else, and for options of what is traced already.
    """
    meanings = None if glosses is None else read_glosses(glosses)
    saved = all(name.endswith(".json") for name in what)
    if not saved and len(what) > 1:
        *models, sentence = what
        kind = _kind(models)
        where = choose_device(device)
        translators = [(model, Translator.load(model, where)) for model in models]
        return [(name, traced(one, sentence, why, meanings, spelling, **options)) for name, one in translators], kind
    traces, kind = _read(what) if saved else (_probed(Path(what[0])), "training")
    if options := {**options, **(why or {})}:
        names = ", ".join(options).replace("_", " ")
        raise UsageError(f"{what[0]}: is traced already; what asks for a new trace ({names}) wants a model, a sentence")
    return traces if meanings is None else [(label, with_glosses(one, meanings)) for label, one in traces], kind


def traced(
    translator: Translator,
    sentence: str,
    why: Mapping[str, Any] | None = None,
    meanings: Mapping[str, str] | None = None,
    spelling: Spelling = "correct",
    **options: Any,
) -> Trace:
    """The trace of a sentence with all else that the page teaches, its cause, where `why` asks for one, and glosses.

    `meanings` are those of words; a model of the phrasebook has its lexicon's unless they are given. With the
    `spelling` corrected it is the trace of what the model reads, as in `translate_texts`, and the source's axis says
    what was `typed`, where that is something else.
    """
    typed = sentence.strip()
    sentence = translator.speller.read(typed).text if spelling == "correct" else typed
    record = trace(translator, sentence, **options)
    record = with_training_step(with_embeddings(record, translator, meanings), translator)
    if why is not None and record.decode is not None:
        ids = [step["chosen"]["id"] for step in record.decode["steps"]]
        found = cause(translator, sentence, target=ids, to=options.get("to"), **why)
        record = dataclasses.replace(record, cause=found.to_dict())
    if sentence != typed:
        axes = {**record.axes, "source": {**record.axes["source"], "typed": typed}}
        record = dataclasses.replace(record, axes=axes)
    if meanings is None:
        meanings = phrasebook.glosses() if translator.card.get("corpus") == "phrasebook" else {}
    return with_glosses(record, meanings)


def read_glosses(path: str) -> dict[str, str]:
    """A table of words and their meanings: a word, a tab, what it means. InputError where it is none."""
    terms = Glossary.read(path).terms
    if bare := next((term.source for term in terms if not term.forms), None):
        raise InputError(f"{path}: '{bare}' has no meaning beside it; a line is word, tab, meaning")
    return {term.source: "; ".join(term.forms) for term in terms}


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
    run: Path | None = None,
    study: dict[str, Any] | None = None,
) -> str:
    """Write the page, of a training with the losses of its run; a line that says how large it is, and how to make a
    large one smaller. `study`: see `page`."""
    losses = read_losses(run) if run and kind == "training" else None
    text = page(traces, kind, allow_large, losses, study).encode()
    write_output(path, text)
    hint = "; --detail full leaves the weights out" if len(text) > LARGE else ""
    return f"{path}: {len(text) / 1e6:.1f} MB, opens in any browser{hint}"
