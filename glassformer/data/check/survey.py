"""The first reading of a corpus: what must be known of all pairs before any one can be judged."""

from collections import Counter, defaultdict
from collections.abc import Mapping

from glassformer.data.check.repeats import Repeated, Repeats
from glassformer.data.check.rules import usual_ratio
from glassformer.data.check.scripts import main_script
from glassformer.text.directions import symbol_of
from glassformer.text.pairs import Pair

USUAL = 0.9  # the share of texts that a usual script has


class Survey:
    """How many pairs there are, which are repeated, and what is usual for the pairs of each direction."""

    def __init__(self) -> None:
        self.pairs = 0
        self._lengths: defaultdict[str, Counter[tuple[int, int]]] = defaultdict(Counter)
        self._scripts: defaultdict[str, tuple[Counter[str], Counter[str]]] = defaultdict(lambda: (Counter(), Counter()))
        self._repeats = Repeats()
        self._left_out: Mapping[int, Pair] = {}

    def add(self, pair: Pair) -> int:
        """Take in the next pair, and give its row, counted from 0."""
        row, lengths = self.pairs, _lengths(pair)
        self.pairs += 1
        if all(lengths):
            self._lengths[pair.direction][lengths] += 1
            for counts, side in zip(self._scripts[pair.direction], pair[:2], strict=True):
                counts[main_script(side)] += 1
            # To another target the same source is another.
            self._repeats.add(f"{symbol_of(pair.to)}{pair.source}" if pair.to else pair.source, pair.target, row)
        return row

    def leave_out(self, held_out: Mapping[int, Pair]) -> None:
        """Forget these pairs, by row: they are held out of the corpus."""
        self._left_out = held_out
        for pair in held_out.values():
            if all(lengths := _lengths(pair)):
                self._lengths[pair.direction][lengths] -= 1

    def repeated(self) -> Repeated:
        """Which rows repeat an earlier one; may be asked once."""
        return self._repeats.find(self.pairs, without=self._left_out.keys())

    def usual_ratios(self) -> dict[str, float | None]:
        """Target over source length, in characters, as it is usual for each direction; see `rules.usual_ratio`."""
        return {direction: usual_ratio(lengths) for direction, lengths in self._lengths.items()}

    def usual_scripts(self) -> dict[str, tuple[str, str]]:
        """For each direction the script of nine in ten sources, and of targets; "" where none is."""
        return {
            direction: (_usual(sources), _usual(targets)) for direction, (sources, targets) in self._scripts.items()
        }


def _usual(scripts: Counter[str]) -> str:
    """The script of nine in ten of those texts that have letters."""
    del scripts[""]
    script, count = max(scripts.items(), key=lambda item: item[1], default=("", 0))
    return script if count >= USUAL * scripts.total() else ""


def _lengths(pair: Pair) -> tuple[int, int]:
    return len(pair.source.strip()), len(pair.target.strip())
