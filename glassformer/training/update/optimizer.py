"""Adam, as the paper has it."""

import torch

from glassformer.model import Transformer

BETAS, EPSILON = (0.9, 0.98), 1e-9  # section 5.3


def adam(model: Transformer) -> torch.optim.Optimizer:
    """Adam (Kingma & Ba 2015) over all parameters. Its learning rate is set before each step, by `schedule`."""
    # fused: the whole update in one pass over the parameters
    return torch.optim.Adam(model.parameters(), lr=0.0, betas=BETAS, eps=EPSILON, fused=True)
