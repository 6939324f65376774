"""Text on a terminal: user text and model output made harmless, and lines that Rich does not change.

Terminals disagree on how wide Devanagari, joined emoji and the like are. So such text stands last on
its line, and whatever must line up stands before it.
"""

import unicodedata
from collections.abc import Iterable

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from glassformer.text.printable import escaped

DIM, STRONG, BLUE, ORANGE = "dim", "bold", "#3987c9", "bold #d55e00"  # blue and orange: told apart by all eyes
ISOLATE, END_ISOLATE = "\u2068", "\u2069"  # keep right-to-left text from reordering its neighbours
DOTTED_CIRCLE = "◌"  # what a vowel sign stands on when its letter is in the token before
LOW_CONTROLS = 0x20


def visible(text: str) -> str:
    """`text` as it may stand on a line: controls as pictures (␛), other invisible characters as \\u202e.

    Right-to-left text is isolated, and a combining mark at the start gets a dotted circle to stand on.
    """
    shown = "".join(map(_character, text))
    if shown and unicodedata.category(shown[0]) in ("Mn", "Mc", "Me"):
        shown = DOTTED_CIRCLE + shown
    is_right_to_left = any(unicodedata.bidirectional(c) in ("R", "AL", "AN") for c in shown)
    return f"{ISOLATE}{shown}{END_ISOLATE}" if is_right_to_left else shown


def _character(character: str) -> str:
    code = ord(character)
    return chr(0x2400 + code) if code < LOW_CONTROLS else escaped(character)


Part = str | tuple[str, str]  # text, or text and its style


def print_line(console: Console, *parts: Part | Text) -> None:
    """One line, as it is: Rich does not wrap, cut or colour it. A line too long for the window, that wraps."""
    line = Text.assemble(*parts)
    line.rstrip()
    console.print(line, soft_wrap=True)


def heading(console: Console, text: str, note: str = "") -> None:
    """A blank line, then a section's title and a note on it, both in plain words: Rich may wrap them."""
    print_line(console)
    console.print(Text.assemble((text, STRONG), (f"  {note}" if note else "", DIM)))


def flow(console: Console, items: Iterable[str], indent: int, first: str = "", between: str = " ") -> None:
    """Items one after another, on as many lines as they need; lines after the first are indented."""
    line = first
    for item in items:
        if line.strip() and cell_len(line) + cell_len(item) > console.width:
            print_line(console, line)
            line = " " * indent
        line += item + between
    print_line(console, line.removesuffix(between))
