"""What heads look at: the attention that goes to the token before, to the same word, and other such places.

This says what a head looks at, not what comes of it; that takes an intervention (`contrasts.py`).

Axes: H heads, Q queries, K keys.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from glassformer.glass.causes.intervening import attentions
from glassformer.glass.tensor import TracedTensor
from glassformer.model import ModelConfig

Places = NDArray[np.bool_]  # (Q, K): the keys that a pattern wants of each query
Ids = NDArray[np.int64]

HeadName = tuple[str, int]  # an attention, and the head


def _beside(offset: int) -> Callable[[Ids, Ids], Places]:
    return lambda queries, keys: np.eye(len(queries), len(keys), offset, dtype=bool)


def _same_word(queries: Ids, keys: Ids) -> Places:
    """Other places of the same token."""
    found: Places = (queries[:, None] == keys) & ~np.eye(len(queries), len(keys), dtype=bool)
    return found


def _at(place: int) -> Callable[[Ids, Ids], Places]:
    def find(queries: Ids, keys: Ids) -> Places:
        found = np.zeros((len(queries), len(keys)), dtype=bool)
        found[:, place] = True
        return found

    return find


SELF = {"itself": _beside(0), "previous token": _beside(-1), "same word elsewhere": _same_word}
PATTERNS: dict[str, dict[str, Callable[[Ids, Ids], Places]]] = {
    "encoder.self_attention": {**SELF, "next token": _beside(1), "last (</s>)": _at(-1)},
    "decoder.self_attention": {**SELF, "first (<s>)": _at(0)},
    "decoder.cross_attention": {"first token": _at(0), "last (</s>)": _at(-1)},
}


def looks(tensors: Mapping[str, TracedTensor], config: ModelConfig) -> Iterator[tuple[HeadName, str, float]]:
    """For each head and pattern of its kind, the mean weight on the pattern's places, over the queries that have some.

    A pattern that no query of the sentence has (no word comes twice) gives nothing.
    """
    ids = {side: np.asarray(tensors[f"{side}.ids"].values, np.int64) for side in ("source", "target")}
    for kind, patterns in PATTERNS.items():
        queries = ids["source" if kind.startswith("encoder") else "target"]
        keys = ids["target" if kind == "decoder.self_attention" else "source"]
        visible = (
            look_back(queries, keys) if kind == "decoder.self_attention" else np.ones((len(queries), len(keys)), bool)
        )
        for name, find in patterns.items():
            wanted_QK = find(queries, keys) & visible
            has = wanted_QK.any(1)
            if not has.any():
                continue
            for attention in attentions(config, kind):
                weights_HQK = np.asarray(tensors[f"{attention}.weights"].values, np.float64)
                means = (weights_HQK * wanted_QK).sum(-1)[:, has].mean(1)
                yield from (((attention, head), name, float(mean)) for head, mean in enumerate(means))


def look_back(queries: Ids, keys: Ids) -> Places:
    """What a decoder may see: its own place and those before it."""
    return np.tri(len(queries), len(keys), dtype=bool)
