"""How much a trace keeps of what was observed."""

import dataclasses
from typing import Literal

from glassformer.glass.tensor import TracedTensor

Detail = Literal["attention", "full", "full+weights"]  # each keeps what those before it keep


def attention_only(tensors: dict[str, TracedTensor]) -> dict[str, TracedTensor]:
    """The masks and, from the scores on, the attentions; the scores stand as given."""
    kept = {name: one for name, one in tensors.items() if name.endswith((".ids", "mask"))}
    for name, one in tensors.items():
        last = name.rpartition(".")[2]
        if last in ("scaled", "masked", "weights") and one.roles:  # by name: what was intervened upon is an input
            kept[name] = one
        elif last == "scores":
            kept[name] = dataclasses.replace(one, op="input", operands={})
    return kept
