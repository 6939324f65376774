"""Scaled dot-product and multi-head attention; the only file that chooses an attention kernel.

Masks are boolean, True = may attend, and are made here. "Attention Is All You Need", section 3.2.

Axes: B batch, S keys (source positions), T queries (target positions), D d_model, H heads, G key-value heads, K head
width.
"""

import importlib.util
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from glassformer.model.cache import KeysValues
from glassformer.model.config import ModelConfig
from glassformer.model.positions import Place, Rotary
from glassformer.special import PAD

SHORT, KEYS_OF_ONE = 64, 256  # queries and keys of the kernel for sentences; keys of a single query, as in decoding
EXPLICIT_KEYS = {torch.float32: 64, torch.bfloat16: 256}  # up to which a CPU trains faster with the explicit kernel
HAS_TRITON = importlib.util.find_spec("triton") is not None  # it comes with torch for CUDA, on Linux


def padding_mask(ids_BS: Tensor) -> Tensor:
    """(B, 1, 1, S): True at words, False at `<pad>`."""
    return (ids_BS != PAD)[:, None, None, :]


def look_ahead_mask(queries: int, keys: int, device: torch.device | None = None, start: Place | None = None) -> Tensor:
    """(T, S): query t may attend to keys up to its own place, never to the future.

    The first query's place is `start`; without it the last query's is that of the last key: where there are more keys
    than queries, the first S - T keys are the cached past, which every query sees.
    """
    start = keys - queries if start is None else start
    places_T1 = start + torch.arange(queries, device=device)[:, None]
    return torch.arange(keys, device=device) <= places_T1


class Scores(nn.Module):
    """Q K^T: how well each query fits each key."""

    def forward(self, q_BHTK: Tensor, k_BHSK: Tensor) -> Tensor:
        return q_BHTK @ k_BHSK.transpose(-1, -2)


class Scale(nn.Module):
    """Division by sqrt(d_k): scores of unit-variance vectors have variance d_k without it."""

    def __init__(self, divisor: float) -> None:
        super().__init__()
        self.divisor = divisor

    def forward(self, scores_BHTS: Tensor) -> Tensor:
        return scores_BHTS / self.divisor


class Mask(nn.Module):
    """-inf where the mask is False; a row in which nothing may be attended is left for Softmax."""

    def forward(self, scores_BHTS: Tensor, mask: Tensor) -> Tensor:
        return scores_BHTS.masked_fill(~mask & mask.any(-1, keepdim=True), -math.inf)


class Softmax(nn.Module):
    """Each row a distribution over the keys it may attend to; zeros where there is none, never NaN."""

    def forward(self, scores_BHTS: Tensor, mask: Tensor) -> Tensor:
        weights_BHTS = scores_BHTS.softmax(-1)
        # Mask has given -inf, thus 0, in all rows but those; to go over all weights again would cost a tenth. To ask
        # for them would cost more on a GPU, which had to be waited for, and end what is compiled.
        can_ask = mask.device.type == "cpu" and not torch.compiler.is_compiling()
        return weights_BHTS if can_ask and bool(mask.any(-1).all()) else weights_BHTS.masked_fill(~mask, 0.0)


class WeightedSum(nn.Module):
    """The weights times V: what each query takes away."""

    def forward(self, weights_BHTS: Tensor, v_BHSK: Tensor) -> Tensor:
        return weights_BHTS @ v_BHSK


