"""Engines: from a source's token ids to the token ids of its translations. No text, no tokenizer.

`generate` translates with any `Engine`, which has only to read sources and to say, token by token, what may come
next. `EagerEngine` runs the model with PyTorch.
"""

from glassformer.engine.eager import EagerEngine, TargetScore
from glassformer.engine.generation import SUPPRESSED, generate
from glassformer.engine.protocol import Engine

__all__ = ["SUPPRESSED", "EagerEngine", "Engine", "TargetScore", "generate"]
