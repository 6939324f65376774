"""The shape of a Transformer: one frozen, validated config and the named presets."""

import math
from dataclasses import dataclass
from typing import Literal

from glassformer.arguments import take_fields
from glassformer.errors import InputError, UsageError, nearest
from glassformer.special import BOS

Values = dict[str, int | float | str]
Activation = Literal["relu", "gelu", "silu", "reglu", "geglu", "swiglu"]

# No model is larger, so that a number that is wrong is told before memory is asked for.
LARGEST = {
    "vocab_size": 1 << 24,
    "source_vocab_size": 1 << 24,
    "d_model": 1 << 16,
    "num_heads": 1 << 16,
    "num_kv_heads": 1 << 16,
    "encoder_layers": 1000,
    "decoder_layers": 1000,
    "d_ff": 1 << 20,
    "max_length": 1 << 17,
}
LARGEST_FIRST = 1000
LARGEST_TABLE = 1 << 26  # numbers of a table of positions, which no file of weights holds


@dataclass(frozen=True)
class ModelConfig:
    """Everything that decides the network's shape and formulas ("Attention Is All You Need").

    Raises UsageError if the fields contradict each other.
    """

    vocab_size: int
    """Size of the target's vocabulary, and of the source's where they share one; the control tokens and the 256 bytes
    are part of it. Where none is given, or null, training takes those, the characters of the text, and of longer pieces
    twice the square root of the number of characters: 2,700 short pairs get 1,200, 29,000 captions 4,200; at most
    32,000.
    Range: at least 261 and at most 16,777,216 in training; at least 1 in a model on its own. Unit: tokens.
    Source: ours, measured in docs/benchmarks/robust_training.md; section 5.1 has about 37,000.
    """

    source_vocab_size: int | None = None
    """Size of a vocabulary and an embedding table of the source's own; null: it shares the target's.
    Range: at least 261 and at most 16,777,216 in training. Unit: tokens. Source: section 3.4 shares one table.
    """

    d_model: int = 512
    """Width of what flows from sublayer to sublayer. It must be even for sinusoidal positions.
    Range: at least 1 and at most 65,536, and a multiple of `num_heads`. Unit: numbers per token.
    Source: section 3.1, table 3.
    """

    num_heads: int = 8
    """Heads of each attention; each has d_k = d_model / num_heads columns, an even number for rotary positions.
    Range: at least 1. Unit: heads. Source: section 3.2.2, table 3.
    """

    num_kv_heads: int | None = None
    """Heads of keys and values; fewer than `num_heads` are shared among the heads of the queries, 1 by all of them.
    null: as many as `num_heads`.
    Range: at least 1, and a divisor of `num_heads`. Unit: heads.
    Source: not in the paper; Ainslie et al. 2023, section 2.2, and for 1 Shazeer 2019.
    """

    encoder_layers: int = 6
    """Layers of the encoder. Range: at least 1 and at most 1,000. Unit: layers. Source: section 3.1, table 3 (N)."""

    decoder_layers: int = 6
    """Layers of the decoder. Range: at least 1 and at most 1,000. Unit: layers. Source: section 3.1, table 3 (N)."""

    d_ff: int = 2048
    """Width inside the feed-forward sublayers. Range: at least 1 and at most 1,048,576. Unit: numbers per token.
    Source: section 3.3, table 3.
    """

    dropout: float = 0.1
    """Share of the numbers of each sublayer's output and of the embedded input that are set to zero in training;
    attention weights and the inside of the feed-forward sublayer have none. No other setting of the model may change
    once it is trained.
    Range: at least 0 and below 1. Unit: probability. Source: section 5.4, table 3.
    """

    activation: Activation = "relu"
    """What stands between the two matrices of the feed-forward sublayer. The `...glu` ones multiply it by a third
    matrix's product, which adds half as many parameters for the same `d_ff`.
    Source: section 3.3 (relu); Hendrycks & Gimpel 2016 (gelu), Elfwing et al. 2018 (silu), Shazeer 2020 (gated).
    """

    norm: Literal["layernorm", "rmsnorm"] = "layernorm"
    """Normalisation over the `d_model` numbers of a token; rmsnorm leaves out the mean and the bias.
    Source: section 3.1, Ba et al. 2016 (layernorm); Zhang & Sennrich 2019 (rmsnorm).
    """

    norm_position: Literal["post", "pre"] = "post"
    """Where each sublayer is normalised: post, norm(x + f(x)), or pre, x + f(norm(x)).
    Source: section 3.1 (post); Xiong et al. 2020 (pre).
    """

    norm_eps: float = 1e-5
    """Added to the variance (rmsnorm: to the mean square) before its root is divided by.
    Range: above 0 and at most 1. Unit: none. Source: the paper does not say; 1e-5 is torch's `LayerNorm`'s.
    """

    final_norm: bool | None = None
    """Whether one more norm follows each stack; null: only where `norm_position` is pre.
    Source: the paper has none; Xiong et al. 2020 add it for pre.
    """

    positions: Literal["sinusoidal", "learned", "rotary"] = "sinusoidal"
    """How the place of a token is told: by a vector added to its embedding, fixed or learned, or by rotating queries
    and keys in self-attention.
    Source: section 3.5 (sinusoidal); Gehring et al. 2017 (learned); Su et al. 2021, section 3.2.2 (rotary).
    """

    position_layout: Literal["interleaved", "halves"] = "interleaved"
    """Columns of the sinusoidal table: sine and cosine in turns, or all sines and then all cosines. It matters only for
    parameters that come from elsewhere.
    Source: section 3.5 (interleaved); Marian and fairseq have halves.
    """

    position_exponent: Literal["paper", "tensor2tensor"] = "paper"
    """The exponent of sinusoidal positions in pair i of columns: paper, 2i / d_model; tensor2tensor,
    2i / (d_model - 2), which wants a d_model of at least 4. It matters only for parameters that come from elsewhere.
    Source: section 3.5 (paper); Marian, fairseq and the paper's own code have tensor2tensor.
    """

    first_position: int = 0
    """The position of a sentence's first token, of sinusoidal positions. It matters only for parameters that come from
    elsewhere.
    Range: at least 0 and at most 1,000. Unit: position. Source: ours; the paper does not say, fairseq has 2.
    """

    max_length: int = 512
    """Longest sentence that the model admits, `</s>` included. A longer one is refused in translation, and in training
    it is the problem `too_long` (see `drop`).
    Range: at least 1 and at most 131,072. Unit: tokens. Source: ours.
    """

    embedding_scale: bool = True
    """Whether embeddings are multiplied by the root of `d_model`. Source: section 3.4."""

    embedding_norm: bool = False
    """Whether each embedded token, its position added, is normalised before the first layer.
    Source: the paper has none; Lewis et al. 2020.
    """

    tie_embeddings: bool = True
    """Whether the output layer's matrix is the target's embedding table.
    Source: section 3.4; Press & Wolf 2017.
    """

    bias: bool = True
    """Whether the projections of attention and the feed-forward sublayers add a bias.
    Source: section 3.3 has biases; in attention (section 3.2.2) the paper has none, and torch has.
    """

    output_bias: bool = False
    """Whether the output layer adds one learned number to the logit of each token of the vocabulary.
    Source: section 3.4 has none; Marian has.
    """

    decoder_start_id: int = BOS
    """Id of the token that decoding begins with: `<s>`. Some models that come from elsewhere begin with `<pad>`, 0.
    Range: at least 0 and below `vocab_size`. Unit: token id. Source: ours; the paper does not say.
    """

    def __post_init__(self) -> None:
        take_fields(self)
        # None means "follows from the rest"; it is settled here so that config.json holds facts.
        if self.num_kv_heads is None:
            object.__setattr__(self, "num_kv_heads", self.num_heads)
        if self.final_norm is None:
            object.__setattr__(self, "final_norm", self.norm_position == "pre")
        self._validate()

    def _validate(self) -> None:
        for name, most in LARGEST.items():
            value = getattr(self, name)
            if value is not None and not 1 <= value <= most:
                raise UsageError(f"{name} = {value} must be at least 1 and at most {most:,}")
        if self.max_length * self.d_model > LARGEST_TABLE:
            raise UsageError(
                f"max_length * d_model = {self.max_length * self.d_model:,} is more than {LARGEST_TABLE:,}"
            )
        if self.d_model % self.num_heads:
            raise UsageError(
                f"num_heads = {self.num_heads} does not divide d_model = {self.d_model}; "
                "each head gets d_model / num_heads columns"
            )
        if self.num_heads % self.kv_heads:
            raise UsageError(f"num_kv_heads = {self.kv_heads} does not divide num_heads = {self.num_heads}")
        if not 0 <= self.dropout < 1:
            raise UsageError(f"dropout = {self.dropout} must be at least 0 and below 1")
        if not 0 < self.norm_eps <= 1:
            raise UsageError(f"norm_eps = {self.norm_eps} must be above 0 and at most 1")
        if self.positions == "sinusoidal" and self.d_model % 2:
            raise UsageError(f"sinusoidal positions need an even d_model, not {self.d_model}")
        if not 0 <= self.first_position <= LARGEST_FIRST:
            raise UsageError(f"first_position = {self.first_position} must be at least 0 and at most {LARGEST_FIRST:,}")
        if self.positions != "sinusoidal" and self.first_position:
            raise UsageError(f"first_position = {self.first_position} is of sinusoidal positions, not {self.positions}")
        if self.position_exponent == "tensor2tensor" and self.d_model < 4:
            raise UsageError(f"position_exponent = tensor2tensor needs a d_model of at least 4, not {self.d_model}")
        if self.positions == "rotary" and self.head_width % 2:
            raise UsageError(f"rotary positions need an even head width, not {self.head_width}")
        if not 0 <= self.decoder_start_id < self.vocab_size:
            raise UsageError(f"decoder_start_id = {self.decoder_start_id} is outside the vocabulary")

    @property
    def gated(self) -> bool:
        """Whether the feed-forward multiplies one linear map by the activation of another (Shazeer 2020)."""
        return self.activation in ("reglu", "geglu", "swiglu")

    @property
    def head_width(self) -> int:
        """Columns of one head: d_k = d_model / num_heads."""
        return self.d_model // self.num_heads

    @property
    def embedding_factor(self) -> float:
        """sqrt(d_model), by which embeddings are multiplied (section 3.4); 1 without `embedding_scale`."""
        return math.sqrt(self.d_model) if self.embedding_scale else 1

    @property
    def score_divisor(self) -> float:
        """sqrt(d_k), by which attention's scores are divided (section 3.2.1)."""
        return math.sqrt(self.head_width)

    @property
    def kv_heads(self) -> int:
        """`num_kv_heads`, settled: never None."""
        return self.num_kv_heads or self.num_heads

    def check_length(self, length: int, what: str = "a sentence", advice: str = "split the sentence") -> None:
        """Raise InputError if `what` has more tokens, `</s>` included, than the model admits."""
        if length > self.max_length:
            raise InputError(f"{what}: {length} tokens, but the model admits {self.max_length} (max_length); {advice}")


