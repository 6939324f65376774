"""Lenses: what the model would say if it stopped at a layer, and which words the encoder's states are nearest to.

Axes: V vocabulary, D d_model.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from glassformer.glass.causes.components import stream
from glassformer.glass.causes.tensors import Tensors
from glassformer.model import Transformer
from glassformer.text.tokenizer import Tokenizer


@torch.no_grad()
def logit_lens(model: Transformer, tensors: Tensors, step: int) -> Tensor:
    """The logits (depths, V) at a step, read off the decoder's stream after the embedding and after each layer.

    Each state goes through the last norm, where the model has one, and the output layer (nostalgebraist 2020). The last
    row is what the model says; the others are what it would say if the layers above added nothing.
    """
    states = [torch.as_tensor(tensors[name].values)[step] for name in stream(model.config, "decoder")]
    result: Tensor = model.logits(model.decoder_norm(torch.stack(states).to(model.generator.weight)))
    return result


class Neighbour(NamedTuple):
    """An embedding row near a state: its token, and the cosine of both."""

    token: int
    cosine: float


@torch.no_grad()
def encoder_lens(
    model: Transformer, tensors: Tensors, tokenizer: Tokenizer, count: int = 3
) -> list[list[list[Neighbour]]]:
    """For the embedding and each layer of the encoder, for each place, the words whose embedding rows are nearest.

    By the cosine of state and row, both less the mean row: rows share a direction that tells nothing. Control tokens
    and bytes are left out. States of higher layers need not lie among the rows; the cosine says how far they do.
    """
    table_VD = model.source_embedding.token.weight
    words = [i for i, piece in enumerate(tokenizer.pieces) if not (tokenizer.is_control(i) or _is_byte(piece))]
    rows_VD = table_VD[words]
    mean_D = rows_VD.mean(0)
    rows_VD = torch.nn.functional.normalize(rows_VD - mean_D, dim=-1)
    depths = []
    for name in stream(model.config, "encoder"):
        states_SD = torch.as_tensor(tensors[name].values).to(table_VD) / model.config.embedding_factor
        cosines_SV = torch.nn.functional.normalize(states_SD - mean_D, dim=-1) @ rows_VD.T
        best = cosines_SV.topk(min(count, len(words)))
        depths.append([
            [Neighbour(words[i], value) for i, value in zip(places, values, strict=True)]
            for places, values in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ])  # fmt: skip
    return depths


def _is_byte(piece: str) -> bool:
    return piece.startswith("<0x") and piece.endswith(">")
