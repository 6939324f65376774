"""The process of one decoder: python -m decoders.worker DECODER PRECISION THREADS FOLDER

It says what it is, then translates what each line of its input asks, and answers in a line of JSON.
"""

import importlib
import json
import os
import resource
import sys
import time
from pathlib import Path

from decoders.job import Turn

DECODERS = {
    "glassformer": "Fast",
    "glassformer_eager": "Eager",
    "ctranslate2": "CTranslate2",
    "transformers": "Transformers",
}


def main() -> None:
    name, precision, threads, folder = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print is no answer
    try:
        kind = getattr(importlib.import_module(f"decoders.{name.partition('_')[0]}"), DECODERS[name])
        decoder = kind(Path(folder), precision, int(threads))
    except ImportError as error:
        print(json.dumps({"missing": str(error)}), file=answers)
        return
    print(json.dumps({"version": decoder.version}), file=answers)
    for line in sys.stdin:
        turn = Turn(**json.loads(line))
        wall, own = time.perf_counter(), time.process_time()
        tokens = decoder.translate(turn)
        wall, own = time.perf_counter() - wall, time.process_time() - own
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps({"seconds": wall, "processor": own, "tokens": tokens, "kilobytes": memory}), file=answers)


if __name__ == "__main__":
    main()
