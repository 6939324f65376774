"""`translate` as a stream: how soon a pipe is answered, what a pipe costs beside a file, and the memory of long files.

    python benchmarks/translate_stream.py MODEL [--lines N] [--rounds N]

The lines are made up of letters, of 2 to 12 words. Seconds are of the processor, in turns, one thread, beam 4; memory
is the kernel's peak (ru_maxrss) of N and of 10 N lines, greedy.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

COMMAND = [sys.executable, "-m", "glassformer", "translate"]
THREADS = os.environ | {"OMP_NUM_THREADS": "1"}


def write_lines(path: Path, count: int) -> Path:
    draw = random.Random(2)
    with path.open("w") as file:
        file.writelines(" ".join(draw.choices("abcdef", k=draw.randint(2, 12))) + "\n" for _ in range(count))
    return path


def measured(model: str, path: Path, piped: bool, *options: str) -> tuple[float, float]:
    """Processor seconds and peak MB of one translation of a file."""
    source = subprocess.Popen(["cat", path], stdout=subprocess.PIPE) if piped else None
    process = subprocess.Popen(
        [*COMMAND, model, *options, *([] if piped else [str(path)])],
        stdin=source.stdout if source else None, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=THREADS,
    )  # fmt: skip
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"translate ended with status {os.waitstatus_to_exitcode(status)}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def waits(model: str) -> list[float]:
    """Seconds from each of ten typed lines to its answer, after the first, the pipe being open."""
    with subprocess.Popen(
        [*COMMAND, model], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, env=THREADS
    ) as process:
        assert process.stdin and process.stdout
        found = []
        for _ in range(11):
            began = time.monotonic()
            process.stdin.write(b"a b c\n")
            process.stdout.readline()
            found.append(time.monotonic() - began)
        process.stdin.close()
    return found[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--lines", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"a line in an open pipe is answered after {statistics.median(waits(options.model)) * 1000:.0f} ms (median)")
    with TemporaryDirectory() as folder:
        short = write_lines(Path(folder) / "short.txt", options.lines)
        seconds: dict[bool, list[float]] = {False: [], True: []}
        for _ in range(options.rounds):
            for piped, found in seconds.items():
                found.append(measured(options.model, short, piped)[0])
        ratio = statistics.median(pipe / file for file, pipe in zip(*seconds.values(), strict=True))
        print(f"{options.lines:,} lines: {statistics.median(seconds[False]):.2f} s, through a pipe {ratio:.2f} times")
        for path in (short, write_lines(Path(folder) / "long.txt", 10 * options.lines)):
            print(f"peak of {path.stem}: {measured(options.model, path, False, '--beam', '1')[1]:.0f} MB")


if __name__ == "__main__":
    main()
