"""Tags and emoji, which stand between words: taken out of a source, and put between the words of its translation."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from glassformer.copying.aligned import HALF, Unit, is_punctuation

NAME = re.compile(r"<(/?)([^\s<>/]+)")


class Edit(NamedTuple):
    """Characters [start, end) of a translation that `text` replaces."""

    start: int
    end: int
    text: str


class Mark(NamedTuple):
    """A tag or an emoji, where it stood in the source without it, and whether spaces were around it."""

    at: int
    text: str
    space_before: bool = False
    space_after: bool = False


@dataclass
class Node:
    """A pair of tags and what stands between them, or, without `closing`, one mark."""

    opening: Mark
    closing: Mark | None = None
    inner: list["Node"] = field(default_factory=list)

    @property
    def source_range(self) -> tuple[int, int]:
        """The characters that it stands around."""
        return self.opening.at, self.closing.at if self.closing else self.opening.at


def nest(marks: Sequence[Mark]) -> list[Node]:
    """The marks as a tree. A tag without its partner is a mark like an emoji."""
    closing_of = _partners(marks)
    closings = set(closing_of.values())
    inner: list[list[Node]] = [[]]  # of the outermost nodes, and of each pair that is open
    for index, mark in enumerate(marks):
        if index in closings:
            inner.pop()
            continue
        node = Node(mark)
        inner[-1].append(node)
        if index in closing_of:
            node.closing = marks[closing_of[index]]
            inner.append(node.inner)
    return inner[0]


def _partners(marks: Sequence[Mark]) -> dict[int, int]:
    """The number of each opening tag that is closed, and that of its closing tag; those inside of it are no others'."""
    partners: dict[int, int] = {}
    opened: list[tuple[str, int]] = []
    names = Counter[str]()  # of those that are opened
    for index, mark in enumerate(marks):
        is_end, name = found.groups() if (found := NAME.match(mark.text)) else ("", "")
        if is_end and names[name]:
            other = ""
            while other != name:
                other, first = opened.pop()
                names[other] -= 1
            partners[first] = index
        elif name and not is_end and not mark.text.endswith("/>"):
            opened.append((name, index))
            names[name] += 1
    return partners


def insertions(marks: Sequence[Mark], source: str, units: Sequence[Unit], translation: str) -> list[Edit]:
    """What puts every mark of `source` into its translation, pairs of tags as well nested as they were.

    A pair goes around the words that attend most to what it stood around, another mark to where it cuts the least
    attention. The edits are in the order of their places; the spaces around a mark are kept.
    """
    edits: list[Edit] = []
    starts = [*(unit.start for unit in units), len(translation)]
    ends = [0, *(unit.end for unit in units)]
    for mark, before, is_closing in _ordered(nest(marks), source, units, (0, len(source)), (0, len(units))):
        follows = is_closing or (before and mark.space_after and not mark.space_before)
        at = max(ends[before] if follows else starts[before], edits[-1].start if edits else 0)
        left = mark.space_before and translation[:at].strip() and not translation[at - 1].isspace()
        right = (
            mark.space_after and translation[at:] and not (translation[at].isspace() or is_punctuation(translation[at]))
        )
        edits.append(Edit(at, at, " " * bool(left) + mark.text + " " * bool(right)))
    return edits


Range = tuple[int, int]


def _ordered(
    nodes: Sequence[Node], source: str, units: Sequence[Unit], around: Range, within: Range
) -> Iterator[tuple[Mark, int, bool]]:
    """The marks in the order of the translation: each, how many units stand before it, and whether it closes a pair.

    The nodes stand in the source's characters `around`, and go between the units `within`.
    """
    levels = [_level(nodes, source, units, around, within)]  # however deep they are
    while levels:
        found = next(levels[-1], None)
        if found is None:
            levels.pop()
        elif isinstance(found, tuple):
            yield found
        else:
            levels.append(found)


def _level(nodes: Sequence[Node], source: str, units: Sequence[Unit], around: Range, within: Range) -> Iterator[Any]:
    """The marks of the outermost nodes, as `_ordered` gives them, and for each pair what gives those inside of it."""
    taken: dict[int, Range] = {}
    for index, node in enumerate(nodes):
        if run := _attending(units, node.source_range, within, list(taken.values())):
            taken[index] = run
    least, runs = within[0], list(taken.values())
    for index, node in enumerate(nodes):
        if index not in taken:
            free = least, within[1]
            least = _between(node.opening.at, source, units, around, free, runs)
            taken[index] = least, least
    for index in sorted(taken, key=lambda index: (taken[index], index)):
        node, (first, behind) = nodes[index], taken[index]
        yield node.opening, first, False
        if node.closing:
            yield _level(node.inner, source, units, node.source_range, (first, behind))
            yield node.closing, behind, True


def _attending(units: Sequence[Unit], place: Range, within: Range, taken: Sequence[Range]) -> Range | None:
    """The run of free units with the most attention to a place beyond half of each; at least one.

    None where no unit is free, or the place is empty.
    """
    shares = {u: units[u].share(*place) for u in range(*within) if not any(a <= u < b for a, b in taken)}
    if not shares or place[0] == place[1]:
        return None
    best, run, last = (-math.inf, within), (0.0, 0), None
    for u, share in shares.items():
        if u - 1 != last or run[0] <= 0:
            run = 0.0, u
        run, last = (run[0] + share - HALF, run[1]), u
        best = max(best, (run[0], (run[1], u + 1)), key=lambda one: one[0])
    return best[1]


def _between(
    place: int, source: str, units: Sequence[Unit], around: Range, within: Range, taken: Sequence[Range]
) -> int:
    """How many units stand before a mark, of the numbers `within` that are inside no range that is taken.

    It is the number that cuts the least attention: that of units before it to what follows the place in the source, and
    that of units after it to what precedes.
    """
    if not source[around[0] : place].strip():
        return within[0]
    if not source[place : around[1]].strip():
        return within[1]
    cost, costs = 0.0, {within[0]: 0.0}
    for u in range(*within):
        cost += units[u].share(place, len(source)) - units[u].share(0, place)
        costs[u + 1] = cost
    free = [before for before in costs if not any(a < before < b for a, b in taken)]
    return min(free, key=lambda before: (costs[before], -before))
