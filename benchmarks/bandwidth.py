"""What bounds one sentence: the weights that each token reads, beside a loop that only reads as many bytes.

    python benchmarks/bandwidth.py --preset base

Greedily and with one thread, a token reads all matrices of the decoder but those that read the source, and the output
layer. Measured are tokens a second and what they read, of the fast engine in eight bits and in float32 and of the eager
engine in float32, in turns with sums over arrays of the same size: GB/s, by one process, and by two at the same time
(then of both together). Medians of the rounds, by the wall clock: nothing else should run.
Then a step of the eager engine by torch's profiler: how many calls it makes, and how much of it are products.
"""

import argparse
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

SOURCE, TOKENS = 25, 32  # tokens of a sentence, and of its translation, as decode_speed.py has them
PRODUCTS = "mkl::_mkl_linear", "aten::linear", "aten::addmm"
WAYS = {"fast, int8": 1, "fast, float32": 4, "eager, float32": 4}  # bytes of a weight


def weights_of_a_token(config: Any) -> int:
    """Numbers that the decoder and the output layer multiply by in each step."""
    d, attention = config.d_model, 2 * config.d_model * config.kv_heads * config.head_width
    feed_forward = (3 if config.gated else 2) * d * config.d_ff
    layer = 2 * d * d + attention + 2 * d * d + feed_forward  # cross-attention's keys and values come once for a source
    return int(config.decoder_layers * layer + config.vocab_size * d)


def make(way: str, preset_name: str) -> Callable[[], object]:
    """What one turn of a way does: it translates into 32 tokens."""
    import torch

    from glassformer.engine import FastEngine, generate
    from glassformer.engine.choice import in_precision
    from glassformer.model import ModelConfig, Transformer, preset
    from glassformer.model.quantization import quantize_weights
    from glassformer.model_directory import parameters_of
    from glassformer.search import SearchOptions

    torch.manual_seed(1)
    torch.set_num_threads(1)
    model = Transformer(ModelConfig(vocab_size=16_000, **preset(preset_name))).eval()  # type: ignore[arg-type]
    if way == "eager, float32":
        engine: Any = in_precision(model, "float32")
    else:
        arrays: Any = {name: one.numpy() for name, one in parameters_of(model).items()}
        engine = FastEngine(model.config, quantize_weights(arrays.items()) if "int8" in way else arrays, threads=1)
    source = [[*range(4, 3 + SOURCE), 3]]
    options = SearchOptions(beam=1, min_length=TOKENS - 1, max_length=TOKENS)
    return lambda: generate(engine, source, options)


def read(way: str, preset_name: str) -> Callable[[], None]:
    """As many bytes as the tokens of a turn read, by NumPy's product of an array with itself."""
    import numpy as np

    from glassformer.model import ModelConfig, preset

    config = ModelConfig(vocab_size=16_000, **preset(preset_name))  # type: ignore[arg-type]
    numbers = np.ones(weights_of_a_token(config) * WAYS[way] // 4, dtype=np.float32)

    def turn() -> None:
        for _ in range(TOKENS):
            numbers.dot(numbers)

    return turn


def worker(way: str, preset_name: str, rounds: int, barrier: Any, answers: Any) -> None:
    """Seconds of each round, of translating and of reading."""
    turns = (make(way, preset_name), read(way, preset_name))
    seconds = []
    for _ in range(rounds + 1):
        each = []
        for turn in turns:
            barrier.wait()
            began = time.perf_counter()
            turn()
            each.append(time.perf_counter() - began)
        seconds.append(each)
    answers.put(seconds[1:])


def measure(way: str, options: argparse.Namespace, processes: int) -> list[float]:
    """Median seconds of the slowest process, of translating and of reading."""
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(processes), context.Queue()
    settings = (way, options.preset, options.rounds, barrier, answers)
    started = [context.Process(target=worker, args=settings) for _ in range(processes)]
    for process in started:
        process.start()
    each = [answers.get() for _ in started]
    for process in started:
        process.join()
    slowest = [[max(pair) for pair in zip(*turns, strict=True)] for turns in zip(*each, strict=True)]
    return [statistics.median(column) for column in zip(*slowest, strict=True)]


def profile(preset_name: str) -> None:
    """A step of the eager engine: calls of operators, and the share of products."""
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as profiled

    turn = make("eager, float32", preset_name)
    turn()
    began = time.perf_counter()
    turn()
    seconds = time.perf_counter() - began
    with profiled(activities=[ProfilerActivity.CPU]) as seen:
        turn()
    events = seen.key_averages()
    products = sum(event.self_cpu_time_total for event in events if event.key in PRODUCTS) / 1e6
    calls = sum(event.count for event in events)
    print(
        f"\nA step of the eager engine: {seconds / TOKENS * 1e3:.1f} ms, {calls / TOKENS:.0f} operators; products take "
        f"{products / TOKENS * 1e3:.1f} ms (the encoder's, once for {TOKENS} tokens, included)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="base")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    from glassformer.model import ModelConfig, preset

    weights = weights_of_a_token(ModelConfig(vocab_size=16_000, **preset(options.preset)))  # type: ignore[arg-type]
    print("| one sentence | processes | tokens a second | MB a token | GB/s | a loop that reads, GB/s | share |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for way, size in WAYS.items():
        for processes in (1, 2):
            translating, reading = measure(way, options, processes)
            tokens, megabytes = processes * TOKENS / translating, weights * size / 1e6
            rate, limit = tokens * megabytes / 1e3, processes * TOKENS * megabytes / 1e3 / reading
            print(
                f"| {way} | {processes} | {tokens:,.0f} | {megabytes:.0f} | {rate:.1f} | {limit:.1f} | "
                f"{rate / limit:.2f} |",
                flush=True,
            )
    profile(options.preset)


if __name__ == "__main__":
    main()
