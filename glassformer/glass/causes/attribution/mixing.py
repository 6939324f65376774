"""How much of each token read is in each state, by following mixtures through the layers.

Every attention sublayer mixes rows: a row of the result is made of itself (the residual) and of the rows that it
attends to, in shares that add up to 1. Layer by layer the shares multiply. Two ways to take the shares:

rollout (Abnar & Zuidema 2020): half to itself, half to the keys by attention's weights, mean of the heads. The paper
has encoders; in a decoder the halves of cross-attention go to what the encoder's states are made of.

ALTI+ (Ferrando et al. 2022a, b): by how near each summand of the sublayer's result comes to the result:
max(0, |y| - |y - T|), T being what one key, or the residual, adds to y, through the norm where one follows (with its
scale frozen), in the L1 norm. Biases belong to nobody. A feed-forward block mixes no rows, and is left out.

Axes: S source tokens, T target tokens, H heads, Q queries, N keys, D d_model, K head width, G key-value heads.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from glassformer.glass.causes.attribution.inputs import Attribution
from glassformer.glass.causes.tensors import Array, Tensors, numbers
from glassformer.glass.tensor import TracedTensor
from glassformer.model import ModelConfig


class Mixture(NamedTuple):
    """One sublayer's shares: of each query's own row, and of each key."""

    own_Q: Array
    keys_QN: Array


Mix = Callable[[Tensors, str], Mixture]


class Shares(NamedTuple):
    """What each target state is made of: source tokens and target tokens read; a row adds up to 1."""

    source_TS: Array
    target_TT: Array

    def at(self, step: int, method: str) -> Attribution:
        """The shares in the state of one step, as an attribution."""
        read = self.target_TT[step, : step + 1]
        return Attribution(method, tuple(map(float, self.source_TS[step])), tuple(map(float, read)))


def rollout(tensors: Tensors, config: ModelConfig) -> Shares:
    """Attention rollout."""
    return _shares(tensors, config, _halves)


def contributions(tensors: Tensors, config: ModelConfig) -> Shares:
    """ALTI+: the shares of source and of target prefix in each word. The trace must carry its parameters."""
    return _shares(tensors, config, _nearness)


def _shares(tensors: Tensors, config: ModelConfig, mix: Mix) -> Shares:
    encoder_SS = np.eye(tensors["source.ids"].shape[0])
    for layer in range(config.encoder_layers):
        own_Q, keys_QN = mix(tensors, f"encoder.{layer}.self_attention")
        encoder_SS = own_Q[:, None] * encoder_SS + keys_QN @ encoder_SS
    target_TT = np.eye(tensors["target.ids"].shape[0])
    source_TS = np.zeros((len(target_TT), len(encoder_SS)))
    for layer in range(config.decoder_layers):
        own_Q, keys_QN = mix(tensors, f"decoder.{layer}.self_attention")
        source_TS, target_TT = (own_Q[:, None] * x + keys_QN @ x for x in (source_TS, target_TT))
        own_Q, keys_QN = mix(tensors, f"decoder.{layer}.cross_attention")
        source_TS = own_Q[:, None] * source_TS + keys_QN @ encoder_SS
        target_TT = own_Q[:, None] * target_TT
    return Shares(source_TS, target_TT)


def _halves(tensors: Tensors, attention: str) -> Mixture:
    weights_QN = numbers(tensors, f"{attention}.weights").mean(0)
    return Mixture(np.full(len(weights_QN), 0.5), weights_QN / 2)


def _nearness(tensors: Tensors, attention: str) -> Mixture:
    summands_QND, own_QD, result_QD = _summands(tensors, attention)
    size_Q1 = np.abs(result_QD).sum(-1)[:, None]
    near_QN = np.maximum(0, size_Q1 - np.abs(result_QD[:, None] - summands_QND).sum(-1))
    own_Q = np.maximum(0, size_Q1[:, 0] - np.abs(result_QD - own_QD).sum(-1))
    total_Q = own_Q + near_QN.sum(-1)
    # Where no summand comes near the result at all, the row stays itself.
    own_Q, total_Q = np.where(total_Q == 0, 1, own_Q), np.where(total_Q == 0, 1, total_Q)
    return Mixture(own_Q / total_Q, near_QN / total_Q[:, None])


def _summands(tensors: Tensors, attention: str) -> tuple[Array, Array, Array]:
    """What each key and the residual add to the sublayer's result, and the result."""
    weights_HQN, values_GNK = numbers(tensors, f"{attention}.weights"), numbers(tensors, f"{attention}.value_heads")
    values_HNK = values_GNK.repeat(len(weights_HQN) // len(values_GNK), axis=0)
    output_DHK = numbers(tensors, f"{attention}.output.weight").reshape(-1, *values_HNK.shape[::2])
    summands_QND = np.einsum("hqn,hnk,dhk->qnd", weights_HQN, values_HNK, output_DHK)
    residual = tensors[f"{attention}_norm.residual"]
    own_QD = numbers(tensors, residual.operands["a"])
    norm = tensors.get(f"{attention}_norm.norm")
    if norm is None or norm.operands["x"] != residual.name:  # pre-norm: the sum is the result
        return summands_QND, own_QD, numbers(tensors, residual.name)
    return _through(tensors, norm, summands_QND), _through(tensors, norm, own_QD), numbers(tensors, norm.name)


def _through(tensors: Tensors, norm: TracedTensor, x: Array) -> Array:
    """The norm with its scale frozen, without its bias; axis 0 of x are the tokens."""
    centred = x - x.mean(-1, keepdims=True) if norm.op == "layernorm" else x
    scale = norm.statistics["deviation"].reshape(-1, *[1] * (x.ndim - 1))
    result: Array = centred / scale * numbers(tensors, norm.operands["gain"])
    return result
