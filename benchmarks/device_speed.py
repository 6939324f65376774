"""Training and decoding on one GPU, beside the peers: one command, under eight minutes, compiling included.

    python benchmarks/device_speed.py --out device_speed.json
    python benchmarks/device_speed.py --out F.json --smoke --device cpu    # tiny sizes, nothing compiled: does it run?

Training in bfloat16 on pairs of 32 and 32 random tokens, a vocabulary of 32,000; decoding at `base` of 25 source and 32
target tokens. What was measured is written as it comes; what there was no time for is named.
"""

import argparse
import sys
from pathlib import Path

import torch
from device import decoding, training
from device.rows import Rows

from glassformer.device import choose_device
from glassformer.model import ModelConfig
from glassformer.training.update.utilisation import peak_flops

SIZES = [("base", 25_600), ("tiny", 1_280), ("base", 4_096), ("big", 25_600)]  # preset, positions of a side
BATCHES = [(1, 1), (32, 1), (256, 1), (1, 4), (32, 4), (256, 4)]  # sentences, beam
SMALL = {"d_model": 32, "d_ff": 64, "num_heads": 2, "encoder_layers": 1, "decoder_layers": 1}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="where the numbers go, as JSON")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--minutes", type=float, default=7.0, help="after which nothing new is begun (%(default)s)")
    parser.add_argument("--updates", type=int, default=20, help="of a measurement of training (%(default)s)")
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, nothing compiled")
    options = parser.parse_args()
    device = choose_device(options.device)
    if device.type == "cpu" and not options.smoke:
        sys.exit("no GPU is here: nothing is measured (--smoke tries the program itself)")
    if options.smoke:
        torch.compile = lambda function, **_: function  # type: ignore[assignment]
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    facts = {"device": name, "torch": torch.__version__, "peak FLOP/s": peak_flops("bfloat16", device)}
    rows = Rows(options.out, 60 * options.minutes, facts)
    sizes = [(preset_name, 64) for preset_name, _ in SIZES[:2]] if options.smoke else SIZES
    small, vocabulary = (SMALL, 300) if options.smoke else ({}, 32_000)
    for size, positions in sizes[:1]:
        train(rows, size, positions, vocabulary, small, device, options.updates)
    decode(rows, training.config_of("base", 64, vocabulary, **small).model, device, 1 if options.smoke else 3)
    for size, positions in sizes[1:]:
        train(rows, size, positions, vocabulary, small, device, options.updates)
    print(
        f"\n{name}, torch {torch.__version__}; peak {peak_flops('bfloat16', device) / 1e12:,.3g} TFLOP/s in bfloat16\n"
    )
    print(rows.table("training", ["size", "positions", "way", "target tokens/s", "of peak", "ms a step", "warm-up s"]))
    print()
    print(rows.table("decoding", ["batch", "beam", "way", "tokens/s", "warm-up s"]))


def train(rows: Rows, size: str, positions: int, vocabulary: int, small: dict[str, int], device: torch.device,
          updates: int) -> None:  # fmt: skip
    config = training.config_of(size, positions, vocabulary, **small)
    for way, work in training.ways(config, device, updates).items():
        torch.compiler.reset()  # so that no way finds what another has compiled
        rows.measure(work, kind="training", size=size, positions=positions, way=way)


def decode(rows: Rows, config: ModelConfig, device: torch.device, rounds: int) -> None:
    ways = decoding.ways(config, device, rounds)
    for batch, beam in BATCHES:
        for way, work in ways.items():
            rows.measure(lambda w=work, b=batch, k=beam: w(b, k), kind="decoding", batch=batch, beam=beam, way=way)  # type: ignore[misc]


if __name__ == "__main__":
    main()
