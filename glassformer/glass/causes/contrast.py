"""A contrast: word A against word B at one step, by a number that says how much the model prefers A.

Axes: V vocabulary.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

Measure = Literal["logit_difference", "log_probability", "probability"]


@dataclass(frozen=True)
class Contrast:
    """Token `a` against token `b` at a step; where words are longer, the first tokens in which they differ."""

    step: int
    a: int
    b: int
    measure: Measure = "logit_difference"

    def __call__(self, logits_V: Tensor) -> Tensor:
        """The measure of the step's logits (..., V): logit(A) - logit(B), log p(A) (nats), or p(A).

        The logit difference is log p(A) - log p(B): the softmax's denominator falls out.
        """
        if self.measure == "logit_difference":
            return logits_V[..., self.a] - logits_V[..., self.b]
        log_prob = logits_V.log_softmax(-1)[..., self.a]
        return log_prob if self.measure == "log_probability" else log_prob.exp()
