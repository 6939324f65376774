"""Memory and time against the size of the corpus: made-up pairs, in processes of their own.

    python benchmarks/corpus_memory.py [PAIRS ...] [--steps N] [--folder DIR]

For each number of pairs (1, 3 and 10 million) it writes a corpus to a temporary folder and starts two
processes. `build` reads, checks and tokenizes it into a store, tokenizers included. `train` finds the store,
takes N steps of a model of preset `glass` in float32, and then reads every batch of one whole epoch.
Prints a Markdown table. Peaks of resident memory are the kernel's (VmHWM), those of memory that is not
backed by a file (RssAnon) are sampled every 10 ms. Seconds are of the clock and, in brackets, of the
processor; the import of torch is among them.
"""

import argparse
import json
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

WORDS = 40_000
SYLLABLES = ("ba", "ke", "li", "mo", "nu", "ra", "se", "dan", "fel", "gor", "hin", "jas", "kul", "mer", "pol")
VALID = 500
CHUNK = 100_000


def words(seed: int) -> list[str]:
    """Different words of one to four syllables."""
    draw = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < WORDS:
        found["".join(draw.choices(SYLLABLES, k=draw.randint(1, 4)))] = None
    return list(found)


def write_pairs(path: Path, count: int, seed: int) -> None:
    """`count` pairs of 6 to 18 words, a few words very frequent; the target is the source, word by word."""
    draw = np.random.default_rng(seed)
    sources, targets = words(1), words(2)
    with path.open("w", encoding="utf-8") as file:
        for first in range(0, count, CHUNK):
            lengths = draw.integers(6, 19, min(CHUNK, count - first))
            chosen = ((WORDS ** draw.random(lengths.sum())).astype(int) - 1).tolist()  # Zipf: rank r has a share of 1/r
            ends = np.cumsum(lengths).tolist()
            for begin, end in zip([0, *ends], ends, strict=False):
                row = chosen[begin:end]
                file.write(" ".join([sources[i] for i in row]) + "\t" + " ".join([targets[i] for i in row]) + "\n")


class AnonymousPeak(threading.Thread):
    """Samples this process's RssAnon."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0

    def run(self) -> None:
        while True:
            self.peak = max(self.peak, status("RssAnon"))
            time.sleep(0.01)


def status(key: str) -> int:
    """A size of this process, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) >> 10
    raise KeyError(key)


def seconds(name: str, began: tuple[float, float]) -> dict[str, float]:
    """Of the clock and of the processor since `began`."""
    return {name: time.perf_counter() - began[0], f"{name}_cpu": time.process_time() - began[1]}


def measure(phase: str, folder: Path, steps: int) -> dict[str, float]:
    """What one phase costs; runs in a process of its own."""
    began = time.perf_counter(), time.process_time()
    anonymous = AnonymousPeak()
    anonymous.start()
    from glassformer.training.config import RunConfig

    config = RunConfig.from_flat({
        "preset": "glass", "precision": "float32", "max_steps": steps, "batch_tokens": 4096,
        "pairs": [str(folder / "train.tsv")], "valid_pairs": [str(folder / "valid.tsv")], "validate_sentences": 4,
        "store": str(folder / "store"),
    })  # fmt: skip
    numbers: dict[str, float] = {}
    if phase == "build":
        from glassformer.data.prepare import prepare

        prepare(config.data, config.vocabulary, config.model.max_length, config.training.seed)
        numbers |= seconds("build", began)
    else:
        import torch

        from glassformer.data.batches import TokenizedPairs
        from glassformer.files import make_directory
        from glassformer.training.distributed import Group
        from glassformer.training.run.starting import start
        from glassformer.training.trainer import Trainer

        make_directory(folder / "run")
        run = start(folder / "run", config, Group(torch.device("cpu")))
        settings = config.training
        store = run.data.train
        assert isinstance(store, TokenizedPairs)
        next(store.batches(settings.batch_tokens, settings.seed, epoch=0))
        numbers |= seconds("start", began)
        Trainer(run).fit()
        began = time.perf_counter(), time.process_time()
        pairs = sum(len(b.rows) for b in store.batches(settings.batch_tokens, settings.seed, epoch=1))
        assert pairs == len(store)
        numbers |= seconds("epoch", began)
    return numbers | {"peak": status("VmHWM"), "anonymous": anonymous.peak}


def in_a_process(phase: str, folder: Path, steps: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--phase", phase, "--folder", str(folder), "--steps", str(steps)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout.splitlines()[-1])


def told(numbers: dict[str, float], name: str) -> str:
    return f"{numbers[name]:,.0f} s ({numbers[f'{name}_cpu']:,.0f})"


def peaks(numbers: dict[str, float]) -> str:
    return f"{numbers['peak']:,} MB ({numbers['anonymous']:,})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", nargs="*", type=int, default=[1_000_000, 3_000_000, 10_000_000])
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--folder", type=Path, help="where the temporary corpora go")
    parser.add_argument("--phase", choices=("build", "train"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.phase:
        print(json.dumps(measure(options.phase, options.folder, options.steps)))
        return
    print("| pairs | text | store | build (CPU) | peak RSS, building (anonymous) | warm start to the first step (CPU) "
          "| peak RSS, training and a whole epoch (anonymous) | reading an epoch (CPU) |")  # fmt: skip
    print("|" + "---:|" * 8)
    for count in options.pairs:
        with TemporaryDirectory(dir=options.folder) as name:
            folder = Path(name)
            write_pairs(folder / "train.tsv", count, seed=3)
            write_pairs(folder / "valid.tsv", VALID, seed=4)
            build, train = (in_a_process(phase, folder, options.steps) for phase in ("build", "train"))
            store = sum(path.stat().st_size for path in (folder / "store").rglob("*.npy"))
            text = (folder / "train.tsv").stat().st_size
            cells = [
                f"{count:,}", f"{text / 1e6:,.0f} MB", f"{store / 1e6:,.0f} MB", told(build, "build"), peaks(build),
                told(train, "start"), peaks(train), told(train, "epoch"),
            ]  # fmt: skip
            print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
