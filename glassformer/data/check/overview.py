"""What can only be told of a text as a whole: its order, its sides, its rare characters."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator

from glassformer.data.check.order import Misplaced, Order
from glassformer.data.check.report import Remark
from glassformer.data.check.sides import swapped
from glassformer.data.sample import Sample
from glassformer.text.pairs import Pair

SAMPLE = 1000  # pairs by which the sides are compared
FEWEST = 50  # no remark on less
SWAPPED = 0.01  # of the sample, at least
SHORT_TEXT = 20_000  # characters: in less text, most characters are rare
RARE = 5  # times, below which a character is hardly learnt
SHOWN = 20  # of them, in the remark
QUOTED = 0.5  # of the pairs, at least, are within quotes where a program put them there


class Overview:
    """Takes pairs one by one; memory grows with the kinds of characters, not with the text."""

    def __init__(self) -> None:
        self._order = Order()
        self._samples: defaultdict[str, Sample[Pair]] = defaultdict(lambda: Sample(SAMPLE, seed=2))  # by direction
        self._characters: Counter[str] = Counter()
        self._pairs = self._quoted = 0

    def add(self, pair: Pair) -> None:
        """Take in the next pair."""
        self._order.add(pair)
        if pair.source and pair.target:
            self._samples[pair.direction].add(self._pairs, pair)
            self._pairs += 1
            self._quoted += all(len(side) > 1 and side[0] == side[-1] == '"' for side in pair[:2])
            self._characters.update(pair.source)
            self._characters.update(pair.target)

    def remarks(self) -> Iterator[Remark]:
        """What there is to say."""
        self._order.close()
        for shifted in (True, False):
            if example := self._order.examples.get(shifted):
                yield _misplaced(example, self._order.misplaced[shifted])
        for direction, sample in self._samples.items():
            yield from _swapped(direction, [pair for _, pair in sorted(sample.drawn().items())])
        if self._pairs >= FEWEST and self._quoted >= QUOTED * self._pairs:
            yield Remark(
                "quoted", f"{self._quoted:,} pairs have both sides within quotes, as CSV has them; is this .csv?"
            )
        yield from self._rare()

    def _rare(self) -> Iterator[Remark]:
        rare = sorted((c for c, n in self._characters.items() if n < RARE), key=lambda c: (self._characters[c], c))
        if rare and self._characters.total() >= SHORT_TEXT:
            shown = " ".join(map(_shown, rare[:SHOWN]))
            more = " ..." if len(rare) > SHOWN else ""
            are = f"{len(rare):,} characters come" if len(rare) > 1 else "1 character comes"
            yield Remark("rare", f"{are} fewer than {RARE} times, so little is learnt of such: {shown}{more}")


def _swapped(direction: str, sample: list[Pair]) -> Iterator[Remark]:
    found = swapped(sample) if len(sample) >= FEWEST else []
    if len(found) > SWAPPED * len(sample):
        share = f"about {100 * len(found) / len(sample):.0f} % of the pairs{f' {direction}' if direction else ''}"
        yield Remark("swapped", f"{share} seem to have source and target in each other's place, as {found[0].place}")


def _shown(character: str) -> str:
    """The character, or its number where it would not be seen by itself."""
    return character if unicodedata.category(character)[0] in "LNPS" else f"U+{ord(character):04X}"


def _misplaced(example: Misplaced, blocks: int) -> Remark:
    where = f"{example.first.place} to {example.last.line}" + (f" and {blocks - 1:,} more parts" if blocks > 1 else "")
    if not example.shift:
        return Remark(
            "shuffled", f"{where}: sources and targets have no more in common than by chance; one was shuffled?"
        )
    lines = f"{abs(example.shift)} line{'s' if abs(example.shift) > 1 else ''}"
    way = "below" if example.shift > 0 else "above"
    return Remark(
        "shifted", f"{where}: the translation of a source stands {lines} {way} it; a line is missing or too many"
    )
