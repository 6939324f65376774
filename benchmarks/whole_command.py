"""The whole command on a file, start included, beside a script around CTranslate2 over the exported model.

    glassformer export MODEL --to ctranslate2 --out EXPORTED
    python benchmarks/whole_command.py MODEL EXPORTED FILE --python VENV/bin/python

FILE has a sentence on a line; VENV has ctranslate2 and sentencepiece. Both ways take turns, in eight bits by default;
the first turn of each does not count. Printed are medians of wall seconds, of the processor's seconds, and the largest
memory; the ratio is the median over the rounds. With --processes 2 each way runs so often at a time.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

SCRIPT = Path(__file__).with_name("decoders") / "ctranslate2_script.py"


class Took(NamedTuple):
    """What one turn cost."""

    seconds: float
    processor: float
    megabytes: float


def run(command: list[str], lines: Path, threads: int, processes: int) -> Took:
    """Run so many of the command at once, each reading the lines."""
    began = time.perf_counter()
    running = []
    for _ in range(processes):
        with lines.open() as source:
            environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
            environment.pop("PYTHONDONTWRITEBYTECODE", None)  # or each start compiles all modules, as no user's does
            quiet = subprocess.DEVNULL
            running.append(subprocess.Popen(command, stdin=source, stdout=quiet, stderr=quiet, env=environment))
    used: list[resource.struct_rusage] = []
    for process in running:
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"{' '.join(command)} ended with status {os.waitstatus_to_exitcode(status)}")
        used.append(usage)
    processor = sum(usage.ru_utime + usage.ru_stime for usage in used)
    return Took(time.perf_counter() - began, processor, max(usage.ru_maxrss for usage in used) / 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("exported")
    parser.add_argument("file", type=Path)
    parser.add_argument("--python", default=sys.executable, help="of the script")
    parser.add_argument("--precision", default="int8")
    parser.add_argument("--beams", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print("| beam | glassformer translate: s, of the processor, MB | CTranslate2 script | times as fast |")
    print("|---:|---:|---:|---:|")
    for beam in map(str, options.beams):
        ways = [
            [sys.executable, "-m", "glassformer", "translate", options.model, "--no-split", "--beam", beam,
             "--length-penalty", "0.6", "--precision", options.precision],
            [options.python, "-P", str(SCRIPT), options.exported, options.precision, beam],
        ]  # fmt: skip
        turns = [
            [run(way, options.file, options.threads, options.processes) for way in ways]
            for _ in range(options.rounds + 1)
        ][1:]
        cells = [
            "{:.2f}, {:.2f}, {:.0f}".format(*map(statistics.median, zip(*took, strict=True)))
            for took in zip(*turns, strict=True)
        ]
        ratio = statistics.median(other.seconds / own.seconds for own, other in turns)
        print(f"| {beam} | {cells[0]} | {cells[1]} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
