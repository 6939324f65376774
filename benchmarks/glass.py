"""What seeing costs: a trace beside the plain translation of the same sentence, in one run, taken in turn.

    python benchmarks/glass.py MODEL ["A sentence"]

It also compares a translation by the model as it is with one by a copy from whose attentions every step that
only an observer needs has been taken out: an ordinary translation must not pay for being observable.
"""

import argparse
import copy
import statistics
import time
from collections.abc import Callable
from functools import partial

import torch

from glassformer import Translator, trace
from glassformer.model.attention import MultiHeadAttention

STEPS = ("scores", "scale", "mask", "softmax", "weighted_sum")
ROUNDS = 40


def stripped(translator: Translator) -> Translator:
    """The same model without the modules that only the explicit kernel runs."""
    model = copy.deepcopy(translator.model)
    for module in model.modules():
        if isinstance(module, MultiHeadAttention):
            for step in STEPS:
                delattr(module, step)
    return Translator(model, translator.source_tokenizer, translator.target_tokenizer)


def in_turn(*actions: Callable[[], object]) -> list[float]:
    """The median seconds of each action; they take turns, so that noise meets all alike."""
    seconds: list[list[float]] = [[] for _ in actions]
    for turn in range(ROUNDS + 3):
        for number, action in enumerate(actions):
            began = time.perf_counter()
            action()
            if turn >= 3:  # the first ones warm up
                seconds[number].append(time.perf_counter() - began)
    return [statistics.median(row) for row in seconds]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("sentence", nargs="?", default="The animal didn't cross the road because it was tired")
    options = parser.parse_args()
    torch.set_num_threads(1)
    translator = Translator.load(options.model)
    plain = stripped(translator)
    print(f"{'beam':>4} {'translate':>12} {'trace':>12} {'ratio':>7} {'observable / stripped':>23}")
    for beam in (1, 4):
        ours, traced, bare = in_turn(
            partial(translator.translate, [options.sentence], beam=beam),
            partial(trace, translator, options.sentence, beam=beam, detail="full"),
            partial(plain.translate, [options.sentence], beam=beam),
        )
        print(f"{beam:>4} {ours * 1e3:>9.1f} ms {traced * 1e3:>9.1f} ms {traced / ours:>7.2f} {ours / bare:>23.3f}")


if __name__ == "__main__":
    main()
