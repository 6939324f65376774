"""Training speed beside the peers': the same sizes, text, vocabulary and batches, taken in turn in one run.

    python benchmarks/train_speed.py --preset tiny --source F --target F [--python joeynmt=VENV/bin/python]...
    python benchmarks/train_speed.py --preset tiny --source F --target F --loss-curve F.csv

Each engine is a process of its own, which may have a Python of its own, and only one works at a time. A turn is some
updates of Adam with label smoothing 0.1, dropout 0.1 on embeddings and sublayers' outputs, and clipping at norm 1. The
first turn warms up. Speed counts real target tokens: neither padding nor `<s>`.

`--loss-curve` shows instead that the precision glassformer chooses here, or the one that `--set precision=bfloat16`
names, learns as float32 does.
"""

import argparse
import csv
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count, islice
from pathlib import Path
from typing import Any

import torch
from engines.job import Batch, Job
from engines.worker import ENGINES

from glassformer.model import Transformer
from glassformer.training.config import RunConfig
from glassformer.training.distributed import Group
from glassformer.training.run.building import prepare_data
from glassformer.training.update.optimizer import BETAS, EPSILON
from glassformer.training.update.schedule import learning_rate, paper_peak
from glassformer.training.update.utilisation import DTYPES, peak_flops, step_flops
from glassformer.yaml_config import parse_assignment

VOCABULARY = {"tiny": 10_000}
LARGER_VOCABULARY = 16_000
# glassformer's is the config's, "auto" unless --set says otherwise; of the others the best counts.
PRECISIONS = dict.fromkeys(("transformers", "torch_transformer", "joeynmt"), tuple(DTYPES)) | {"marian": ("float32",)}
PER_LINE = 20  # updates whose mean loss is printed


class PythonOf(argparse.Action):
    """ENGINE=PATH into a mapping."""

    def __call__(self, parser: argparse.ArgumentParser, options: Any, value: Any, flag: str | None = None) -> None:
        name, _, path = value.partition("=")
        if name not in ENGINES or not path:
            parser.error(f"{flag} {value}: should be ENGINE=PATH, with an ENGINE of {', '.join(ENGINES)}")
        setattr(options, self.dest, getattr(options, self.dest) | {name: path})


class Worker:
    """The process of one engine."""

    def __init__(self, name: str, precision: str, python: str, job: Job, processes: int = 1) -> None:
        self.name, self.log = name, job.folder / f"{name}-{precision}-{processes}.log"
        torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
        each = str(job.threads // processes)
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [
                    python,
                    *(torchrun if processes > 1 else []),
                    *("-m", "engines.worker", name, precision, str(job.folder)),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=Path(__file__).parent,
                env=os.environ | dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), each),
            )
        self.facts = self._answer()

    def train(self, first: int, updates: int) -> dict[str, Any]:
        assert self.process.stdin
        print(json.dumps({"first": first, "count": updates}), file=self.process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.log.read_text()}{self.name} ended with status {self.process.wait()}")
        return json.loads(line)

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        if kind:
            self.process.terminate()
        self.process.wait()


def make_job(options: argparse.Namespace, folder: Path, updates: int) -> Job:
    """The text as batches, in the order of glassformer's own training."""
    values = {
        "preset": options.preset,
        "vocab_size": VOCABULARY.get(options.preset, LARGER_VOCABULARY),
        "dropout": 0.1,
        "batch_tokens": 4096,
        "source": str(Path(options.source).resolve()),
        "target": str(Path(options.target).resolve()),
    }
    config = RunConfig.from_flat(values | dict(map(parse_assignment, options.set)))
    model, training = config.model, config.training
    peak = training.learning_rate or paper_peak(model.d_model, training.warmup_steps)
    rates = [learning_rate(step, peak, training.warmup_steps, training.schedule, training.max_steps)
             for step in range(1, updates + 1)]  # fmt: skip
    pairs = prepare_data(config, Group(torch.device("cpu"))).train
    epochs = (pairs.batches(training.batch_tokens, training.seed, epoch) for epoch in count())
    batches = [Batch(b.source_BS, b.target_BT) for b in islice((b for epoch in epochs for b in epoch), updates)]
    job = Job(folder, config.flat(), BETAS, EPSILON, options.threads, rates, batches)
    job.save()
    return job


def start_workers(options: argparse.Namespace, job: Job, stack: ExitStack) -> list[Worker]:
    """One for each engine and precision; says which are missing."""
    workers = []
    for name in options.engines:
        for precision in PRECISIONS.get(name, (job.config["precision"],)):
            worker = stack.enter_context(Worker(name, precision, options.python.get(name, sys.executable), job))
            if "missing" in worker.facts:
                print(f"MISSING, not compared: {name}: {worker.facts['missing']}\n")
                break
            workers.append(worker)
    if options.processes > 1:
        precision = job.config["precision"]
        workers.append(stack.enter_context(Worker("glassformer", precision, sys.executable, job, options.processes)))
    if not workers:
        sys.exit("nothing to measure")
    return workers


