"""Engines: from a source's token ids to the token ids of its translations. No text, no tokenizer."""

from glassformer.engine.eager import SUPPRESSED, EagerEngine

__all__ = ["SUPPRESSED", "EagerEngine"]
