"""The network and nothing else."""

from glassformer.model.config import PRESETS, ModelConfig, preset
from glassformer.model.transformer import Transformer, outline

__all__ = ["PRESETS", "ModelConfig", "Transformer", "outline", "preset"]
