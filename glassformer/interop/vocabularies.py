"""A foreign model's vocabulary put in our order: the rows of embeddings and output layer move along with the ids."""

import dataclasses

import torch
from torch import Tensor

from glassformer.interop.spm import Vocabulary
from glassformer.interop.tables import Weights
from glassformer.model import ModelConfig

NEVER = -1000.0  # output bias of a piece that the model has no row for: its probability is 0 in float32


def in_our_order(
    config: ModelConfig, weights: Weights, source: Vocabulary, target: Vocabulary
) -> tuple[ModelConfig, Weights]:
    """A model whose ids are rows of the vocabularies as one whose ids are ours.

    A piece that the model has no row for was `<unk>` to it: it gets a copy of that row, and is never written. So the
    output layer gets a bias where it has none. `config.decoder_start_id` is a row of the target's vocabulary.
    """
    extra = None in target.rows
    if extra and not config.output_bias:
        weights = weights | {"generator.bias": torch.zeros(config.vocab_size)}
    ours = dataclasses.replace(
        config,
        vocab_size=len(target.pieces),
        source_vocab_size=None if config.source_vocab_size is None else len(source.pieces),
        output_bias=config.output_bias or extra,
        decoder_start_id=target.rows.index(config.decoder_start_id),
    )
    own = source if config.source_vocab_size is not None else target
    of_source = "source_embedding.token.weight"
    return ours, {name: _rows(name, weight, own if name == of_source else target) for name, weight in weights.items()}


def _rows(name: str, weight: Tensor, vocabulary: Vocabulary) -> Tensor:
    if not name.startswith("generator.") and "embedding.token" not in name:
        return weight
    unknown = vocabulary.rows[1]
    assert unknown is not None
    chosen = weight[[unknown if row is None else row for row in vocabulary.rows]]
    if name == "generator.bias":
        chosen[[row is None for row in vocabulary.rows]] = NEVER
    return chosen
