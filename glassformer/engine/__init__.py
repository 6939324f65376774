"""Engines: from a source's token ids to the token ids of its translations. No text, no tokenizer.

`generate` translates with any `Engine`, which has only to read sources and to say, token by token, what may come
next. `EagerEngine` runs the model with PyTorch, `FastEngine` in C++; `choice.py` chooses.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glassformer.engine.eager import EagerEngine
    from glassformer.engine.fast import FastEngine
    from glassformer.engine.generation import SUPPRESSED, generate
    from glassformer.engine.protocol import Engine, TargetScore

__all__ = ["SUPPRESSED", "EagerEngine", "Engine", "FastEngine", "TargetScore", "generate"]

# Loaded on first use: the fast engine does without torch, and who asks for its instruction sets without numpy.
_HOMES = {
    "SUPPRESSED": "generation",
    "EagerEngine": "eager",
    "Engine": "protocol",
    "FastEngine": "fast",
    "TargetScore": "protocol",
    "generate": "generation",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'glassformer.engine' has no attribute '{name}'")
    return getattr(import_module(f"glassformer.engine.{_HOMES[name]}"), name)
