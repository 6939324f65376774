"""Sentence pairs, and where each came from."""

from typing import NamedTuple


class Pair(NamedTuple):
    """A source sentence, its translation, and the place it was read from."""

    source: str
    target: str
    origin: str = ""  # the file or corpus
    line: int = 0  # 1-based; 0 where lines have no meaning
