"""What engines refuse of what they are handed. Only ids, so that both engines ask the same.

Axes: N rows of the search, S source positions.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassformer.arguments import refuse_unequal
from glassformer.errors import UsageError
from glassformer.model.config import ModelConfig
from glassformer.search.protocol import Floats, Ints


def refuse_wrong_ids(sources: Sequence[Sequence[int]], config: ModelConfig) -> None:
    """Raise UsageError for a source without tokens, or with an id that the model does not have, and for no source."""
    size = config.source_vocab_size or config.vocab_size
    if not len(sources):
        raise UsageError("there are no sources to read")
    for source in sources:
        refuse_other_ids(source, size, "source")


def refuse_wrong_targets(
    sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], config: ModelConfig
) -> None:
    """Raise UsageError for targets that are not one for each source, without tokens, or with unknown ids."""
    refuse_unequal(len(sources), "sources", targets=targets)
    for target in targets:
        refuse_other_ids(target, config.vocab_size, "target")


def refuse_wrong_step(tokens_N: NDArray[np.signedinteger[Any]], rows: int) -> None:
    """Raise UsageError for what is not one whole number for each row."""
    if type(tokens_N) is not np.ndarray or tokens_N.dtype.kind != "i" or tokens_N.shape != (rows,):
        raise UsageError(f"tokens_N must be an array of {rows} whole numbers, one for each row")


def refuse_wrong_room(attended_NS: Floats, rows: int) -> None:
    """Raise UsageError for what numbers of each row and source position cannot be written into."""
    is_room = isinstance(attended_NS, np.ndarray) and attended_NS.dtype == np.float32 and attended_NS.ndim == 2
    if not (is_room and len(attended_NS) == rows and attended_NS.flags.carray):
        raise UsageError(f"attended_NS must be an array in float32 with {rows} rows, one after the other in memory")


def refuse_unknown_tokens(tokens_N: Ints, config: ModelConfig) -> None:
    """Raise UsageError for an id that the target does not have."""
    if len(tokens_N):
        refuse_other_ids(tokens_N.tolist(), config.vocab_size, "step")


def refuse_other_ids(ids: Sequence[int], size: int, name: str) -> None:
    """Raise UsageError for no ids, and for one that is none of `size`."""
    if not len(ids) or not 0 <= min(ids) <= max(ids) < size:
        raise UsageError(f"a {name} must have tokens, ids from 0 to {size - 1:,}")
