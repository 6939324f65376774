"""One step of training, on the sentence of a record: what the decoder reads and must say, its loss, and one gradient.

    loss        L = 1/T Σ_t l_t,  l_t = -ln p(y_t | y_1 ... y_t-1, source)
    gradient    dL/dW[i, j] = Σ_t dL/da_t[i] · x_t[j]    of a linear layer a = W x + b: a term for each place
    step        W <- W - rate · dL/dW    (gradient descent; training here uses Adam)

Everything is computed in float64. Label smoothing and dropout are left out.

Axes: T target positions, F d_ff, D d_model.
"""

import copy
import dataclasses
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from glassformer.glass.record import Trace
from glassformer.model.observe import observed
from glassformer.model.transformer import Transformer, shift_right
from glassformer.translator import Translator

RATE = 0.1  # of the step that is shown


def with_training_step(record: Trace, translator: Translator) -> Trace:
    """The record with a step of training on what it wrote, where it carries the weights and ends with `</s>`."""
    if record.meta["detail"] != "full+weights" or record.decode is None or not record.decode["finished"]:
        return record
    source = [token["id"] for token in record.axes["source"]["tokens"]]
    target = [step["chosen"]["id"] for step in record.decode["steps"]]
    return dataclasses.replace(record, training_step=training_step(translator.model, source, target))


def training_step(model: Transformer, source: list[int], target: list[int], rate: float = RATE) -> dict[str, Any]:
    """The losses of the target's places before and after one step of gradient descent, and one weight's way through it.

    Both id lists end with `</s>`. The weight is that of the last feed-forward's outer layer with the largest gradient.
    The model that is given stays as it is.
    """
    learner = copy.deepcopy(model).double().eval()
    source_1S, target_1T = torch.tensor([source]), torch.tensor([target])
    layer = len(learner.decoder) - 1
    name = f"decoder.{layer}.feed_forward.outer"
    outer = learner.get_submodule(name)
    with observed(learner, [name]) as calls:
        losses_T = _losses(learner, source_1S, target_1T)
    (input_1TF,), output_1TD = calls[name]
    output_1TD.retain_grad()
    losses_T.mean().backward()
    weight_DF = outer.weight
    assert isinstance(weight_DF, Tensor) and weight_DF.grad is not None and output_1TD.grad is not None
    row, column = divmod(int(weight_DF.grad.abs().argmax()), weight_DF.shape[1])
    slopes_T, inputs_T = output_1TD.grad[0, :, row], input_1TF[0, :, column]
    before, gradient = weight_DF[row, column].item(), weight_DF.grad[row, column].item()
    with torch.no_grad():
        for parameter in learner.parameters():
            if parameter.grad is not None:
                parameter.sub_(parameter.grad, alpha=rate)
        after_T = _losses(learner, source_1S, target_1T)
    return {
        "rate": rate,
        "losses": losses_T.tolist(),
        "losses_after": after_T.tolist(),
        "weight": {
            "name": f"{name}.weight",
            "row": row,
            "column": column,
            "slopes": slopes_T.tolist(),
            "inputs": inputs_T.tolist(),
            "gradient": gradient,
            "before": before,
            "after": weight_DF[row, column].item(),
        },
    }


def _losses(model: Transformer, source_1S: Tensor, target_1T: Tensor) -> Tensor:
    """-ln p of each of the target's tokens, the decoder reading those before it (teacher forcing)."""
    logits_TV = model(source_1S, shift_right(target_1T, model.config.decoder_start_id), explicit=True)[0]
    return functional.cross_entropy(logits_TV, target_1T[0], reduction="none")
