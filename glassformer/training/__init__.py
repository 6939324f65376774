"""One training loop, and what it needs."""

from glassformer.training.train import train
from glassformer.training.trainer import Callback

__all__ = ["Callback", "train"]