def _shape(layers: tuple[int, int], d_model: int, d_ff: int, heads: int, dropout: float) -> Values:
    return {
        "encoder_layers": layers[0],
        "decoder_layers": layers[1],
        "d_model": d_model,
        "d_ff": d_ff,
        "num_heads": heads,
        "dropout": dropout,
    }


PRESETS: dict[str, Values] = {
    "glass": _shape((2, 2), 32, 64, 2, 0.0),
    "tiny": _shape((4, 4), 128, 256, 4, 0.3),
    "small": _shape((3, 3), 256, 1024, 4, 0.1),
    "base": _shape((6, 6), 512, 2048, 8, 0.1),
    "big": _shape((6, 6), 1024, 4096, 16, 0.3),
    "deep-shallow": {**_shape((12, 1), 512, 2048, 8, 0.1), "norm_position": "pre"},
    "student": _shape((6, 2), 256, 1024, 4, 0.1),
}
"""`glass`, `small` and `student` are ours, `glass` small enough to look at every number; `tiny` is that of Wu et al.
2021; `base` and `big` are the paper's (table 3); `deep-shallow` is that of Kasai et al. 2021, but pre-norm, because
twelve post-norm layers are hard to start; `student` is for speed (docs/how_to/distil.md). Training takes `tiny`
where none is named; `ModelConfig()` without a preset is `base`.
"""


def preset(name: str) -> Values:
    """The config values of the preset `name`; UsageError with the nearest name if there is none."""
    if name not in PRESETS:
        raise UsageError(f"unknown preset '{name}'; {nearest(name, PRESETS)}")
    return dict(PRESETS[name])
