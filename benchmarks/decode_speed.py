"""Decoding speed beside the peers': the same shape, sources and lengths, taken in turn in one run.

    python benchmarks/decode_speed.py --preset base [--python ctranslate2=VENV/bin/python]...

Each decoder is a process of its own, which may have a Python of its own, and only one works at a time. A turn
translates a batch of random sources of 25 tokens into exactly 32; the first of each warms up. Speed is tokens of the
best translation a second of wall time, the median of the rounds; the ratio is that to CTranslate2 int8 of the same
round. `processor` divides by the seconds that the process computed instead, which other work on the machine disturbs
less. With `--processes 2` each decoder is so many processes, which translate a batch each at the same time. Random
parameters: nothing is said about quality.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import torch
from decoders.job import Turn
from decoders.worker import DECODERS
from safetensors.torch import save_file

from glassformer.model import ModelConfig, Transformer, preset
from glassformer.model_directory import parameters_of

VOCABULARY = {"tiny": 10_000}
LARGER_VOCABULARY = 16_000
PRECISIONS = {
    "glassformer": ("int8", "float32"),
    "glassformer_eager": ("float32", "bfloat16"),
    "ctranslate2": ("int8", "float32"),
    "transformers": ("float32", "bfloat16"),
}
BASELINE = "ctranslate2", "int8"


class PythonOf(argparse.Action):
    """DECODER=PATH into a mapping."""

    def __call__(self, parser: argparse.ArgumentParser, options: Any, value: Any, flag: str | None = None) -> None:
        name, _, path = value.partition("=")
        if name not in DECODERS or not path:
            parser.error(f"{flag} {value}: should be DECODER=PATH, with a DECODER of {', '.join(DECODERS)}")
        setattr(options, self.dest, getattr(options, self.dest) | {name: path})


@dataclass(eq=False)
class Worker:
    """The processes of one decoder in one precision, and what they answered by cell (batch, beam)."""

    name: str
    precision: str
    processes: list["subprocess.Popen[str]"]
    version: str = ""
    answers: dict[tuple[int, int], list[dict[str, Any]]] = field(default_factory=dict)

    def ask(self, turn: Turn) -> dict[str, Any]:
        for process in self.processes:
            assert process.stdin
            print(json.dumps(asdict(turn)), file=process.stdin, flush=True)
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """The answer of the process that took longest: all translate the same."""
        answers = [self._answer(process) for process in self.processes]
        return max(answers, key=lambda answer: float(answer.get("seconds", 0)))

    def _answer(self, process: "subprocess.Popen[str]") -> dict[str, Any]:
        assert process.stdout
        line = process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} {self.precision} ended with status {process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *error: object) -> None:
        for process in self.processes:
            assert process.stdin
            process.stdin.close()
            process.wait()


def make_model(options: argparse.Namespace, folder: Path) -> None:
    """A model directory without tokenizers, of random parameters."""
    vocabulary = VOCABULARY.get(options.preset, LARGER_VOCABULARY)
    torch.manual_seed(1)
    model = Transformer(ModelConfig(vocab_size=vocabulary, **preset(options.preset)))  # type: ignore[arg-type]
    (folder / "config.json").write_text(json.dumps(asdict(model.config)))
    save_file(parameters_of(model), folder / "model.safetensors")


def start_workers(options: argparse.Namespace, folder: Path, stack: ExitStack) -> list[Worker]:
    """One for each decoder and precision; says which are missing."""
    workers = []
    threads = str(options.threads)
    for name in options.decoders:
        for precision in PRECISIONS[name]:
            python = options.python.get(name, sys.executable)
            processes = [
                subprocess.Popen(
                    [python, "-m", "decoders.worker", name, precision, threads, str(folder)],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent,
                    env=os.environ | dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), threads),
                )
                for _ in range(options.processes)
            ]  # fmt: skip
            worker = stack.enter_context(Worker(name, precision, processes))
            facts = worker.answer()
            if "missing" in facts:
                print(f"MISSING, not compared: {name}: {facts['missing']}\n")
                break
            worker.version = facts["version"]
            workers.append(worker)
    return workers


def measure(options: argparse.Namespace, workers: list[Worker]) -> None:
    """All cells, round by round, so that what else the machine does meets all alike."""
    for turn_number in range(options.rounds + 1):
        for batch, beam in options.cells:
            turn = Turn(batch, beam, options.source_tokens, options.target_tokens, seed=turn_number)
            for worker in workers:
                answer = worker.ask(turn)
                wrong = [tokens for tokens in answer["tokens"] if len(tokens) != options.target_tokens]
                if wrong:
                    raise SystemExit(f"{worker.name}: {len(wrong[0])} tokens instead of {options.target_tokens}")
                if turn_number:
                    worker.answers.setdefault((batch, beam), []).append(answer)
        print(f"round {turn_number} of {options.rounds}", file=sys.stderr, flush=True)


def print_tables(options: argparse.Namespace, workers: list[Worker]) -> None:
    baseline = next((one for one in workers if (one.name, one.precision) == BASELINE), workers[0])
    exact = next((one for one in workers if one.name == "ctranslate2" and one.precision == "float32"), None)
    heads = [f"batch {batch}, {'greedy' if beam == 1 else f'beam {beam}'}" for batch, beam in options.cells]
    shape = f"{options.preset}, {options.processes} x {options.threads} threads"
    print(f"| {shape} | precision | {' | '.join(heads)} | MB |")
    print("|---|---|" + "---|" * (len(heads) + 1))
    for worker in workers:
        cells = [_cell(worker, baseline, cell, options) for cell in options.cells]
        memory = max(answer["kilobytes"] for each in worker.answers.values() for answer in each)
        print(f"| {worker.version} | {worker.precision} | {' | '.join(cells)} | {memory / 1024:,.0f} |")
    print(f"\nTokens a second (processor), x times {baseline.version} {baseline.precision} of the same round; medians.")
    if exact:
        for worker in workers:
            if worker.name == "glassformer":
                print(f"{worker.precision}: {_agreement(worker, exact):.2f} % of tokens as {exact.version} float32.")


def _cell(worker: Worker, baseline: Worker, cell: tuple[int, int], options: argparse.Namespace) -> str:
    tokens = cell[0] * options.target_tokens * options.processes
    own, other = worker.answers[cell], baseline.answers[cell]
    wall, processor = (tokens / statistics.median(one[key] for one in own) for key in ("seconds", "processor"))
    ratios = [
        statistics.median(b[key] / a[key] for a, b in zip(own, other, strict=True)) for key in ("seconds", "processor")
    ]
    return f"{wall:,.0f} ({processor:,.0f}), x {ratios[0]:.2f} ({ratios[1]:.2f})"


def _agreement(one: Worker, other: Worker) -> float:
    pairs = [
        (a, b)
        for cell in one.answers
        for mine, theirs in zip(one.answers[cell], other.answers[cell], strict=True)
        for found, expected in zip(mine["tokens"], theirs["tokens"], strict=True)
        for a, b in zip(found, expected, strict=True)
    ]
    return 100 * sum(a == b for a, b in pairs) / len(pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="base", help="the sizes: tiny, small, base, ...")
    parser.add_argument("--decoders", nargs="+", choices=DECODERS, default=list(DECODERS), help="default: all")
    parser.add_argument(
        "--python", action=PythonOf, default={}, metavar="DECODER=PATH", help="the Python of a decoder; may be repeated"
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--processes", type=int, default=1, help="of each decoder, at the same time")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8, 32, 64])
    parser.add_argument("--beams", nargs="+", type=int, default=[1, 4])
    parser.add_argument("--source-tokens", type=int, default=25)
    parser.add_argument("--target-tokens", type=int, default=32)
    options = parser.parse_args()
    options.cells = list(product(options.batches, options.beams))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))  # so that no worker stays behind
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        make_model(options, Path(name))
        workers = start_workers(options, Path(name), stack)
        if not workers:
            sys.exit("nothing to measure")
        measure(options, workers)
        print_tables(options, workers)


if __name__ == "__main__":
    main()
