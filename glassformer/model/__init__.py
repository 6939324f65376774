"""The network and nothing else."""

from typing import TYPE_CHECKING, Any

from glassformer.model.config import PRESETS, ModelConfig, preset

if TYPE_CHECKING:
    from glassformer.model.transformer import Transformer

__all__ = ["PRESETS", "ModelConfig", "Transformer", "preset"]


def __getattr__(name: str) -> Any:
    if name != "Transformer":  # loaded on first use: whoever needs only its config need not wait for torch
        raise AttributeError(f"module 'glassformer.model' has no attribute '{name}'")
    from glassformer.model.transformer import Transformer

    return Transformer
