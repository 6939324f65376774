"""Path patching: what one part tells another by the direct way, and what that does to the contrast.

Wang et al. 2022 (section 3.1), Goldowsky-Dill et al. 2023. The direct way is the residual stream: from the sender
through additions and norms to the receiver, and from the encoder's output into the decoder's cross-attention. What
other sublayers make of the sender's news is left out by holding their outputs at what they were.

Axes: B rows.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from glassformer.glass.causes.asking import Question
from glassformer.glass.causes.components import sublayers
from glassformer.glass.causes.intervening import writable
from glassformer.glass.causes.interventions import Edit, replace
from glassformer.glass.causes.running import run
from glassformer.glass.graph import graph
from glassformer.model import Transformer

LOGITS = "logits"  # the receiver that stands for the answer itself


@torch.no_grad()
def path_effects(model: Transformer, question: Question, senders: Sequence[Edit], receiver: str) -> list[float]:
    """For each sender, an edit, what the contrast loses where the receiver alone hears of it, by the direct way.

    The receiver is a tensor of the graph; "logits" gives the sender's direct effect on the answer. First all senders
    are changed, a row each, and what the receiver then is, is kept; then that is put in its place in an unchanged run.
    A sender above the receiver has no way to it, and the effect 0.
    """
    nodes = {node.name: node for node in graph(model.config)}
    writable(nodes, receiver)
    every = [*sublayers(model.config, "encoder"), *sublayers(model.config, "decoder")]
    clean = run(model, question.reading, [[]], [one.output for one in every])
    own = {name: x[0] for name, x in clean.kept.items()}

    def row(sender: Edit) -> list[Edit]:
        open_ways = (sender.tensor, receiver)
        held = [one.output for one in every if not any(name.startswith(f"{one.name}.") for name in open_ways)]
        return [sender, *(replace(name, own[name]) for name in held)]

    heard = run(model, question.reading, [row(sender) for sender in senders], [receiver]).kept[receiver]
    before = question.contrast(clean.logits_BV)[0]
    if receiver == LOGITS:
        return _listed(before - question.contrast(heard[:, -1].float()))
    rows = [[replace(receiver, one)] for one in heard]
    return _listed(before - question.contrast(run(model, question.reading, rows).logits_BV))


def _listed(effects: Tensor) -> list[float]:
    return [float(one) for one in effects]
