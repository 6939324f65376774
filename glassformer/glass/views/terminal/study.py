"""A study on the terminal: what each head looks at, and what it carries of each contrast."""

from rich.console import Console
from rich.text import Text

from glassformer.glass.causes.study.contrasts import SWAPPED, Findings
from glassformer.glass.causes.study.interval import Estimate, estimate
from glassformer.glass.causes.study.patterns import PATTERNS
from glassformer.glass.causes.study.study import Study
from glassformer.glass.numbers import signed
from glassformer.glass.views.terminal.grid import Row, print_grid
from glassformer.glass.views.terminal.text import DIM, ORANGE, heading, print_line, visible
from glassformer.text.printable import quote

MOST = 0.5  # a head that gives a pattern half of its weight, or carries half of a change, stands out
LITTLE = 0.05  # heads that carry less of a change are counted, not listed
WORDS = 3  # carriers that are named of each depth


def print_study(console: Console, study: Study) -> None:
    """Print a study."""
    for kind, patterns in PATTERNS.items():
        title = kind.replace(".", "'s ").replace("_", "-").capitalize()
        heading(console, f"{title}: what the heads look at", f"mean weight [95 % interval], {study.sentences} pairs")
        rows = [
            Row(f"layer {name.split('.')[1]} head {head}", [_weight(some.get(one)) for one in patterns])
            for (name, head), some in study.patterns.items()
            if name.startswith(kind.split(".")[0]) and name.endswith(kind.split(".")[1])
        ]
        print_grid(console, list(patterns), rows)
    for one in study.contrasts:
        _contrast(console, one)


def _weight(one: Estimate | None) -> Text:
    return Text("–", DIM) if one is None else Text(_with_interval(one), ORANGE if one.mean >= MOST else "")


def _with_interval(one: Estimate) -> str:
    if one.low is None or one.high is None:
        return signed(one.mean)
    return f"{signed(one.mean)} [{signed(one.low)} {signed(one.high)}]"


def _carrier(word: str) -> str:
    """A word in quotes: some, as `the`, would read as one of ours."""
    return SWAPPED.strip("()") if word == SWAPPED else quote(word)


def _contrast(console: Console, one: Findings) -> None:
    heading(console, f"Contrast {visible(one.contrasts.text)}")
    print_line(
        console,
        f"{one.found} sentences have such a word, and {one.asked} translations a word to compare; "
        f"in {one.used} of these the swap changes which word the model prefers",
    )
    if not one.used:
        return
    print_line(console, ("share of the change that comes with one part alone [95 % interval]", DIM))
    for depth, words in one.carriers.items():
        where = depth if depth == "embedding" else f"after {depth}"
        share = _with_interval(estimate(one.carried[depth]))
        named = ", ".join(f"{_carrier(word)} ({count})" for word, count in words.most_common(WORDS))
        others = sum(words.values()) - sum(count for _, count in words.most_common(WORDS))
        rest = f", others ({others})" if others else ""
        print_line(console, f"{share:>18}  ", (f"encoder, {where}, at ", DIM), f"{named}{rest}")
    heads = one.heads()
    listed = {head: estimated for head, estimated in heads.items() if abs(estimated.mean) >= LITTLE}
    for (name, head), estimated in listed.items():
        style = ORANGE if estimated.mean >= MOST else ""
        print_line(console, (f"{_with_interval(estimated):>18}", style), f"  {name}, head {head}")
    if len(listed) < len(heads):
        print_line(console, (f"{len(heads) - len(listed)} other heads carry less than {LITTLE:.0%} each", DIM))
