"""Shapes as SVG text. Everything that goes into a drawing is escaped here, and nowhere else.

Colours are CSS classes, so that a drawing is readable on a light and a dark screen. Blue and orange
stay apart for every kind of colour blindness.
"""

import re
import unicodedata
from xml.sax.saxutils import escape, quoteattr

FONT = 13
MARGIN = 20

# class: (light, dark)
FILLS = {
    "paper": ("#ffffff", "#181b22"),
    "ink": ("#151a23", "#e8ebf1"),
    "muted": ("#566070", "#a2abba"),
    "faint": ("#eceff3", "#242933"),
    "blue": ("#0b488a", "#8bcaff"),
    "orange": ("#a34204", "#ffbe78"),
    "on-strong": ("#ffffff", "#10131a"),  # text on blue or orange
    "embedding": ("#f7dfe6", "#42232f"),
    "attention": ("#fde6c8", "#453010"),
    "feed-forward": ("#d6ebf7", "#12364a"),
    "norm": ("#f2f0c4", "#37350f"),
    "linear": ("#dfdff5", "#2a2a52"),
    "softmax": ("#d8efdc", "#173a20"),
}
STROKES = {
    "rule": ("#c3cad5", "#3d4555"),
    "flow": ("#566070", "#a2abba"),
    "blue-line": ("#0b5cad", "#7cc0ff"),
    "orange-line": ("#a34204", "#ffb070"),
}
FAMILY = 'system-ui, "Noto Sans", "Noto Sans Devanagari", "Nirmala UI", "Kohinoor Devanagari", sans-serif'
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML 1.0 admits in no form


def document(width: float, height: float, title: str, description: str, parts: list[str]) -> str:
    """A whole drawing of that size. Title and description are for screen readers and tooltips."""
    size = {"width": _number(width), "height": _number(height), "viewBox": f"0 0 {_number(width)} {_number(height)}"}
    inside = [
        element("title", _text(title)),
        element("desc", _text(description)),
        element("style", _style()),
        rect(0, 0, width, height, "paper"),
        *parts,
    ]
    attributes = {"xmlns": "http://www.w3.org/2000/svg", "class": "glass", "role": "img", **size}
    return element("svg", "\n".join(inside), **attributes) + "\n"


def element(tag: str, inside: str = "", **attributes: object) -> str:
    """An element; `inside` is markup, attributes are values. A trailing _ and _ for - let Python name them."""
    pairs = ((name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items() if value is not None)
    head = "".join(f" {name}={quoteattr(_writable(_number(value)))}" for name, value in pairs)
    return f"<{tag}{head}>{inside}</{tag}>" if inside else f"<{tag}{head}/>"


def text(x: float, y: float, content: str, kind: str = "ink", anchor: str = "start", **attributes: object) -> str:
    """One run of text whose baseline is at y; `anchor` is start, middle or end."""
    return element("text", _text(content), x=x, y=y, class_=kind, text_anchor=anchor, **attributes)


def rect(x: float, y: float, width: float, height: float, kind: str, hint: str = "", **attributes: object) -> str:
    """A rectangle; `hint` is shown when one points at it."""
    inside = element("title", _text(hint)) if hint else ""
    return element("rect", inside, x=x, y=y, width=width, height=height, class_=kind, **attributes)


def path(shape: str, kind: str, hint: str = "", **attributes: object) -> str:
    """A line along an SVG path; `hint` is shown when one points at it."""
    inside = element("title", _text(hint)) if hint else ""
    return element("path", inside, d=shape, class_=kind, fill="none", **attributes)


def line(x1: float, y1: float, x2: float, y2: float, kind: str = "rule", width: float = 1) -> str:
    """A straight line."""
    return path(f"M{_number(x1)} {_number(y1)}L{_number(x2)} {_number(y2)}", kind, stroke_width=width)


def text_width(content: str, size: float = FONT) -> float:
    """About how wide a text is drawn: fonts differ, so leave some room."""
    return sum(_columns(c) for c in content) * size * 0.6


def shortened(content: str, most: int = 18) -> str:
    """At most so many characters, with … for what is cut off."""
    return content if len(content) <= most else content[: most - 1] + "…"


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):  # drawn over the letter before
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _number(value: object) -> str:
    """As few digits as show: a hundredth of a pixel."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _writable(content: str) -> str:
    return UNWRITABLE.sub("\ufffd", content)


def _text(content: str) -> str:
    return escape(_writable(content))


def _style() -> str:
    light, dark = ("".join(_rules(theme)) for theme in (0, 1))
    text_rule = f".glass text{{font-family:{FAMILY};font-size:{FONT}px}}.glass .small{{font-size:10px}}"
    return f"{text_rule}{light}@media (prefers-color-scheme:dark){{{dark}}}"


def _rules(theme: int) -> list[str]:
    fills = [f".glass .{kind}{{fill:{colours[theme]}}}" for kind, colours in FILLS.items()]
    return fills + [f".glass .{kind}{{stroke:{colours[theme]}}}" for kind, colours in STROKES.items()]
