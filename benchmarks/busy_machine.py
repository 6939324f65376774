"""How long a step of the quickstart's training takes beside busy processes, with each way of sharing processors.

    python benchmarks/busy_machine.py

Each row is a process of its own that trains the quickstart's model on batches of random ids, beside other processes in
sessions of their own, as a desktop's are: some that only count, or that train with one thread themselves. The rows take
turns, round by round. A time is the mean of the steps after the first seconds.
"""

import argparse
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from glassformer.system import ASLEEP

WAYS = {  # how threads wait, by the environment, and whether they share fewer processors on a busy machine
    "as the command": (ASLEEP, True),
    "asleep": (ASLEEP, False),
    "busily (libgomp's default)": ({}, False),
}
ROWS, TOKENS = 48, 13  # of a batch: some 640 tokens, as the quickstart's
SETTLED = 3.0  # seconds after which steps count
COUNTING = "-c", "while True: pass"
TRAINING = __file__, "--step", "--limit", "100000"


def train(adaptive: bool, limit: float) -> None:
    """Print the milliseconds of each step, the processor's after the clock's, until `limit` seconds are over."""
    import torch

    from glassformer.model import ModelConfig, Transformer
    from glassformer.quickstart.recipe import RECIPES
    from glassformer.settings import keys_of
    from glassformer.training.update.objective import Objective
    from glassformer.training.update.optimizer import adam
    from glassformer.training.update.processors import Processors

    recipe_of = RECIPES["phrasebook"]
    torch.manual_seed(1)
    model = Transformer(ModelConfig(**{key: recipe_of[key] for key in keys_of(ModelConfig) & recipe_of.keys()}))
    optimizer, objective = adam(model), Objective(model, recipe_of["label_smoothing"], 0.0)
    source_BS, target_BT = (torch.randint(4, 3000, (ROWS, TOKENS)) for _ in range(2))
    started = time.monotonic()
    with Processors(adaptive) as processors:
        while (now := time.monotonic() - started) < limit:
            before = time.perf_counter(), time.process_time()
            with processors.measured():
                objective(source_BS, target_BT).backward()
                optimizer.step()
                optimizer.zero_grad()
            after = time.perf_counter(), time.process_time()
            if now > SETTLED:
                print(*(1000 * (b - a) for a, b in zip(before, after, strict=True)), flush=True)


def measured(way: str, threads: int, limit: float) -> list[tuple[float, float]]:
    """The milliseconds of each step in a process of its own."""
    environment, adaptive = WAYS[way]
    command = [sys.executable, __file__, "--step", "--limit", str(limit), *(["--adaptive"] if adaptive else [])]
    environment = os.environ | environment | {"OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, start_new_session=True
    )  # fmt: skip
    return [(float(wall), float(own)) for wall, own in map(str.split, done.stdout.splitlines())]


@contextmanager
def beside(name: str) -> Iterator[None]:
    """While the block runs, such processes run too: `2 counting`, `1 training`, `none`."""
    count, _, kind = name.partition(" ")
    command, environment = TRAINING if kind == "training" else COUNTING, os.environ | {"OMP_NUM_THREADS": "1"}
    with ExitStack() as stack:
        for _ in range(int(count) if kind else 0):
            process = subprocess.Popen(
                [sys.executable, *command], env=environment, stdout=subprocess.DEVNULL, start_new_session=True
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
        time.sleep(4 if kind == "training" else 0)  # until torch is imported
        yield


def shown(steps: list[tuple[float, float]]) -> str:
    if not steps:
        return "no step in time"
    wall, own = (sum(times) / len(times) for times in zip(*steps, strict=True))
    return f"{wall:.0f} ({own:.0f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, len(os.sched_getaffinity(0))])
    others = ["none", "1 counting", "2 counting", "1 training", "2 training"]
    parser.add_argument("--beside", nargs="+", default=others, help='as "2 counting", "1 training", or "none"')
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--limit", type=float, default=20, help="seconds of a row")
    for hidden in ("--step", "--adaptive"):
        parser.add_argument(hidden, action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        train(options.adaptive, options.limit)
        return
    # One thread waits for none.
    rows = [
        (threads, way) for threads in options.threads for way in (options.ways if threads > 1 else options.ways[:1])
    ]
    found: defaultdict[tuple[int, str, str], list[tuple[float, float]]] = defaultdict(list)
    loads = []
    for _ in range(options.rounds):
        for others in options.beside:
            with beside(others):
                for threads, way in rows:
                    found[threads, way, others] += measured(way, threads, options.limit)
                    loads.append(os.getloadavg()[0])
    print(f"| threads, waiting | {' | '.join(options.beside)} |")
    print("|---|" + "---|" * len(options.beside))
    for threads, way in rows:
        cells = [shown(found[threads, way, others]) for others in options.beside]
        print(f"| {threads}{', ' + way if threads > 1 else ''} | {' | '.join(cells)} |")
    print("\nMilliseconds of a step (of the processor's, of all threads together); means.")
    print(f"Load averages from {min(loads):.1f} to {max(loads):.1f}, these processes among them.")


if __name__ == "__main__":
    main()
