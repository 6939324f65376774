"""The Transformer encoder-decoder, in the order of "Attention Is All You Need" (Vaswani et al. 2017).

Axes, which the names of tensors carry: B batch, S source length, T target length, D d_model, H heads, G key-value
heads, K head width, F feed-forward width, V vocabulary, P positions of a table or paths of a sentence.
"""

from dataclasses import replace
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from glassformer.arguments import checked
from glassformer.device import memory_of
from glassformer.errors import InputError
from glassformer.model.attention import look_ahead_mask, padding_mask
from glassformer.model.cache import DecoderCache
from glassformer.model.config import ModelConfig
from glassformer.model.layers import DecoderLayer, Dropout, EncoderLayer, make_norm
from glassformer.model.positions import Place, Positions, sinusoidal_table
from glassformer.model.shapes import num_parameters
from glassformer.special import PAD


class Memory(NamedTuple):
    """The encoder's output (B, S, D) and which of its positions are words (B, 1, 1, S)."""

    x_BSD: Tensor
    mask_B11S: Tensor


class Embedding(nn.Module):
    """Token ids to vectors: E[id] * sqrt(d_model), plus the position's vector, perhaps normalised, then dropout.

    Sections 3.4, 3.5 and 5.4. Rotary positions are added in attention instead, and here not at all.
    """

    def __init__(self, config: ModelConfig, table: nn.Embedding) -> None:
        super().__init__()
        self.token = table
        self.scale = config.embedding_factor
        self.position = _make_positions(config)
        self.norm = make_norm(config) if config.embedding_norm else None
        self.dropout = Dropout(config.dropout)

    def forward(self, ids_BT: Tensor, start: Place = 0) -> Tensor:
        x_BTD = self.token(ids_BT) * self.scale
        if self.position:
            x_BTD = self.position(x_BTD, start)
        if self.norm:
            x_BTD = self.norm(x_BTD)
        dropped_BTD: Tensor = self.dropout(x_BTD.to(_stream_type(x_BTD)))
        return dropped_BTD


def _stream_type(x: Tensor) -> torch.dtype:
    """Under autocast what flows from sublayer to sublayer is of autocast's type: it halves what memory must move."""
    kind = x.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype


def _make_positions(config: ModelConfig) -> Positions | None:
    if config.positions == "rotary":
        return None
    table = sinusoidal_table(
        config.max_length, config.d_model, config.position_layout, config.position_exponent, config.first_position
    )
    return Positions(table, learned=config.positions == "learned")


def _refuse_too_large(config: ModelConfig) -> None:
    """Raise InputError for more weights than the memory holds of the device that torch makes tensors on."""
    device = torch.get_default_device()
    weights, memory = num_parameters(config), memory_of(device)
    needed = weights * torch.get_default_dtype().itemsize
    if device.type != "meta" and needed > memory:
        raise InputError(
            f"not enough memory: the {weights:,} weights of this config take {needed / 1e9:,.0f} GB, and {device} has "
            f"{memory / 1e9:,.0f}; take fewer layers, a smaller d_model, d_ff or vocab_size"
        )


