"""Attribution by occlusion (Zeiler & Fergus 2014): what the contrast loses when a token is no word."""

import torch

from glassformer.glass.causes.asking import Question
from glassformer.glass.causes.attribution.inputs import Attribution, Inputs
from glassformer.glass.causes.running import run
from glassformer.model import Transformer


@torch.no_grad()
def occlusion(model: Transformer, question: Question) -> Attribution:
    """The contrast less that with the average word in the place of each token in turn; its position stays."""
    inputs, reading = Inputs.of(model, question), question.reading
    rows = [inputs.without(0, place) for place in range(len(reading.source))]
    rows += [inputs.without(1, place) for place in range(len(reading.read))]
    before, *after = question.contrast(run(model, reading, [[], *rows]).logits_BV).tolist()
    effects = tuple(before - one for one in after)
    return Attribution("occlusion", effects[: len(reading.source)], effects[len(reading.source) :])
