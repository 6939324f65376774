"""The first three minutes: train on a built-in corpus, measure on what was held out, translate."""

import signal
import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from glassformer.corpora import load_corpus
from glassformer.glass.views.terminal.console import Listened
from glassformer.quickstart.page import quickstart_page
from glassformer.quickstart.recipe import LECTURE, NAMES, RECIPES, precision
from glassformer.quickstart.scores import report_pairs, report_phrasebook, translated
from glassformer.training import train
from glassformer.training.run.run import CONFIG
from glassformer.training.run.signals import Interrupted
from glassformer.translator import Translator


def quickstart(corpus: str, out: Path) -> None:
    """Train on `corpus` into the run directory `out`, print scores and translations, and write its page.

    Where `out` holds such a run already, stopped or ended, it goes on from there. Raises Interrupted where a signal
    stopped it, with the command that goes on to the page.
    """
    again = "quickstart", "--corpus", corpus, "--out", str(out)  # a training that is resumed would write no page
    try:
        _quickstart(corpus, out)
    except KeyboardInterrupt as error:
        raise Interrupted(signal.SIGINT, "stopped", again) from error
    except Interrupted as error:
        raise Interrupted(error.stop_status - 128, "stopped and saved", again) from error


def _quickstart(corpus: str, out: Path) -> None:
    started = time.monotonic()
    console = Listened(highlight=False, soft_wrap=True)
    begun = (out / CONFIG).exists()
    if not begun:
        console.print("Making the text and its vocabularies; the training begins in about a minute.")
    settings = RECIPES[corpus] if begun else {"precision": precision()} | RECIPES[corpus]  # begun elsewhere, perhaps
    translator = train(out, resumed=begun, corpus=corpus, **settings)
    if corpus == "phrasebook":
        report_phrasebook(console, translator)
    else:
        report_pairs(console, translator, load_corpus(corpus).test)
    _show(console, translator, LECTURE if corpus == "phrasebook" else NAMES)
    page = quickstart_page(out, translator, corpus)
    console.print(f"See through it: open [bold]{escape(str(page))}[/bold] in any browser.")
    console.print(
        f"The model is in [bold]{escape(str(out))}[/bold], made in {time.monotonic() - started:.0f} s. Try your own:"
    )
    console.print(
        f'  echo "{LECTURE[0] if corpus == "phrasebook" else NAMES[0]}" | glassformer translate {escape(str(out))}'
    )


def _show(console: Console, translator: Translator, sources: tuple[str, ...]) -> None:
    console.print()
    for source, text in zip(sources, translated(translator, list(sources)), strict=True):
        console.print(f"  {escape(source)}\n    [bold]{escape(text)}[/bold]")
    console.print()
