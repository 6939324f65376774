"""Text as it may be shown to a reader."""

QUOTED = 60  # characters of a sentence that a message shows


def quote(text: str) -> str:
    """The text in quotation marks, shortened, with what cannot or should not be shown escaped."""
    cut = text if len(text) <= QUOTED else text[: QUOTED - 1] + "…"
    return '"' + "".join(map(_shown, cut)) + '"'


def _shown(character: str) -> str:
    if character.isprintable() or character in "\u200c\u200d":
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