def speed(options: argparse.Namespace, folder: Path, stack: ExitStack) -> None:
    job = make_job(options, folder, options.updates * (options.rounds + 1))
    workers = start_workers(options, job, stack)
    speeds: dict[Worker, list[float]] = {worker: [] for worker in workers}
    peaks = dict.fromkeys(DTYPES, 0.0)
    losses: dict[Worker, list[float]] = {}
    for turn in range(options.rounds + 1):
        peak_flops.cache_clear()  # measured in each round, as the speeds are
        for precision in peaks:
            peaks[precision] = max(peaks[precision], peak_flops(precision, torch.device("cpu")))
        first = turn * options.updates
        tokens = sum(batch.target_tokens for batch in job.batches[first : first + options.updates])
        for worker in workers:
            answer = worker.train(first, options.updates)
            losses[worker] = answer["losses"]
            told = f"round {turn} of {options.rounds}: {worker.log.stem} {tokens / answer['seconds']:,.0f} tokens/s"
            print(told, file=sys.stderr, flush=True)
            if turn:  # the first warms up
                speeds[worker].append(tokens / answer["seconds"])
    print_table(job, speeds, losses, peaks)


def print_table(
    job: Job, speeds: dict[Worker, list[float]], losses: dict[Worker, list[float]], peaks: dict[str, float]
) -> None:
    medians = {worker: statistics.median(values) for worker, values in speeds.items()}
    peers = [worker for worker in medians if worker.name != "glassformer"]
    best = max(peers or medians, key=lambda worker: medians[worker])
    flops = flops_per_target_token(job)
    padded = sum(batch.target.size for batch in job.batches) / sum(batch.target_tokens for batch in job.batches)
    print("| engine | precision | target tokens/s | min to max | to the best peer | of peak | loss | weights |")
    print("|---|---|---|---|---|---|---|---|")
    for worker, median in sorted(medians.items(), key=lambda item: -item[1]):
        facts = worker.facts
        # Turn by turn, for what else the machine does comes and goes.
        ratio = statistics.median(a / b for a, b in zip(speeds[worker], speeds[best], strict=True))
        share = f"{100 * median * flops / peaks[facts['precision']]:.0f} %"
        print(
            f"| {facts['version']} | {facts['precision']} | {median:,.0f} "
            f"| {min(speeds[worker]):,.0f} to {max(speeds[worker]):,.0f} | {ratio:.2f} | {share} "
            f"| {statistics.mean(losses[worker]):.3f} | {facts['parameters']:,} |"
        )
    measured = ", ".join(f"{peak / 1e9:,.0f} GFLOP/s in {precision}" for precision, peak in peaks.items())
    print(f"\nPeak of a matrix product: {measured}; {job.threads} threads. {flops / 1e6:.1f} MFLOP for a target token.")
    print(f"Target padding: {padded:.2f} positions for a token. Loss: mean of the last {len(losses[worker])} updates.")


def flops_per_target_token(job: Job) -> float:
    """What a training step needs at least, by glassformer's own count."""
    source = sum(batch.source_tokens for batch in job.batches)
    target = sum(batch.target_tokens for batch in job.batches)
    return step_flops(Transformer(RunConfig.from_flat(job.config).model), source, target) / target


def loss_curve(options: argparse.Namespace, folder: Path, stack: ExitStack) -> None:
    job = make_job(options, folder, options.updates)
    precisions = "float32", job.config["precision"]
    exact, chosen = (stack.enter_context(Worker("glassformer", p, sys.executable, job)) for p in precisions)
    rows = list(compared(exact, chosen, options.updates))
    with Path(options.loss_curve).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("update", "float32", chosen.facts["precision"]))
        writer.writerows((number, *pair) for number, pair in enumerate(rows, 1))
    print(f"| updates | float32 | {chosen.facts['precision']} | relative difference |\n|---|---|---|---|")
    worst = 0.0
    for first in range(0, len(rows), PER_LINE):
        a, b = (statistics.mean(column) for column in zip(*rows[first : first + PER_LINE], strict=True))
        worst = max(worst, abs(b - a) / a)
        print(f"| {first + 1} to {min(first + PER_LINE, len(rows))} | {a:.4f} | {b:.4f} | {(b - a) / a:+.4%} |")
    single = max(abs(b - a) / a for a, b in rows)
    print(f"\nLargest relative difference: {worst:.3%} of {PER_LINE} updates' mean, {single:.3%} of one update's loss.")


def compared(exact: Worker, chosen: Worker, updates: int) -> Iterator[tuple[float, float]]:
    """The losses of each update of both, in turns."""
    for first in range(0, updates, PER_LINE):
        answers = [worker.train(first, min(PER_LINE, updates - first)) for worker in (exact, chosen)]
        yield from zip(*(answer["losses"] for answer in answers), strict=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", required=True, help="text to train on")
    parser.add_argument("--target", required=True)
    parser.add_argument("--preset", default="tiny", help="the sizes: tiny, small, base, ...")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as in `glassformer train`")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES), help="default: all")
    parser.add_argument(
        "--python", action=PythonOf, default={}, metavar="ENGINE=PATH", help="the Python of an engine; may be repeated"
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--processes", type=int, default=1, help="glassformer also in so many, sharing the threads")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--updates", type=int, default=20, help="of a turn, or of the loss curve")
    parser.add_argument("--loss-curve", metavar="F.csv", help="compare precisions of glassformer instead")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))  # so that no worker stays behind
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        (loss_curve if options.loss_curve else speed)(options, Path(name), stack)


if __name__ == "__main__":
    main()
