"""Whether the lines of the two sides still belong together: shifted and shuffled lines, told from many pairs at once.

A word tends to come with its translation, a question with a question mark, a long source with a long target. So what
the sources have correlates with what the targets have. Where it correlates more with the next line's, a line is missing
above; where it does so no more than by chance, the lines of one side were shuffled.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from glassformer.text.pairs import Pair

BLOCK = 250  # pairs compared together
FEWEST = 200  # no verdict on less
DENSE = 40  # blocks of a file of which each is looked at; of the later ones one in SPARSE is
SPARSE = 10
SHIFTS = range(-3, 4)
RELATED = 1.5  # times chance, from which on a shift is believed; measured in docs/how_to/prepare_text.md
LEAD = 1.2  # times the score of the lines as they are, likewise
UNRELATED = 1.25  # times chance, below which the sides do not belong together
RARE = 5  # pairs that a word must be in, and not in
UNITS = 150  # words and characters looked at, of each side
PERMUTATIONS = 8
DEVIATIONS = 6.0  # by which a believed shift exceeds chance, standard deviations


@dataclass(frozen=True)
class Misplaced:
    """A block of lines that do not belong together, and the shift that would mend it: 0 where none would."""

    first: Pair
    last: Pair
    shift: int


class Order:
    """Takes pairs one by one, and looks at each reading of a file by itself; memory is that of a block."""

    def __init__(self) -> None:
        self.misplaced: Counter[bool] = Counter()  # blocks: shifted (True) and shuffled (False)
        self.examples: dict[bool, Misplaced] = {}  # the first of either
        self._block: list[Pair] = []
        self._blocks = 0  # of the file

    def add(self, pair: Pair) -> None:
        """Take in the next pair."""
        if self._block and (pair.origin != self._block[0].origin or pair.line < self._block[-1].line):
            self.close()
            self._blocks = 0
        self._block.append(pair)
        if len(self._block) == BLOCK:
            self.close()

    def close(self) -> None:
        """Judge the block that is gathered."""
        block, self._block = self._block, []
        self._blocks += 1
        if len(block) < FEWEST or (self._blocks > DENSE and self._blocks % SPARSE):
            return
        scores, spread = scores_of(block)
        shift = max(scores, key=lambda shift: scores[shift])
        if scores[shift] < max(RELATED, LEAD * scores[0], 1 + DEVIATIONS * spread):
            shift = 0
        if shift or scores[0] < UNRELATED:
            self.misplaced[bool(shift)] += 1
            self.examples.setdefault(bool(shift), Misplaced(block[0], block[-1], shift))


def scores_of(pairs: list[Pair]) -> tuple[dict[int, float], float]:
    """For each shift, how much the sources tell of the targets so many lines below: 1 is as much as by chance.

    And the standard deviation of chance, by permutations of the targets.
    """
    sources, targets = (_features(sides) for sides in zip(*(pair[:2] for pair in pairs), strict=True))
    random = np.random.default_rng(0)
    by_chance = [_related(sources, targets[random.permutation(len(targets))]) for _ in range(PERMUTATIONS)]
    chance = float(np.mean(by_chance))
    if not chance:
        return dict.fromkeys(SHIFTS, 1.0), 0.0
    related = {shift: _related(*_shifted(sources, targets, shift)) / chance for shift in SHIFTS}
    return related, float(np.std(by_chance)) / chance


def _features(texts: Sequence[str]) -> NDArray[np.float64]:
    """Of each text: which of the block's frequent words and characters it has, and its length; standardised."""
    units = [{*text.casefold().split(), *text.casefold()} for text in texts]
    counts = Counter(chain.from_iterable(units))
    frequent = [unit for unit, count in counts.most_common() if RARE <= count <= len(texts) - RARE][:UNITS]
    column = {unit: number for number, unit in enumerate(frequent)}
    matrix = np.zeros((len(texts), len(column) + 1))
    for row, (text, mine) in enumerate(zip(texts, units, strict=True)):
        matrix[row, [column[unit] for unit in mine if unit in column]] = 1
        matrix[row, -1] = len(text) ** 0.5
    return _standardised(matrix)


def _standardised(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = matrix.std(0)
    standardised: NDArray[np.float64] = (matrix - matrix.mean(0)) / np.where(spread > 1e-9, spread, np.inf)
    return standardised


def _shifted(
    sources: NDArray[np.float64], targets: NDArray[np.float64], shift: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rows = len(sources) - abs(shift)
    return sources[max(0, -shift) :][:rows], targets[max(0, shift) :][:rows]


def _related(sources: NDArray[np.float64], targets: NDArray[np.float64]) -> float:
    """The mean square of the correlations between each feature of one side and each of the other, times the rows."""
    return float(np.square(sources.T @ targets).mean() / len(sources))
