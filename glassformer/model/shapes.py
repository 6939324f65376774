"""The names and shapes of a model's parameters, from its config alone: what its file of weights must hold.

Nothing is built and torch is not imported, so that a file can be refused before any memory is asked for.
"""

import math
from collections.abc import Iterator

from glassformer.model.config import ModelConfig

Shapes = dict[str, tuple[int, ...]]


def parameter_shapes(config: ModelConfig) -> Shapes:
    """The shape of each parameter, by the name that `Transformer` gives it; of a shared table, by its first name."""
    return dict(_parameters(config))


def num_parameters(config: ModelConfig) -> int:
    """How many numbers the model learns; a table that is shared counts once."""
    return sum(math.prod(shape) for _, shape in _parameters(config))


def _parameters(config: ModelConfig) -> Iterator[tuple[str, tuple[int, ...]]]:
    d_model = config.d_model
    yield "source_embedding.token.weight", (config.source_vocab_size or config.vocab_size, d_model)
    if config.source_vocab_size:
        yield "target_embedding.token.weight", (config.vocab_size, d_model)
    if not config.tie_embeddings:
        yield "generator.weight", (config.vocab_size, d_model)
    if config.output_bias:
        yield "generator.bias", (config.vocab_size,)
    for stack, side, layers, attentions in (
        ("encoder", "source", config.encoder_layers, ("self_attention",)),
        ("decoder", "target", config.decoder_layers, ("self_attention", "cross_attention")),
    ):
        if config.positions == "learned":
            yield f"{side}_embedding.position.table_PD", (config.max_length, d_model)
        if config.embedding_norm:
            yield from _norm(config, f"{side}_embedding.norm")
        for layer in range(layers):
            for attention in attentions:
                yield from _attention(config, f"{stack}.{layer}.{attention}")
                yield from _norm(config, f"{stack}.{layer}.{attention}_norm.norm")
            yield from _feed_forward(config, f"{stack}.{layer}.feed_forward")
            yield from _norm(config, f"{stack}.{layer}.feed_forward_norm.norm")
        if config.final_norm:
            yield from _norm(config, f"{stack}_norm")


def _attention(config: ModelConfig, name: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    width = config.kv_heads * config.head_width
    for matrix, outputs in (("query", config.d_model), ("key", width), ("value", width), ("output", config.d_model)):
        yield from _linear(config, f"{name}.{matrix}", config.d_model, outputs)


def _feed_forward(config: ModelConfig, name: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    for matrix in ("inner", "gate") if config.gated else ("inner",):
        yield from _linear(config, f"{name}.{matrix}", config.d_model, config.d_ff)
    yield from _linear(config, f"{name}.outer", config.d_ff, config.d_model)


def _linear(config: ModelConfig, name: str, inputs: int, outputs: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (outputs, inputs)
    if config.bias:
        yield f"{name}.bias", (outputs,)


def _norm(config: ModelConfig, name: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (config.d_model,)
    if config.norm == "layernorm":
        yield f"{name}.bias", (config.d_model,)
