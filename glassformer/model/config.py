"""The shape of a Transformer: one frozen, validated config and the named presets."""

from dataclasses import dataclass
from typing import Literal, get_args, get_origin, get_type_hints

from glassformer.errors import InputError, UsageError, nearest
from glassformer.special import BOS

Values = dict[str, int | float | str]
Activation = Literal["relu", "gelu", "silu", "reglu", "geglu", "swiglu"]


@dataclass(frozen=True)
class ModelConfig:
    """Everything that decides the network's shape and formulas ("Attention Is All You Need").

    Where a field's default is not the paper's, or the field is not in the paper, it says so.
    Raises UsageError if the fields contradict each other.
    """

    vocab_size: int  # of the target; of the source too where they share one table
    source_vocab_size: int | None = None  # a separate source table of this size; None: one shared table
    d_model: int = 512
    num_heads: int = 8
    num_kv_heads: int | None = None  # grouped keys and values (Ainslie et al. 2023); None: num_heads
    encoder_layers: int = 6
    decoder_layers: int = 6
    d_ff: int = 2048
    dropout: float = 0.1  # on each sublayer's output and on the embedded input (section 5.4)
    activation: Activation = "relu"  # ...glu: gated variants (Shazeer 2020)
    norm: Literal["layernorm", "rmsnorm"] = "layernorm"
    norm_position: Literal["post", "pre"] = "post"  # post is the paper's; pre: Xiong et al. 2020
    norm_eps: float = 1e-5
    final_norm: bool | None = None  # after each stack; None: only where norm_position is pre
    positions: Literal["sinusoidal", "learned", "rotary"] = "sinusoidal"
    position_layout: Literal["interleaved", "halves"] = "interleaved"  # halves: all sines, then all cosines
    max_length: int = 512  # tokens of the longest sentence admitted, `</s>` included
    embedding_scale: bool = True  # by sqrt(d_model) (section 3.4)
    tie_embeddings: bool = True  # the output layer is the target table (Press & Wolf 2017)
    bias: bool = True  # in every projection; the paper has none in attention's, torch does
    output_bias: bool = False  # one number for each word of the vocabulary, added to the logits
    decoder_start_id: int = BOS  # what decoding begins with; some checkpoints begin with <pad>

    def __post_init__(self) -> None:
        # None means "follows from the rest"; it is settled here so that config.json holds facts.
        if self.num_kv_heads is None:
            object.__setattr__(self, "num_kv_heads", self.num_heads)
        if self.final_norm is None:
            object.__setattr__(self, "final_norm", self.norm_position == "pre")
        self._validate()

    def _validate(self) -> None:
        for name, hint in get_type_hints(ModelConfig).items():
            if get_origin(hint) is Literal and getattr(self, name) not in get_args(hint):
                raise UsageError(
                    f"{name} = {getattr(self, name)!r}; {nearest(str(getattr(self, name)), get_args(hint))}"
                )
        for name in ("vocab_size", "d_model", "num_heads", "num_kv_heads", "encoder_layers",
                     "decoder_layers", "d_ff", "max_length"):  # fmt: skip
            if getattr(self, name) < 1:
                raise UsageError(f"{name} = {getattr(self, name)} must be at least 1")
        if self.source_vocab_size is not None and self.source_vocab_size < 1:
            raise UsageError(f"source_vocab_size = {self.source_vocab_size} must be at least 1")
        if self.d_model % self.num_heads:
            raise UsageError(
                f"num_heads = {self.num_heads} does not divide d_model = {self.d_model}; "
                "each head gets d_model / num_heads columns"
            )
        if self.num_heads % self.kv_heads:
            raise UsageError(f"num_kv_heads = {self.kv_heads} does not divide num_heads = {self.num_heads}")
        if not 0 <= self.dropout < 1:
            raise UsageError(f"dropout = {self.dropout} must be at least 0 and below 1")
        if self.norm_eps <= 0:
            raise UsageError(f"norm_eps = {self.norm_eps} must be above 0")
        if self.positions == "sinusoidal" and self.d_model % 2:
            raise UsageError(f"sinusoidal positions need an even d_model, not {self.d_model}")
        if self.positions == "rotary" and self.head_width % 2:
            raise UsageError(f"rotary positions need an even head width, not {self.head_width}")
        if not 0 <= self.decoder_start_id < self.vocab_size:
            raise UsageError(f"decoder_start_id = {self.decoder_start_id} is outside the vocabulary")

    @property
    def head_width(self) -> int:
        """Columns of one head: d_k = d_model / num_heads."""
        return self.d_model // self.num_heads

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
    "glass": _shape((2, 2), 32, 64, 2, 0.0),  # small enough to look at every number
    "tiny": _shape((4, 4), 128, 256, 4, 0.3),  # Wu et al. 2021, "Good for Misconceived Reasons"
    "small": _shape((3, 3), 256, 1024, 4, 0.1),
    "base": _shape((6, 6), 512, 2048, 8, 0.1),  # the paper's table 3
    "big": _shape((6, 6), 1024, 4096, 16, 0.3),  # the paper's table 3
    # Kasai et al. 2021; pre-norm, because twelve post-norm layers are hard to start.
    "deep-shallow": {**_shape((12, 1), 512, 2048, 8, 0.1), "norm_position": "pre"},
}


def preset(name: str) -> Values:
    """The config values of the preset `name`; UsageError with the nearest name if there is none."""
    if name not in PRESETS:
        raise UsageError(f"unknown preset '{name}'; {nearest(name, PRESETS)}")
    return dict(PRESETS[name])
