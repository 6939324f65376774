"""How often the comparison of `evaluate --against` finds a lead where there is none.

Pairs of systems that are equally good by construction: both draw the same share of the references' words anew. Each
trial has other references. Prints the share of trials whose p-value is below 0.05, and below 0.025.
"""

import argparse
import random

from glassformer.evaluation import compare_corpora

WORDS = ("the", "cat", "sat", "on", "a", "mat", "near", "dog", "house", "and", "saw", "one", "big", "red", "bird")
METRICS = ("bleu", "chrf")


def p_values(chance: random.Random, sentences: int, noise: float) -> dict[str, float]:
    """Of one comparison of two equal systems."""
    references = [" ".join(chance.choices(WORDS, k=10)) for _ in range(sentences)]

    def system() -> list[str]:
        return [
            " ".join(chance.choice(WORDS) if chance.random() < noise else word for word in text.split())
            for text in references
        ]

    found = compare_corpora(system(), system(), references, metrics=METRICS)
    return {name: one.p_value for name, one in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--sentences", type=int, default=200)
    parser.add_argument("--noise", type=float, default=0.25)
    options = parser.parse_args()
    chance = random.Random(7)
    trials = [p_values(chance, options.sentences, options.noise) for _ in range(options.trials)]
    for name in METRICS:
        for limit in (0.05, 0.025):
            count = sum(trial[name] < limit for trial in trials)
            print(f"{name}: p below {limit:<5}  {count} of {options.trials}  {100 * count / options.trials:.1f} %")


if __name__ == "__main__":
    main()
