"""The process of one engine: python -m engines.worker ENGINE PRECISION FOLDER

It says what it is, then does what each line of its input asks, and answers in a line of JSON.
"""

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from engines.job import Engine, Job

# By the file that holds it: each imports its toolkit, so only the one asked for is imported.
ENGINES = {
    "glassformer": "Glassformer",
    "transformers": "Transformers",
    "torch_transformer": "TorchTransformer",
    "joeynmt": "JoeyNMT",
    "marian": "Marian",
}


def make(name: str, precision: str, job: Job) -> Engine:
    return getattr(importlib.import_module(f"engines.{name}"), ENGINES[name])(job, precision)


def main() -> None:
    name, precision, folder = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print is no answer

    def answer(facts: dict[str, Any]) -> None:
        print(json.dumps(facts), file=answers)

    try:
        engine = make(name, precision, Job.load(Path(folder)))
    except ImportError as error:
        answer({"missing": str(error)})
        return
    engine.serve(map(json.loads, sys.stdin), answer)


if __name__ == "__main__":
    main()
