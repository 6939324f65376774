"""How long a step of the quickstart's training takes beside busy processes, as the command waits and as libgomp does.

    python benchmarks/busy_machine.py

Each row is a process of its own that trains the quickstart's model on batches of random ids, beside 0, 1, 2 processes
that do nothing but count; the rows take turns, round by round.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict

from glassformer.system import ASLEEP

WAYS = {  # how threads wait, by the environment
    "asleep (as the command)": ASLEEP,
    "busily (libgomp's default)": {},
}
ROWS, TOKENS = 48, 13  # of a batch: some 640 tokens, as the quickstart's


def train(steps: int, limit: float) -> None:
    """Print the milliseconds of each step, the processor's after the clock's, until `limit` seconds are over."""
    import torch

    from glassformer.model import ModelConfig, Transformer
    from glassformer.quickstart.recipe import RECIPES
    from glassformer.settings import keys_of
    from glassformer.training.update.objective import Objective
    from glassformer.training.update.optimizer import adam

    recipe_of = RECIPES["phrasebook"]
    torch.manual_seed(1)
    model = Transformer(ModelConfig(**{key: recipe_of[key] for key in keys_of(ModelConfig) & recipe_of.keys()}))
    optimizer, objective = adam(model), Objective(model, recipe_of["label_smoothing"], 0.0)
    source_BS, target_BT = (torch.randint(4, 3000, (ROWS, TOKENS)) for _ in range(2))
    started = time.monotonic()
    for step in range(steps + 2):
        before = time.perf_counter(), time.process_time()
        objective(source_BS, target_BT).backward()
        optimizer.step()
        optimizer.zero_grad()
        if step >= 2:  # the first ones allocate
            after = time.perf_counter(), time.process_time()
            print(*(1000 * (b - a) for a, b in zip(before, after, strict=True)), flush=True)
        if time.monotonic() - started > limit:
            break


def measured(way: dict[str, str], threads: int, steps: int, limit: float) -> list[tuple[float, float]]:
    """The milliseconds of each step in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--step", "--steps", str(steps), "--limit", str(limit)],
        env=os.environ | way | {"OMP_NUM_THREADS": str(threads)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [(float(wall), float(own)) for wall, own in map(str.split, done.stdout.splitlines())]


def shown(steps: list[tuple[float, float]]) -> str:
    if not steps:
        return "no three steps in time"
    wall, own = (statistics.median(times) for times in zip(*steps, strict=True))
    return f"{wall:.0f} ({own:.0f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, len(os.sched_getaffinity(0))])
    parser.add_argument("--busy", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--limit", type=float, default=60, help="seconds of a row")
    parser.add_argument("--step", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        train(options.steps, options.limit)
        return
    found: defaultdict[tuple[int, str, int], list[tuple[float, float]]] = defaultdict(list)
    for _ in range(options.rounds):
        for count in options.busy:
            busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
            try:
                for threads in options.threads:
                    for name, way in WAYS.items():
                        if threads > 1 or not found[threads, name, count]:  # one thread waits for none
                            found[threads, name, count] += measured(way, threads, options.steps, options.limit)
            finally:
                for process in busy:
                    process.kill()
                    process.wait()
    print(f"| threads, waiting | {' | '.join(f'{count} busy' for count in options.busy)} |")
    print("|---|" + "---|" * len(options.busy))
    for threads in options.threads:
        for name in WAYS:
            cells = [found[threads, name, count] for count in options.busy]
            print(f"| {threads}, {name} | {' | '.join(map(shown, cells))} |")
    print("\nMilliseconds of a step (of the processor's, of all threads together); medians.")


if __name__ == "__main__":
    main()
