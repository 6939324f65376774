"""What the example starts from, and the user's own matrices in its place (`--set W_Q=1,2;3,4`)."""

import json
from collections.abc import Mapping
from itertools import pairwise

from glassformer.errors import UsageError, nearest
from glassformer.glass.lecture import facts
from glassformer.glass.lecture.facts import Matrix

# These two are not in the lecture. Row w of E is (w + 1, 1) and column v of W is (2v, -v^2), so that
# the logit of word v after word w is (w + 1)^2 - (v - (w + 1))^2: largest for the next word, v = w + 1.
_PLACES = range(len(facts.DECODED))
DECODE_EMBEDDING: Matrix = [[word + 1, 1] for word in _PLACES]
DECODE_W: Matrix = [[2 * word for word in _PLACES], [-word * word for word in _PLACES]]

LECTURE: dict[str, Matrix] = {
    "embedding": facts.EMBEDDING,
    "W_Q": facts.W_Q,
    "W_K": facts.W_K,
    "W_V": facts.W_V,
    "masked.scores": facts.MASKED_SCORES,
    "cross.encoder_output": facts.ENCODER_OUTPUT,
    "cross.decoder_state": facts.DECODER_STATE,
}
OURS = ("feed_forward.W_1", "feed_forward.W_2", "decode.embedding", "decode.W")
NAMES = (*LECTURE, *OURS)
_BY_LOWER_CASE = {name.lower(): name for name in NAMES}
MOST = 64  # rows or columns: an example to look at
LARGEST = 1e6  # so that no product overflows


def resolve_inputs(overrides: Mapping[str, Matrix]) -> dict[str, Matrix]:
    """Every input of the example, the given ones in place of the printed ones.

    Raises UsageError for an unknown name and for a matrix that does not fit the others.
    """
    for name, matrix in overrides.items():
        _refuse_unknown(name)
        _refuse_malformed(name, matrix)
    width = len(overrides.get("embedding", facts.EMBEDDING)[0])
    if width % 2:
        raise UsageError(f"embedding has {width} columns; give an even number, a sine and a cosine for each pair")
    ours = {**_feed_forward(width), "decode.embedding": DECODE_EMBEDDING, "decode.W": DECODE_W}
    inputs = {**LECTURE, **ours, **overrides}
    for name, (wanted, why) in _shapes(inputs).items():
        if (shape := _shape(inputs[name])) != wanted:
            raise UsageError(f"{name} is {_by(shape)}; it must be {_by(wanted)}, {why}")
    return inputs


def parse_input(assignment: str) -> tuple[str, Matrix]:
    """(name, matrix) of `W_Q=[[1,2],[3,4]]` or `W_Q=1,2;3,4`.

    Raises UsageError if the name is none of `NAMES` or what follows is no matrix.
    """
    name, equals, text = assignment.partition("=")
    name = _BY_LOWER_CASE.get(name.strip().lower(), name.strip())
    if not equals:
        raise UsageError(f"'{assignment}' sets nothing; write NAME=MATRIX, such as W_Q=1,2;3,4")
    _refuse_unknown(name)
    matrix = _read(text.strip())
    if matrix is None:
        raise UsageError(f"{name}: '{text.strip()[:60]}' is no matrix; write [[1,2],[3,4]] or 1,2;3,4")
    _refuse_malformed(name, matrix)
    return name, matrix


def _read(text: str) -> Matrix | None:
    """The rows, or None where they are not rows of numbers."""
    try:
        if text.startswith("["):
            return [[_number(cell) for cell in _list(row)] for row in json.loads(text)]
        return [[float(cell) for cell in row.split(",")] for row in text.rstrip("; ").split(";")]
    except (TypeError, ValueError, RecursionError, OverflowError):
        return None


def _list(row: object) -> list[object]:
    if not isinstance(row, list):
        raise TypeError
    return row


def _number(cell: object) -> float:
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        raise TypeError
    return float(cell)


def _refuse_unknown(name: str) -> None:
    if name not in NAMES:
        raise UsageError(f"no input '{name}' in the example; {nearest(name, NAMES)}")


def _refuse_malformed(name: str, matrix: Matrix) -> None:
    if not matrix or not matrix[0]:
        raise UsageError(f"{name} is empty; write at least one number")
    if any(len(row) != len(other) for row, other in pairwise(matrix)):
        lengths = ", ".join(str(len(row)) for row in matrix)
        raise UsageError(f"{name} has rows of {lengths} numbers; give every row the same number")
    if max(_shape(matrix)) > MOST:
        raise UsageError(f"{name} is {_by(_shape(matrix))}; give at most {MOST} rows and columns")
    if not all(abs(cell) <= LARGEST for row in matrix for cell in row):
        raise UsageError(
            f"{name} has a number that is not between -{LARGEST:,.0f} and {LARGEST:,.0f}; give smaller ones"
        )


def _feed_forward(width: int) -> dict[str, Matrix]:
    """W_1 and W_2 of small whole numbers, four times as wide inside; ours, for the lecture prints none."""
    inner = 4 * width
    return {
        "feed_forward.W_1": [
            [(row + 2) * (column + 1) % 17 % 5 - 2 for column in range(inner)] for row in range(width)
        ],
        "feed_forward.W_2": [
            [(row + 1) * (column + 3) % 17 % 5 - 2 for column in range(width)] for row in range(inner)
        ],
    }


def _shapes(inputs: Mapping[str, Matrix]) -> dict[str, tuple[tuple[int, int], str]]:
    """The shape that each input must have to fit the others, and why."""
    width = len(inputs["embedding"][0])
    inner, masked = len(inputs["feed_forward.W_1"][0]), len(inputs["masked.scores"])
    state, output = inputs["cross.decoder_state"], inputs["cross.encoder_output"]
    square, words = ((width, width), f"as the embedding has {width} columns"), len(facts.DECODED)
    depth = len(inputs["decode.embedding"][0])
    return {
        "W_Q": square,
        "W_K": square,
        "W_V": square,
        "feed_forward.W_1": ((width, inner), square[1]),
        "feed_forward.W_2": ((inner, width), "W_1 the other way round"),
        "masked.scores": ((masked, masked), "a row and a column for each word"),
        "cross.decoder_state": ((len(state), len(output[0])), "as wide as cross.encoder_output"),
        "decode.embedding": ((words, depth), "a row for each word of the vocabulary"),
        "decode.W": ((depth, words), "as wide as the vocabulary and as high as decode.embedding is wide"),
    }


def _shape(matrix: Matrix) -> tuple[int, int]:
    return len(matrix), len(matrix[0])


def _by(shape: tuple[int, int]) -> str:
    return f"{shape[0]} x {shape[1]}"
