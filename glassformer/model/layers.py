"""What an encoder and a decoder layer are made of, and the two layers themselves.

Axes: B batch, S source positions, T target positions, D d_model, F feed-forward width.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from glassformer.model.attention import MultiHeadAttention
from glassformer.model.cache import KeysValues
from glassformer.model.config import ModelConfig
from glassformer.model.positions import Place

# The gated variants multiply one linear map by the activation of another (Shazeer 2020).
GATED = {"reglu": nn.ReLU, "geglu": nn.GELU, "swiglu": nn.SiLU}
PLAIN = {"relu": nn.ReLU, "gelu": nn.GELU, "silu": nn.SiLU}


def make_norm(config: ModelConfig) -> nn.Module:
    """LayerNorm, (x - mean) / sqrt(var + eps) * g + b (Ba et al. 2016; population variance), or
    RMSNorm, x / sqrt(mean(x^2) + eps) * g (Zhang & Sennrich 2019); over the last axis."""
    kind = nn.LayerNorm if config.norm == "layernorm" else nn.RMSNorm
    return kind(config.d_model, eps=config.norm_eps)


class FeedForward(nn.Module):
    """FFN(x) = act(x W_1 + b_1) W_2 + b_2, for each position alone (section 3.3).

    Gated: (act(x W_g) * (x W_1)) W_2.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.inner = nn.Linear(config.d_model, config.d_ff, bias=config.bias)
        self.gate = nn.Linear(config.d_model, config.d_ff, bias=config.bias) if config.gated else None
        self.activation = (GATED if config.gated else PLAIN)[config.activation]()
        self.outer = nn.Linear(config.d_ff, config.d_model, bias=config.bias)

    def forward(self, x_BTD: Tensor) -> Tensor:
        inner_BTF = self.inner(x_BTD)
        hidden_BTF = self.activation(inner_BTF) if self.gate is None else self.activation(self.gate(x_BTD)) * inner_BTF
        outer_BTD: Tensor = self.outer(hidden_BTF)
        return outer_BTD


class Residual(nn.Module):
    """x + f(x): a shortcut for signal and gradient."""

    def forward(self, x_BTD: Tensor, fx_BTD: Tensor) -> Tensor:
        return x_BTD + fx_BTD


class Dropout(nn.Module):
    """While training: zero each number with probability p, multiply the others by 1 / (1 - p).

    Srivastava et al. 2014. On the CPU four 16-bit draws come from one random 64-bit number: torch's
    own draws one number for each element and takes three times as long. p is thereby rounded to a
    multiple of 2^-16. What is compiled draws as torch does.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        if x.device.type != "cpu" or torch.compiler.is_compiling():
            return functional.dropout(x, self.p)
        words = torch.empty((x.numel() + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
        draws = words.view(torch.int16)[: x.numel()].view(x.shape)
        kept = draws >= round(self.p * 2**16) - 2**15
        return x * kept.to(x.dtype).mul_(1 / (1 - self.p))


class AddNorm(nn.Module):
    """Add & norm around a sublayer f.

        post (the paper, section 3.1):    norm(x + dropout(f(x)))
        pre (Xiong et al. 2020):          x + dropout(f(norm(x)))

    `sublayer_input` gives what f reads; calling the module adds what f returned.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.pre = config.norm_position == "pre"
        self.norm = make_norm(config)
        self.dropout = Dropout(config.dropout)
        self.residual = Residual()

    def sublayer_input(self, x_BTD: Tensor) -> Tensor:
        h_BTD: Tensor = self.norm(x_BTD) if self.pre else x_BTD
        return h_BTD

    def forward(self, x_BTD: Tensor, fx_BTD: Tensor) -> Tensor:
        sum_BTD = self.residual(x_BTD, self.dropout(fx_BTD))
        y_BTD: Tensor = sum_BTD if self.pre else self.norm(sum_BTD)
        return y_BTD


class EncoderLayer(nn.Module):
    """Self-attention over the source, then feed-forward."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.self_attention = MultiHeadAttention(config, rotary=config.positions == "rotary")
        self.self_attention_norm = AddNorm(config)
        self.feed_forward = FeedForward(config)
        self.feed_forward_norm = AddNorm(config)

    def forward(self, x_BSD: Tensor, mask_B11S: Tensor, explicit: bool = False) -> Tensor:
        h_BSD = self.self_attention_norm.sublayer_input(x_BSD)
        kv = self.self_attention.keys_values(h_BSD)
        x_BSD = self.self_attention_norm(x_BSD, self.self_attention(h_BSD, kv, mask_B11S, explicit=explicit))
        y_BSD: Tensor = self.feed_forward_norm(x_BSD, self.feed_forward(self.feed_forward_norm.sublayer_input(x_BSD)))
        return y_BSD


class DecoderLayer(nn.Module):
    """Masked self-attention over the target so far, cross-attention to the source, feed-forward."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.self_attention = MultiHeadAttention(config, rotary=config.positions == "rotary")
        self.self_attention_norm = AddNorm(config)
        self.cross_attention = MultiHeadAttention(config)
        self.cross_attention_norm = AddNorm(config)
        self.feed_forward = FeedForward(config)
        self.feed_forward_norm = AddNorm(config)

    def forward(
        self,
        x_BTD: Tensor,
        past: KeysValues | None,
        memory: KeysValues,
        target_mask_TS: Tensor,
        source_mask_B11S: Tensor,
        start: Place = 0,
        explicit: bool = False,
    ) -> tuple[Tensor, KeysValues]:
        """The layer's output (B, T, D), and the past grown by these T positions, the first of which is `start`."""
        h_BTD = self.self_attention_norm.sublayer_input(x_BTD)
        now = self.self_attention.keys_values(h_BTD, start)
        past = past.append(now) if past else now
        attended = self.self_attention(h_BTD, past, target_mask_TS, start, explicit)
        x_BTD = self.self_attention_norm(x_BTD, attended)

        h_BTD = self.cross_attention_norm.sublayer_input(x_BTD)
        attended = self.cross_attention(h_BTD, memory, source_mask_B11S, explicit=explicit)
        x_BTD = self.cross_attention_norm(x_BTD, attended)

        return self.feed_forward_norm(x_BTD, self.feed_forward(self.feed_forward_norm.sublayer_input(x_BTD))), past
