"""What a translation must hold: protected spans, word for word, and the terms of a glossary."""

from glassformer.copying.translate import Copying, translate_copying

__all__ = ["Copying", "translate_copying"]
