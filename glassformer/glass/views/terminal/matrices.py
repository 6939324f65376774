"""A matrix of the record as lines of text: labelled, aligned at the decimal points, cut to a width."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from glassformer.glass.numbers import show
from glassformer.glass.record import Trace
from glassformer.glass.tensor import TracedTensor
from glassformer.glass.views.labels import equation, words

GAP = 2


def matrix_blocks(trace: Trace, tensor: TracedTensor, width: int) -> Iterator[Text]:
    """One block for each matrix of the tensor (for each head), and for each part that fits into `width`."""
    values = trace.values(tensor.name)
    if values.ndim == 2:
        yield from _parts(trace, tensor, values, _title(tensor), width)
        return
    for head, matrix in enumerate(values):
        yield from _parts(trace, tensor, matrix, f"{_title(tensor)}  (head {head})", width)


def _title(tensor: TracedTensor) -> str:
    """`scores = Q · Kᵀ`, with the names by which the record knows them."""
    right = equation(tensor, tensor.operands)
    return f"{tensor.name} = {right}" if right else tensor.name


def _parts(trace: Trace, tensor: TracedTensor, matrix: NDArray[np.generic], title: str, width: int) -> Iterator[Text]:
    """The matrix in as many parts, some columns each, as `width` asks for."""
    labels, heads = words(trace, tensor, -2), words(trace, tensor, -1)
    if heads and labels:
        labels = ["query ↓ key →" if tensor.roles else "", *labels]
    margin = _padded(labels or [""] * (len(matrix) + bool(heads)))
    columns = [_column(column, heads[i] if heads else None) for i, column in enumerate(matrix.T.tolist())]
    count = max(1, (width - len(margin[0])) // (max(len(column[0]) for column in columns) + GAP))
    count = -(-len(columns) // -(-len(columns) // count))  # parts of about one width
    for first in range(0, len(columns), count):
        part = columns[first : first + count]
        places = f"  (columns {first} to {first + len(part) - 1})" if count < len(columns) else ""
        yield _block(title + places, margin, part, bool(heads))


def _column(values: list[float], head: str | None) -> list[str]:
    """The numbers of a column under its head, their decimal points below each other, all equally wide."""
    texts = [show(value) for value in values]
    after = max(len(text) - _point(text) for text in texts)
    texts = [text + " " * (after - len(text) + _point(text)) for text in texts]
    width = max(map(len, [head or "", *texts]))
    return [text.rjust(width) for text in ([head] if head is not None else []) + texts]


def _point(text: str) -> int:
    """Where the decimal point is, or would be."""
    return text.index(".") if "." in text else len(text)


def _padded(texts: list[str]) -> list[str]:
    width = max(map(len, texts))
    return [text.ljust(width) for text in texts]


def _block(title: str, margin: list[str], columns: list[list[str]], headed: bool) -> Text:
    block = Text().append(title, "cyan")
    for place, label in enumerate(margin):
        block.append(f"\n{label}", "dim")
        block.append("".join(" " * GAP + column[place] for column in columns), "dim" if headed and place == 0 else "")
    return block
