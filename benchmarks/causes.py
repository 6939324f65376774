"""What finding a cause costs: a full sweep, and the whole of `cause`, for a model of yours and a `small` one.

    python benchmarks/causes.py MODEL ["A sentence" "A second sentence"]

The `small` model has random weights, a vocabulary of 4,000 and 12 + 12 tokens. Wall time and processor time, medians.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch

from glassformer import Transformer, Translator, cause
from glassformer.glass.causes.asking import Other, Question, Sentence, ask
from glassformer.glass.causes.contrast import Contrast
from glassformer.glass.causes.running import Reading
from glassformer.glass.causes.sweep import sweep
from glassformer.model import ModelConfig, preset

ROUNDS = 7
FIRST = "The animal didn't cross the road because it was tired"
SECOND = "The cat didn't cross the road because it was tired"


def seconds(action: Callable[[], object]) -> str:
    """Wall and processor time, after one round to warm up."""
    action()
    walls, processors = [], []
    for _ in range(ROUNDS):
        wall, processor = time.perf_counter(), time.process_time()
        action()
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    return f"{statistics.median(walls):6.2f} s  {statistics.median(processors):6.2f} s"


def small() -> tuple[Transformer, Question]:
    """A model of the preset `small` with random weights, and a question of 12 + 12 tokens."""
    torch.manual_seed(1)
    model = Transformer(ModelConfig(**{**preset("small"), "vocab_size": 4000})).eval()  # type: ignore[arg-type]
    ids = torch.randint(4, 4000, (3, 12)).tolist()
    first, second = (Reading(tuple(source), (2, *ids[2][:-1])) for source in ids[:2])
    places = tuple((place, place) for place in range(12))
    tokens = {"text": "", "tokens": []}
    sentence = Sentence(None, "", ids[1], [])  # type: ignore[arg-type]  # a sweep asks nothing of the translator
    other = Other(sentence, second, tokens, places, 0.0)
    return model, Question(first, Contrast(11, 5, 6), tokens, tokens, {}, {}, other)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("sentences", nargs="*", default=[FIRST, SECOND])
    options = parser.parse_args()
    translator = Translator.load(options.model)
    first, second = options.sentences
    question = ask(translator, first, versus=second)
    model, its_question = small()
    print(f"{'':<22}   wall      processor   ({torch.get_num_threads()} threads)")
    print(f"{'sweep, MODEL':<22} {seconds(lambda: sweep(translator.model, question))}")
    print(f"{'cause, MODEL':<22} {seconds(lambda: cause(translator, first, versus=second))}")
    print(f"{'sweep, small, 12 + 12':<22} {seconds(lambda: sweep(model, its_question))}")


if __name__ == "__main__":
    main()
