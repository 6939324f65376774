"""Training and decoding on one GPU, beside the peers: one command, under eight minutes, compiling included.

    python benchmarks/device_speed.py --out device_speed.json
    python benchmarks/device_speed.py --out F.json --ways "decoding: (glassformer: static|transformers)"    # some of it
    python benchmarks/device_speed.py --out F.json --smoke --device cpu    # tiny sizes, nothing compiled: does it run?

Training in bfloat16 on pairs of 32 and 32 random tokens, a vocabulary of 32,000; decoding at `base` of 25 source and 32
target tokens. Each way is a process of its own: several compile at a time, and each measures alone. What was measured
is written as it comes; what there was no time for is named.
"""

import argparse
import itertools
import json
import re
import sys
from pathlib import Path

import torch
from device import decoding, training
from device.rows import Job, Rows, Turns

from glassformer.device import choose_device
from glassformer.training.update.utilisation import peak_flops

# preset, positions of a side, shares of the device's memory (each of 10 GB)
SIZES = [("base", 25_600, 2), ("tiny", 1_280, 1), ("base", 4_096, 1), ("big", 25_600, 3)]
BATCHES = [(1, 1), (32, 1), (256, 1), (1, 4), (32, 4), (256, 4)]  # sentences, beam
SMALL = {"d_model": 32, "d_ff": 64, "num_heads": 2, "encoder_layers": 1, "decoder_layers": 1}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="where the numbers go, as JSON")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--minutes", type=float, default=7.0, help="after which nothing is waited for (%(default)s)")
    parser.add_argument("--updates", type=int, default=20, help="of a measurement of training (%(default)s)")
    parser.add_argument("--ways", default="", help="a regular expression that is found in KIND: WAY")
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, nothing compiled")
    parser.add_argument("--row", type=json.loads, help="measure this one alone")
    parser.add_argument("--lock", help="which processes take turns by")
    options = parser.parse_args()
    if options.row:
        measure(options)
        return
    if options.out is None:
        parser.error("--out is missing")
    if choose_device(options.device).type == "cpu" and not options.smoke:
        sys.exit("no GPU is here: nothing is measured (--smoke tries the program itself)")
    rows = Rows(options.out, 60 * options.minutes, shares(options.device))
    smoke = ["--smoke"] * options.smoke
    command = [sys.executable, __file__, "--device", options.device, "--updates", str(options.updates), *smoke]
    rows.measure(jobs(options.smoke, options.ways), command)
    print(rows.table("training", ["size", "positions", "way", "target tokens/s", "of peak", "ms a step", "warm-up s"]))
    print()
    print(rows.table("decoding", ["batch", "beam", "way", "tokens/s", "warm-up s"]))


def jobs(smoke: bool, wanted: str) -> list[Job]:
    """What is measured, the most wanted ways first."""
    found = []
    for way, other in itertools.zip_longest(training.WAYS, decoding.WAYS):
        for size, positions, shares in SIZES if way in training.COMPARED else SIZES[:1]:
            what = {"kind": "training", "size": size, "positions": 64 if smoke else positions, "way": way}
            found.append(Job(what, shares))
        if other:
            found.append(Job({"kind": "decoding", "way": other}))
    return [job for job in found if re.search(wanted, f"{job.what['kind']}: {job.what['way']}")]


def measure(options: argparse.Namespace) -> None:
    """Print the rows of one job."""
    device, what, turns = choose_device(options.device), options.row, Turns(options.lock)
    small, vocabulary = (SMALL, 300) if options.smoke else ({}, 32_000)
    if options.smoke:
        torch.compile = lambda function, **_: function  # type: ignore[assignment]
    if what["kind"] == "training":
        config = training.config_of(what["size"], what["positions"], vocabulary, **small)
        found = training.measured(what["way"], config, device, turns, 2 if options.smoke else options.updates)
        print(json.dumps(found | facts(device)), flush=True)
        return
    model = training.config_of("base", 64, vocabulary, **small).model
    for numbers in decoding.measured(what["way"], model, device, turns, BATCHES[:: 3 if options.smoke else 1]):
        print(json.dumps(numbers | facts(device)), flush=True)


def shares(name: str) -> int:
    """How many shares the device's memory has, for the processes that hold some at a time."""
    device = choose_device(name)
    memory = torch.cuda.get_device_properties(device).total_memory if device.type == "cuda" else 0
    return max(3, int(memory / 10e9))


def facts(device: torch.device) -> dict[str, object]:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    return {"device": name, "torch": torch.__version__, "peak FLOP/s": peak_flops("bfloat16", device)}


if __name__ == "__main__":
    main()