class MultiHeadAttention(nn.Module):
    """MultiHead(Q, K, V) = Concat(head_1..head_H) W_O,  head = softmax(q k^T / sqrt(d_k)) v.

    q = x W_Q; k = y W_K and v = y W_V, where y is x itself (self-attention) or the encoder's output
    (cross-attention). Section 3.2.2. With fewer key-value heads than heads, H / G heads share one
    (Ainslie et al. 2023). Two kernels compute the same: torch's fused one, which keeps no weights,
    and the explicit one, whose every step is a submodule that can be observed.
    """

    def __init__(self, config: ModelConfig, rotary: bool = False) -> None:
        super().__init__()
        self.num_heads, self.kv_heads = config.num_heads, config.kv_heads
        kv_width = config.kv_heads * config.head_width
        self.query = nn.Linear(config.d_model, config.d_model, bias=config.bias)
        self.key = nn.Linear(config.d_model, kv_width, bias=config.bias)
        self.value = nn.Linear(config.d_model, kv_width, bias=config.bias)
        self.output = nn.Linear(config.d_model, config.d_model, bias=config.bias)
        self.rotary = Rotary(config.max_length, config.head_width) if rotary else None
        self.scores = Scores()
        self.scale = Scale(config.score_divisor)
        self.mask = Mask()
        self.softmax = Softmax()
        self.weighted_sum = WeightedSum()

    def keys_values(self, y_BSD: Tensor, start: Place = 0) -> KeysValues:
        """Keys and values of the positions y (B, S, D), the first of which is position `start`."""
        k_BGSK = _split_heads(self.key(y_BSD), self.kv_heads)
        v_BGSK = _split_heads(self.value(y_BSD), self.kv_heads)
        return KeysValues(self.rotary(k_BGSK, start) if self.rotary else k_BGSK, v_BGSK)

    def forward(self, x_BTD: Tensor, kv: KeysValues, mask: Tensor, start: Place = 0, explicit: bool = False) -> Tensor:
        """Attend from x (B, T, D), whose first row is position `start`, to the keys; (B, T, D).

        `mask` is boolean and broadcasts to (B, H, T, S).
        """
        q_BHTK = _split_heads(self.query(x_BTD), self.num_heads)
        if self.rotary:
            q_BHTK = self.rotary(q_BHTK, start)
        kernel = self._explicit if explicit or _faster_explicit(q_BHTK, kv) else _fused
        heads_BHTK = kernel(q_BHTK, *self._shared(kv), mask)
        output_BTD: Tensor = self.output(heads_BHTK.transpose(1, 2).flatten(2))
        return output_BTD

    def _shared(self, kv: KeysValues) -> KeysValues:
        """One key-value head for each query head."""
        if self.kv_heads == self.num_heads:
            return kv
        return KeysValues(*(t.repeat_interleave(self.num_heads // self.kv_heads, dim=1) for t in kv))

    def _explicit(self, q_BHTK: Tensor, k_BHSK: Tensor, v_BHSK: Tensor, mask: Tensor) -> Tensor:
        scores = self.mask(self.scale(self.scores(q_BHTK, k_BHSK)), mask)
        heads_BHTK: Tensor = self.weighted_sum(self.softmax(scores, mask), v_BHSK)
        return heads_BHTK


def _faster_explicit(q_BHTK: Tensor, kv: KeysValues) -> bool:
    """Whether the explicit kernel takes less time than the fused one, and little memory.

    On the CPU, forward and backward, in bfloat16 0.4 of the time at 15 keys and as long at 250; in float32 0.5 at 8
    and 0.9 at 60. Forward alone it takes twice the time in bfloat16.
    """
    trains = q_BHTK.device.type == "cpu" and torch.is_grad_enabled()
    return trains and kv.keys_BGSK.shape[2] <= EXPLICIT_KEYS.get(q_BHTK.dtype, 0)


def _trains_in_bfloat16(q_BHTK: Tensor) -> bool:
    return q_BHTK.device.type == "cpu" and q_BHTK.dtype == torch.bfloat16 and torch.is_grad_enabled()


def is_short(q_BHTK: Tensor, k_BHSK: Tensor) -> bool:
    """Whether the kernel for sentences can take these: few queries and keys, in 16 bits on CUDA."""
    (*_, queries, width), keys = q_BHTK.shape, k_BHSK.shape[2]
    fits = queries <= SHORT and keys <= (SHORT if queries > 1 else KEYS_OF_ONE) and width in (16, 32, 64, 128)
    return q_BHTK.is_cuda and q_BHTK.dtype in (torch.bfloat16, torch.float16) and fits and HAS_TRITON


def _fused(q_BHTK: Tensor, k_BHSK: Tensor, v_BHSK: Tensor, mask: Tensor) -> Tensor:
    if is_short(q_BHTK, k_BHSK):
        from glassformer.model import short_attention  # needs Triton

        heads_BHTK: Tensor = short_attention.attend(q_BHTK, k_BHSK, v_BHSK, mask)
        return heads_BHTK
    attend = functional.scaled_dot_product_attention
    if not _trains_in_bfloat16(q_BHTK):
        return attend(q_BHTK, k_BHSK, v_BHSK, attn_mask=mask)
    # On the CPU torch's bfloat16 kernel runs backward nine times as long as its float32 one.
    with torch.autocast("cpu", enabled=False):
        return attend(q_BHTK.float(), k_BHSK.float(), v_BHSK.float(), attn_mask=mask).bfloat16()


def _split_heads(x_BSD: Tensor, heads: int) -> Tensor:
    x_BHSK: Tensor = x_BSD.unflatten(-1, (heads, -1)).transpose(1, 2)
    return x_BHSK
