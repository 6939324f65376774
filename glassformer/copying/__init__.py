"""What a translation must hold: protected spans, word for word, and the terms of a glossary."""

from glassformer.copying.aligned import Unit, aligned_units, place_between
from glassformer.copying.translate import Copying, translate_copying

__all__ = ["Copying", "Unit", "aligned_units", "place_between", "translate_copying"]
