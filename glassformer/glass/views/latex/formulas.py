"""Formulas and matrices of the record as LaTeX mathematics."""

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from glassformer.glass.numbers import show
from glassformer.glass.views.latex.text import SUBSCRIPTS, SUPERSCRIPTS, SYMBOLS, tex_text

FUNCTIONS = {"sin", "cos", "exp", "ln", "max", "min"}
WORDS = {"and", "for", "if", "else", "until", "of", "more"}
TOKEN = re.compile(
    rf"""(?P<number>\d+(?:\.\d+)?(?:e[−+-]?\d+)?)
      | (?P<phrase>[a-z]{{2,}}(?:[ ][a-z]+)*[ ][a-z]{{2,}})
      | (?P<name>[A-Za-z]+)(?:_(?P<index>[A-Za-z0-9]+))?
      | (?P<down>[{"".join(SUBSCRIPTS)}]+)
      | (?P<up>[{"".join(SUPERSCRIPTS)}]+)
      | (?P<space>,?[ ]+)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
WIDE = 84  # characters of a matrix's row, about as many as fit on a page
BLANK, BLANK_WIDTH = r"\blank", 9


def tex_math(text: str) -> str:
    """A formula of the record (plain text such as `√(2) · W_Q[0,k]`), to stand in mathematics."""
    parts, place = [], 0  # after an index or a power {}, since TeX refuses a second one at the same symbol
    while place < len(text):
        if command := {"√": r"\sqrt", "^": "^"}.get(text[place]):
            inside, place = _operand(text, place + 1)
            parts.append(f"{command}{{{tex_math(inside)}}}{{}}")
            continue
        found = TOKEN.match(text, place)
        assert found
        parts.append(_token(found))
        place = found.end()
    return "".join(parts)


def matrices(values: NDArray[np.generic], rows: Sequence[str] = (), filled: bool = True) -> Iterator[tuple[str, str]]:
    """A matrix with the names of its rows, in parts that fit on a page, each with its columns; or one to fill in."""
    texts = [[show(float(value)) if filled else BLANK for value in row] for row in values]
    widest = max(len(text) for row in texts for text in row) if filled else BLANK_WIDTH
    count, most = values.shape[1], WIDE // (widest + 2)
    for first in range(0, count, most):
        part = [[tex_math(text) if filled else text for text in row[first : first + most]] for row in texts]
        where = f"columns {first} to {min(first + most, count) - 1}" if count > most else ""
        yield _matrix(part, rows), where


def fitted(*formulas: str) -> str:
    """Displayed formulas, one below the other, made smaller where they are wider than the page."""
    lines = r" \\ ".join(formulas)
    return rf"\fitted{{\begin{{gathered}} {lines} \end{{gathered}}}}"


def _token(found: re.Match[str]) -> str:
    if number := found["number"]:
        digits, _, exponent = number.partition("e")
        return rf"{digits}\cdot 10^{{{int(exponent.replace('−', '-'))}}}" if exponent else digits
    if found["phrase"] or found["name"] in WORDS:
        return _words(found)
    if name := found["name"]:
        return _name(name) + (f"_{{{_name(found['index'])}}}{{}}" if found["index"] else "")
    if found["down"]:
        return "_{" + "".join(SUBSCRIPTS[c] for c in found["down"]) + "}{}"
    if found["up"]:
        return "^{" + "".join(SUPERSCRIPTS[c] for c in found["up"]) + "}{}"
    return _space(found) if found["space"] else _other(found["other"])


def _words(found: re.Match[str]) -> str:
    """Words of a sentence, with the blanks around them."""
    before, after = found.string[: found.start()], found.string[found.end() :]
    left, right = " " * before.endswith(" "), " " * after.startswith(" ")
    return rf"\text{{{left}{tex_text(found[0])}{right}}}"


def _name(name: str) -> str:
    if name in FUNCTIONS:
        return f"\\{name} "
    return (
        name if len(name) == 1 or name.isdigit() else rf"\mathit{{{name}}}" if name.isupper() else rf"\mathrm{{{name}}}"
    )


def _space(found: re.Match[str]) -> str:
    """A blank stands for a gap only after a comma, and between two factors."""
    if found["space"].startswith(","):
        return r",\ "
    before, after = found.string[: found.start()][-1:], found.string[found.end() :][:1]
    return r"\," if (before.isalnum() or before in ")]ᵀ") and (after.isalnum() or after in "([") else " "


def _other(character: str) -> str:
    if character in SYMBOLS:
        return SYMBOLS[character]
    is_plain = character.isascii() and character.isprintable() and character not in r"\{}$&#%_~"
    return character if is_plain else rf"\text{{{tex_text(character)}}}"


def _operand(text: str, start: int) -> tuple[str, int]:
    """What a root or a power is of, without its brackets, and where it ends."""
    if text[start : start + 1] != "(":
        found = re.compile(r"−?[\w.]+(?:e−\d+)?|.?", re.DOTALL).match(text, start)
        assert found
        return found[0], found.end()
    depth = 0
    for place in range(start, len(text)):
        depth += (text[place] == "(") - (text[place] == ")")
        if depth == 0:
            return text[start + 1 : place], place + 1
    return text[start + 1 :], len(text)


def _matrix(cells: list[list[str]], rows: Sequence[str]) -> str:
    body = r" \\ ".join(" & ".join(row) for row in cells)
    numbers = rf"\left[\begin{{array}}{{*{{{len(cells[0])}}}{{r}}}} {body} \end{{array}}\right]"
    room = r"\room " if cells[0][0] == BLANK else ""
    names = r" \\ ".join(rf"{room}\text{{\footnotesize {tex_text(row)}}}" for row in rows)
    return rf"\begin{{array}}{{r}} {names} \end{{array}} {numbers}" if rows else numbers
