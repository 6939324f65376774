"""One training loop, and what it needs."""

from glassformer.training.train import train

__all__ = ["train"]
