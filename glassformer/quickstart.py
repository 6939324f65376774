"""The first three minutes: train on a built-in corpus, measure on what was held out, translate."""

import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from glassformer.search import SearchOptions
from glassformer.text.corpora import load_corpus
from glassformer.training import train

GREEDY = SearchOptions(beam=1)
LECTURE = (
    "We are friends",
    "I love you very much",
    "The cat sat on its mat",
    "The animal didn't cross the road because it was tired",
    "The animal didn't cross the road because it was wide",
    "The cat did not cross the road because it was tired",
    "The dog did not cross the road because it was tired",
)
NAMES = ("India", "French", "Brazilian Real", "New South Wales")

# Small and pre-norm, with a short steep schedule: what learns the phrasebook in the time there is.
RECIPE: dict[str, Any] = {
    "encoder_layers": 2,
    "decoder_layers": 2,
    "d_model": 128,
    "d_ff": 512,
    "num_heads": 4,
    "dropout": 0.0,
    "norm_position": "pre",
    "max_length": 64,
    "vocab_size": 1000,
    "batch_tokens": 1024,
    "schedule": "cosine",
    "learning_rate": 2e-3,
    "warmup_steps": 100,
    "validate_every": 500,
    "checkpoint_every": 1000,
    "keep_checkpoints": 1,
    "average_last": 1,
}
RECIPES: dict[str, dict[str, Any]] = {
    "phrasebook": RECIPE | {"max_steps": 2000},
    # A name is spelt rather than translated, and there are few: small pieces and dropout.
    "names": RECIPE | {"vocab_size": 600, "dropout": 0.1, "max_steps": 2000},
}


def quickstart(corpus: str, out: Path) -> None:
    """Train on `corpus` into the run directory `out`, then print scores and translations."""
    started = time.monotonic()
    translator = train(out, corpus=corpus, **RECIPES[corpus])
    console = Console(highlight=False, soft_wrap=True)
    if corpus == "phrasebook":
        _report_phrasebook(console, translator)
    else:
        _report_pairs(console, translator, load_corpus(corpus).test)
    _show(console, translator, LECTURE if corpus == "phrasebook" else NAMES)
    console.print(
        f"The model is in [bold]{escape(str(out))}[/bold], made in {time.monotonic() - started:.0f} s. Try your own:"
    )
    console.print(
        f'  echo "{LECTURE[0] if corpus == "phrasebook" else NAMES[0]}" | glassformer translate {escape(str(out))}'
    )
