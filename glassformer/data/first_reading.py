"""The first of two readings of the training text: what must be known before it is checked and tokenized."""

from collections.abc import Iterable
from dataclasses import dataclass

from glassformer.data.check.checker import origins
from glassformer.data.check.survey import Survey
from glassformer.data.sample import Sample
from glassformer.errors import InputError
from glassformer.text.pairs import Pair

HELD_OUT = 0.02  # share of the pairs kept for validation where the user names none
MOST_HELD_OUT = 1000
TOKENIZER_PAIRS = 250_000  # of a larger corpus, the tokenizers learn from so many, drawn at random


@dataclass(frozen=True)
class FirstReading:
    """`held_out`: pairs for validation, by row; `sample`: pairs that the tokenizers are trained on.

    `targets`: those of the directions of all pairs, sorted.
    """

    survey: Survey
    held_out: dict[int, Pair]
    sample: list[Pair]
    targets: tuple[str, ...]

    @property
    def pairs(self) -> int:
        """How many pairs there are to train on, before any is dropped."""
        return self.survey.pairs - len(self.held_out)


def read_first(text: Iterable[Pair], hold_out: bool) -> FirstReading:
    """Read all pairs; with `hold_out`, choose some for validation, the same ones at each reading.

    Raises InputError if there are too few to hold any out, and for what is wrong with the files.
    """
    survey = Survey()
    sample, held_out = Sample[Pair](TOKENIZER_PAIRS, seed=0), Sample[Pair](MOST_HELD_OUT, seed=1)
    targets = set()
    for pair in text:
        row = survey.add(pair)
        sample.add(row, pair)
        held_out.add(row, pair)
        targets.add(pair.to)
    chosen = _choose_held_out(held_out.drawn(), survey.pairs, text) if hold_out else {}
    survey.leave_out(chosen)
    learnt_from = [pair for row, pair in sorted(sample.drawn().items()) if row not in chosen]
    return FirstReading(survey, chosen, learnt_from, tuple(sorted(filter(None, targets))))


def _choose_held_out(drawn: dict[int, Pair], pairs: int, text: Iterable[Pair]) -> dict[int, Pair]:
    if pairs < 3:
        raise InputError(
            f"{origins(text)}: {pairs} pairs; training needs at least two, and one more to validate on: "
            "give more pairs, or some with --valid-pairs"
        )
    count = min(MOST_HELD_OUT, max(1, int(HELD_OUT * pairs)))
    return dict(list(drawn.items())[:count])
