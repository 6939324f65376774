"""glassformer: a Transformer encoder-decoder to train, to translate with, and to see through."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# Loaded on first use, so that `glassformer --help` need not wait for torch.
_HOMES = {
    "Callback": "glassformer.training",
    "Copying": "glassformer.copying",
    "EagerEngine": "glassformer.engine",
    "FailedTranslation": "glassformer.translator",
    "FastEngine": "glassformer.engine",
    "GlassformerError": "glassformer.errors",
    "Glossary": "glassformer.text.terms",
    "InputError": "glassformer.errors",
    "ModelConfig": "glassformer.model",
    "SearchOptions": "glassformer.search",
    "Trace": "glassformer.glass.trace",
    "Transformer": "glassformer.model",
    "Translation": "glassformer.translator",
    "Translator": "glassformer.translator",
    "UsageError": "glassformer.errors",
    "cause": "glassformer.glass.causes.cause",
    "embedding_map": "glassformer.glass.embedding_map",
    "generate": "glassformer.engine",
    "trace": "glassformer.glass.trace",
    "train": "glassformer.training",
    "translate_markup": "glassformer.markup",
    "translate_texts": "glassformer.whole_texts",
}
__all__ = [
    "Callback",
    "Copying",
    "EagerEngine",
    "FailedTranslation",
    "FastEngine",
    "GlassformerError",
    "Glossary",
    "InputError",
    "ModelConfig",
    "SearchOptions",
    "Trace",
    "Transformer",
    "Translation",
    "Translator",
    "UsageError",
    "cause",
    "embedding_map",
    "generate",
    "trace",
    "train",
    "translate_markup",
    "translate_texts",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'glassformer' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
