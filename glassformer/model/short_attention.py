"""Scaled dot-product attention for sentences on a GPU: all queries and keys of a head at once, in one Triton program.

Kernels for long texts go over the keys in blocks of 64 or 128, most of which a sentence leaves empty: on an H100
torch's took 9.0 of the 45 ms of a training step of `base`, with 32 tokens a side. Here nothing but queries, keys,
values and their gradients is read or written; the weights are computed again for the gradient. No sum depends on the
order in which programs run.

Axes: B batch, H heads, T queries, S keys, K head width; within a kernel, the powers of two that hold them.
"""

from typing import Any

# mypy: disable-error-code="untyped-decorator"
import triton
import triton.language as tl
from torch import Tensor
from torch.library import custom_op

SMALLEST = 16  # rows or columns of a matrix product in Triton


@triton.jit
def _block(pointer, stride_b, stride_h, stride_row, heads, ROWS: tl.constexpr, K: tl.constexpr):  # type: ignore[no-untyped-def]
    """Where the rows (ROWS, K) of this program's sentence and head are."""
    sentence, head = (tl.program_id(0) // heads).to(tl.int64), tl.program_id(0) % heads
    rows, columns = tl.arange(0, ROWS)[:, None], tl.arange(0, K)[None, :]
    return pointer + sentence * stride_b + head * stride_h + rows * stride_row + columns


@triton.jit
def _read(pointer, stride_b, stride_h, stride_row, heads, count, ROWS: tl.constexpr, K: tl.constexpr):  # type: ignore[no-untyped-def]
    """The rows of this program's sentence and head, of which `count` are there; zeros for the others."""
    there = tl.arange(0, ROWS)[:, None] < count
    return tl.load(_block(pointer, stride_b, stride_h, stride_row, heads, ROWS, K), mask=there, other=0.0)


@triton.jit
def _write(values, pointer, stride_b, stride_h, stride_row, heads, count, ROWS: tl.constexpr, K: tl.constexpr):  # type: ignore[no-untyped-def]
    """Put the first `count` rows where those of this program's sentence and head are."""
    there = tl.arange(0, ROWS)[:, None] < count
    places = _block(pointer, stride_b, stride_h, stride_row, heads, ROWS, K)
    tl.store(places, values.to(pointer.dtype.element_ty), mask=there)


@triton.jit
def _weights(q_TK, k_SK, mask, mask_b, mask_t, mask_s, heads, queries, keys, scale, T: tl.constexpr, S: tl.constexpr):  # type: ignore[no-untyped-def]
    """softmax(q k^T scale) over the keys that the mask allows, float32 (T, S); zeros where it allows none."""
    sentence = (tl.program_id(0) // heads).to(tl.int64)
    t, s = tl.arange(0, T)[:, None], tl.arange(0, S)[None, :]
    places = mask + sentence * mask_b + t * mask_t + s * mask_s
    allowed_TS = tl.load(places, mask=(t < queries) & (s < keys), other=0) != 0
    scores_TS = tl.where(allowed_TS, tl.dot(q_TK, tl.trans(k_SK)) * scale, float("-inf"))
    highest_T = tl.max(scores_TS, 1)
    exponentials_TS = tl.exp(scores_TS - tl.where(highest_T == float("-inf"), 0.0, highest_T)[:, None])
    sums_T = tl.sum(exponentials_TS, 1)
    return exponentials_TS / tl.where(sums_T == 0.0, 1.0, sums_T)[:, None]


@triton.jit
def _forward(  # type: ignore[no-untyped-def]
    q, k, v, mask, out,
    q_b, q_h, q_t, k_b, k_h, k_s, v_b, v_h, v_s, mask_b, mask_t, mask_s, out_b, out_h, out_t,
    heads, queries, keys, scale, T: tl.constexpr, S: tl.constexpr, K: tl.constexpr,
):  # fmt: skip
    q_TK = _read(q, q_b, q_h, q_t, heads, queries, T, K)
    k_SK = _read(k, k_b, k_h, k_s, heads, keys, S, K)
    v_SK = _read(v, v_b, v_h, v_s, heads, keys, S, K)
    weights_TS = _weights(q_TK, k_SK, mask, mask_b, mask_t, mask_s, heads, queries, keys, scale, T, S)
    heads_TK = tl.dot(weights_TS.to(v_SK.dtype), v_SK)
    _write(heads_TK, out, out_b, out_h, out_t, heads, queries, T, K)


@triton.jit
def _backward(  # type: ignore[no-untyped-def]
    q, k, v, mask, d_out, d_q, d_k, d_v,
    q_b, q_h, q_t, k_b, k_h, k_s, v_b, v_h, v_s, mask_b, mask_t, mask_s, d_out_b, d_out_h, d_out_t,
    d_q_b, d_q_h, d_q_t, d_k_b, d_k_h, d_k_s,
    heads, queries, keys, scale, T: tl.constexpr, S: tl.constexpr, K: tl.constexpr,
):  # fmt: skip
    q_TK = _read(q, q_b, q_h, q_t, heads, queries, T, K)
    k_SK = _read(k, k_b, k_h, k_s, heads, keys, S, K)
    v_SK = _read(v, v_b, v_h, v_s, heads, keys, S, K)
    d_out_TK = _read(d_out, d_out_b, d_out_h, d_out_t, heads, queries, T, K)
    weights_TS = _weights(q_TK, k_SK, mask, mask_b, mask_t, mask_s, heads, queries, keys, scale, T, S)
    d_v_SK = tl.dot(tl.trans(weights_TS.to(d_out_TK.dtype)), d_out_TK)
    # Softmax: d score = weight (d weight - sum over keys of weight * d weight).
    d_weights_TS = tl.dot(d_out_TK, tl.trans(v_SK))
    d_scores_TS = weights_TS * (d_weights_TS - tl.sum(weights_TS * d_weights_TS, 1)[:, None]) * scale
    d_scores_TS = d_scores_TS.to(q_TK.dtype)
    _write(tl.dot(d_scores_TS, k_SK), d_q, d_q_b, d_q_h, d_q_t, heads, queries, T, K)
    _write(tl.dot(tl.trans(d_scores_TS), q_TK), d_k, d_k_b, d_k_h, d_k_s, heads, keys, S, K)
    _write(d_v_SK, d_v, d_k_b, d_k_h, d_k_s, heads, keys, S, K)


@custom_op("glassformer::short_attention", mutates_args=(), device_types="cuda")
def attend(q_BHTK: Tensor, k_BHSK: Tensor, v_BHSK: Tensor, mask: Tensor) -> Tensor:
    """softmax(q k^T / sqrt(K)) v over the keys where `mask`, boolean, is True; (B, H, T, K).

    `mask` broadcasts to (B, 1, T, S). Where it allows nothing, the result is zero.
    """
    q_BHTK, k_BHSK, v_BHSK = map(_with_rows, (q_BHTK, k_BHSK, v_BHSK))
    out_BHTK = _empty_like(q_BHTK)
    tensors = q_BHTK, k_BHSK, v_BHSK, _spread(mask, q_BHTK, k_BHSK), out_BHTK
    _forward[_grid(q_BHTK)](*tensors, *_strides(*tensors), **_sizes(q_BHTK, k_BHSK))
    return out_BHTK


@custom_op("glassformer::short_attention_backward", mutates_args=(), device_types="cuda")
def _gradients(
    q_BHTK: Tensor, k_BHSK: Tensor, v_BHSK: Tensor, mask: Tensor, d_out_BHTK: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    q_BHTK, k_BHSK, v_BHSK, d_out_BHTK = map(_with_rows, (q_BHTK, k_BHSK, v_BHSK, d_out_BHTK))
    d_q_BHTK, d_k_BHSK, d_v_BHSK = _empty_like(q_BHTK), _empty_like(k_BHSK), _empty_like(k_BHSK)
    given = q_BHTK, k_BHSK, v_BHSK, _spread(mask, q_BHTK, k_BHSK), d_out_BHTK
    strides = _strides(*given, d_q_BHTK, d_k_BHSK)
    _backward[_grid(q_BHTK)](*given, d_q_BHTK, d_k_BHSK, d_v_BHSK, *strides, **_sizes(q_BHTK, k_BHSK))
    return d_q_BHTK, d_k_BHSK, d_v_BHSK


@attend.register_fake
def _(q_BHTK: Tensor, k_BHSK: Tensor, v_BHSK: Tensor, mask: Tensor) -> Tensor:
    return _empty_like(q_BHTK)


@_gradients.register_fake
def _(
    q_BHTK: Tensor, k_BHSK: Tensor, v_BHSK: Tensor, mask: Tensor, d_out_BHTK: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    return _empty_like(q_BHTK), _empty_like(k_BHSK), _empty_like(k_BHSK)


def _keep(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    ctx.save_for_backward(*inputs)


def _differentiate(ctx: Any, d_out_BHTK: Tensor) -> tuple[Tensor | None, ...]:
    return *_gradients(*ctx.saved_tensors, d_out_BHTK), None


attend.register_autograd(_differentiate, setup_context=_keep)


def _with_rows(tensor: Tensor) -> Tensor:
    """With the numbers of a row side by side."""
    return tensor if tensor.stride(-1) == 1 else tensor.contiguous()


def _empty_like(x_BHTK: Tensor) -> Tensor:
    """In the order (B, T, H, K), in which the heads stand side by side for the product that follows."""
    batch, heads, rows, width = x_BHTK.shape
    return x_BHTK.new_empty(batch, rows, heads, width).transpose(1, 2)


def _spread(mask: Tensor, q_BHTK: Tensor, k_BHSK: Tensor) -> Tensor:
    """(B, T, S), without copying."""
    shape = len(q_BHTK), 1, q_BHTK.shape[2], k_BHSK.shape[2]
    return mask.expand(shape)[:, 0]


def _strides(*tensors: Tensor) -> list[int]:
    """Of the axes that a kernel steps over."""
    return [stride for tensor in tensors for stride in tensor.stride()[:3]]


def _grid(q_BHTK: Tensor) -> tuple[int]:
    return (q_BHTK.shape[0] * q_BHTK.shape[1],)


def _sizes(q_BHTK: Tensor, k_BHSK: Tensor) -> dict[str, Any]:
    (_, heads, queries, width), keys = q_BHTK.shape, k_BHSK.shape[2]
    rows, columns = (max(SMALLEST, triton.next_power_of_2(size)) for size in (queries, keys))
    largest = max(rows, columns) * max(
        rows, columns, width
    )  # numbers of a matrix: a warp's registers hold 1,024 of each
    return {
        "heads": heads, "queries": queries, "keys": keys, "scale": width**-0.5,
        "T": rows, "S": columns, "K": width, "num_warps": min(8, max(1, largest // 1024)),
    }  # fmt: skip