class Transformer(nn.Module):
    """p(target | source) by an encoder stack and a decoder stack (figure 1).

    `forward` is training's view: all positions at once. `encode`, `start` and `decode` are
    decoding's: the same modules, a few positions at a time. `explicit=True` computes attention step
    by step in modules that can be observed, instead of in one fused kernel; the numbers are the same.

    Raises InputError, before anything is made, for more weights than the memory holds.
    """

    @checked
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        _refuse_too_large(config)
        self.config = config
        target_table = nn.Embedding(config.vocab_size, config.d_model)
        source_table = (
            nn.Embedding(config.source_vocab_size, config.d_model) if config.source_vocab_size else target_table
        )
        self.source_embedding = Embedding(config, source_table)
        self.encoder = nn.ModuleList(EncoderLayer(config) for _ in range(config.encoder_layers))
        self.encoder_norm = make_norm(config) if config.final_norm else nn.Identity()
        self.target_embedding = Embedding(config, target_table)
        self.decoder = nn.ModuleList(DecoderLayer(config) for _ in range(config.decoder_layers))
        self.decoder_norm = make_norm(config) if config.final_norm else nn.Identity()
        self.generator = nn.Linear(config.d_model, config.vocab_size, bias=config.output_bias)
        self._initialise()
        if config.tie_embeddings:
            self.generator.weight = target_table.weight

    def _initialise(self) -> None:
        """Xavier-uniform matrices, zero biases, embeddings N(0, 1/d_model): unit size once scaled.

        The paper does not say; these are tensor2tensor's and fairseq's choices.
        """
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight, std=self.config.d_model**-0.5)
            elif isinstance(module, Positions) and isinstance(module.table_PD, nn.Parameter):
                nn.init.normal_(module.table_PD, std=self.config.d_model**-0.5)

    @property
    def num_parameters(self) -> int:
        """How many numbers are learned; a table that is shared counts once."""
        return sum(parameter.numel() for parameter in self.parameters())

    def encode(self, source_BS: Tensor, explicit: bool = False) -> Memory:
        """Read the source ids (B, S), padded on the right with `<pad>`.

        Raises InputError if S exceeds `max_length`.
        """
        self.config.check_length(source_BS.shape[1])
        mask_B11S = padding_mask(source_BS)
        x_BSD = self.source_embedding(source_BS)
        for layer in self.encoder:
            x_BSD = layer(x_BSD, mask_B11S, explicit)
        return Memory(self.encoder_norm(x_BSD), mask_B11S)

    def start(self, memory: Memory) -> DecoderCache:
        """The decoder's state before its first token: cross-attention's keys and values."""
        keys_values = [cast(DecoderLayer, layer).cross_attention.keys_values(memory.x_BSD) for layer in self.decoder]
        return DecoderCache((), tuple(keys_values), memory.mask_B11S)

    def decode(self, target_BT: Tensor, cache: DecoderCache, explicit: bool = False) -> tuple[Tensor, DecoderCache]:
        """Read T more target ids; their hidden states (B, T, D), and the cache grown by them.

        The look-ahead mask also keeps words from attending to padding, which stands to their right.
        Raises InputError if the target would exceed `max_length`.
        """
        start, length = cache.length, target_BT.shape[1]
        keys = cache.room or cast(int, start + length)  # no int(): the exporter to ONNX must see it vary
        self.config.check_length(keys)
        mask_TS = look_ahead_mask(length, keys, target_BT.device, start)
        return self._decode(target_BT, cache, mask_TS, start, explicit)

    def decode_paths(self, tokens_BP: Tensor, cache: DecoderCache) -> tuple[Tensor, DecoderCache]:
        """Read the next token of each sentence's P paths; their hidden states (B, P, D), and the cache grown by them.

        The paths are read as if they were words of one target, each of which sees its own past alone: so what belongs
        to the sentence is read once for all.
        Raises InputError if the target would exceed `max_length`.
        """
        paths_BPT, mask_B1PS = cache.longer_paths()
        length = paths_BPT.shape[2]
        self.config.check_length(length)
        places_P = torch.full(tokens_BP.shape[1:], length - 1, device=tokens_BP.device)
        hidden_BPD, cache = self._decode(tokens_BP, cache, mask_B1PS, places_P)
        return hidden_BPD, replace(cache, paths_BPT=paths_BPT)

    def _decode(
        self, target_BT: Tensor, cache: DecoderCache, mask: Tensor, start: Place, explicit: bool = False
    ) -> tuple[Tensor, DecoderCache]:
        x_BTD = self.target_embedding(target_BT, start)
        grown = []
        for index, layer in enumerate(self.decoder):
            past = cache.past[index] if cache.past else None
            x_BTD, past = layer(x_BTD, past, cache.memory[index], mask, cache.source_mask_B11S, start, explicit)
            grown.append(past)
        return self.decoder_norm(x_BTD), replace(cache, past=tuple(grown))

    def logits(self, x_BTD: Tensor) -> Tensor:
        """Hidden states (..., D) to a score for each word of the vocabulary (..., V)."""
        logits: Tensor = self.generator(x_BTD)
        return logits

    def forward(self, source_BS: Tensor, target_BT: Tensor, explicit: bool = False) -> Tensor:
        """Logits (B, T, V): at each target position, for the word that comes next."""
        hidden_BTD, _ = self.decode(target_BT, self.start(self.encode(source_BS, explicit)), explicit)
        return self.logits(hidden_BTD)


def shift_right(target_BT: Tensor, start_id: int) -> Tensor:
    """The decoder's input for the target ids (B, T): begin with `start_id`, drop the last column."""
    return functional.pad(target_BT[:, :-1], (1, 0), value=start_id)


def real_tokens(target_BT: Tensor) -> Tensor:
    """(B, T) boolean: which targets are words and count in the loss."""
    return target_BT != PAD
