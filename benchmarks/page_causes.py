"""What finding a cause costs the page itself: its own sweep, the attributions beside it, and its own beam, in Node.

    python benchmarks/page_causes.py MODEL ["A sentence" "A second sentence"]

Bundles the page's TypeScript (`npm ci` in glassformer/glass/web first) and runs it on a trace of the model. Seconds of
one processor, less those of reading the trace and translating the sentence.
"""

import argparse
import json
import resource
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from glassformer import Translator, trace

WEB = Path(__file__).parents[1] / "glassformer" / "glass" / "web"
FIRST = "That wolf entered that room because it was tired"
SECOND = "That cat entered that room because it was tired"
BEAM = 4


def processor_seconds(program: Path, document: dict[str, Any]) -> float:
    """The processor time of one run of the driver."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run(["node", program], input=json.dumps(document).encode(), check=True, stdout=subprocess.DEVNULL)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("sentences", nargs="*", default=[FIRST, SECOND], help="a sentence, and a second one")
    options = parser.parse_args()
    first, second = options.sentences
    record = trace(Translator.load(options.model), first).to_dict(compact=True)
    plain = {"record": record, "sentence": first, "asked": [], "beam": 0}
    asked = {
        "a second sentence": {"step": None, "versus": second},
        "the runner-up": {"step": 0, "versus": None},
    }
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "driver.mjs"
        build = WEB / "node_modules" / ".bin" / "esbuild", WEB / "test" / "causeDriver.ts", f"--outfile={program}"
        subprocess.run(
            [*map(str, build), "--bundle", "--platform=node", "--format=esm", "--log-level=error"], check=True
        )
        nothing = min(processor_seconds(program, plain) for _ in range(3))
        for name, question in asked.items():
            asks = plain | {"asked": [question]}
            taken = min(processor_seconds(program, asks | {"answers": "alone"}) for _ in range(3))
            both = min(processor_seconds(program, asks) for _ in range(3))
            print(f"why, against {name}: {taken - nothing:.2f} s, the attributions {both - taken:.2f} s more")
        taken = min(processor_seconds(program, plain | {"beam": BEAM}) for _ in range(3))
        print(f"a beam of {BEAM}: {taken - nothing:.2f} s")


if __name__ == "__main__":
    main()
