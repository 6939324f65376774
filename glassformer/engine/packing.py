"""A model's weights in the order in which the library in C++ reads them.

    W, a row for each output:      packed, a panel of 32 outputs at a time:

    o0   i0 i1 i2 i3 i4 ...        panel 0   i0..i3 of o0, of o1, ... of o31      one after the other,
    o1   i0 i1 i2 i3 i4 ...                  i4..i7 of o0, of o1, ... of o31      as they are needed
    ...                            panel 1   i0..i3 of o32, ...

One load brings the same inputs of several outputs, which one instruction multiplies by the same four numbers of x.
Floats are packed alike, an input at a time: a word is a float, or the integers of four inputs. Outputs that do not
exist, up to a whole panel, are zero.

Axes: O outputs, I inputs, D d_model, P positions, K head width.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from glassformer.engine.native import library as native
from glassformer.errors import UsageError
from glassformer.model.config import ModelConfig
from glassformer.model.quantization import Quantized
from glassformer.model.sinusoids import sinusoidal_table

Floats = NDArray[np.float32]
Weights = Mapping[str, Floats | Quantized]  # by the names of model.safetensors

PANEL, WORD, LINE = 32, 4, 64  # outputs; bytes; bytes of a line of the processor's cache
GATED = {"reglu": "relu", "geglu": "gelu", "swiglu": "silu"}
TARGET, SOURCE, GENERATOR = "target_embedding.token.weight", "source_embedding.token.weight", "generator.weight"


def packed_numbers(parts_OI: Sequence[NDArray[Any]], dtype: DTypeLike) -> NDArray[np.int32]:
    """Floats or bytes, the outputs of one part after those of the other, as [panel][word][output of the panel]."""
    outputs, inputs = sum(map(len, parts_OI)), parts_OI[0].shape[1]
    in_word = WORD // np.dtype(dtype).itemsize
    words = _pieces(inputs, in_word)
    whole_OI = np.zeros((whole_panels(outputs), words * in_word), dtype=dtype)
    np.concatenate(parts_OI, out=whole_OI[:outputs, :inputs])
    packed = aligned((len(whole_OI) // PANEL, words, PANEL), np.int32)
    packed[:] = whole_OI.view(np.int32).reshape(-1, PANEL, words).swapaxes(1, 2)
    return packed


def aligned(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Zeros that begin at a line of the cache."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    room = np.zeros(size + LINE, dtype=np.uint8)
    start = -room.ctypes.data % LINE
    return room[start : start + size].view(dtype).reshape(shape)


def whole_panels(outputs: int) -> int:
    """So many outputs, and those that do not exist up to a whole panel."""
    return _pieces(outputs, PANEL) * PANEL


def _pieces(count: int, size: int) -> int:
    return -(-count // size)


class Memory:
    """Arrays as the library takes them, which stay where they are as long as this does."""

    def __init__(self) -> None:
        self._arrays: list[NDArray[Any]] = []

    def pointer(self, array: NDArray[Any] | None, dtype: DTypeLike) -> int | None:
        """Where the numbers are, one after the other; None for none."""
        if array is None:
            return None
        self._arrays.append(np.ascontiguousarray(array, dtype=dtype))
        return self._arrays[-1].ctypes.data

    def matrix(self, parts: Sequence[Floats | Quantized], biases: Sequence[Floats]) -> native.Matrix:
        """Matrices of the same inputs as one, packed."""
        quantized = [part for part in parts if isinstance(part, Quantized)]
        matrices_OI = [part.integers if isinstance(part, Quantized) else part for part in parts]
        numbers = packed_numbers(matrices_OI, np.int8 if quantized else np.float32)
        return native.Matrix(
            outputs=sum(map(len, matrices_OI)),
            inputs=matrices_OI[0].shape[1],
            integers=bool(quantized),
            numbers=self.pointer(numbers, np.int32),
            scales=self._of_rows([part.scales for part in quantized], np.float32),
            bias=self._of_rows(biases, np.float32),
            sums=self._of_rows([part.integers.sum(axis=1, dtype=np.int32) for part in quantized], np.int32),
        )

    def _of_rows(self, parts_O: Sequence[NDArray[Any]], dtype: DTypeLike) -> int | None:
        """A number for each output, one part after the other, and zeros up to a whole panel; None for none."""
        if not parts_O:
            return None
        count = sum(map(len, parts_O))
        whole_O = aligned((whole_panels(count),), dtype)
        np.concatenate(parts_O, out=whole_O[:count])
        return self.pointer(whole_O, dtype)


class PackedWeights:
    """All that the library reads of a model, in `struct`; it stays valid as long as this does.

    Raises UsageError for a tensor that is missing, or of another shape or type than `config` says.
    """

    def __init__(self, config: ModelConfig, weights: Weights) -> None:
        if TARGET not in weights and SOURCE in weights:  # a shared table has its first owner's name alone
            weights = {**weights, TARGET: weights[SOURCE]}
        self.int8, self._memory = isinstance(weights.get(TARGET), Quantized), Memory()
        packer = _Packer(config, weights, self.int8, self._memory)
        self.struct, self._generator = packer.packed(), packer.generator()

    def generator_of(self, ids: NDArray[np.int64]) -> tuple[native.Matrix, Memory]:
        """The generator's outputs of these tokens, and what holds them."""
        memory, (rows, bias_V) = Memory(), self._generator
        some = Quantized(rows.integers[ids], rows.scales[ids]) if isinstance(rows, Quantized) else rows[ids]
        return memory.matrix([some], [bias_V[ids]]), memory


class _Packer:
    """Puts a model's tensors, by their names, to the places that the library has for them."""

    def __init__(self, config: ModelConfig, weights: Weights, int8: bool, memory: Memory) -> None:
        self._config, self._weights, self._int8, self._memory = config, weights, int8, memory

    def packed(self) -> native.Weights:
        config = self._config
        layers, (rows, bias_V) = (config.encoder_layers, config.decoder_layers), self.generator()
        encoder, decoder = (
            (native.Layer * count)(*(self._layer(f"{side}.{number}", side) for number in range(count)))
            for side, count in zip(("encoder", "decoder"), layers, strict=True)
        )
        source = (SOURCE, config.source_vocab_size) if config.source_vocab_size else (TARGET, config.vocab_size)
        norms = [self._norm(f"{side}_norm") if config.final_norm else native.Norm() for side in ("encoder", "decoder")]
        return native.Weights(
            self._embedding(*source, "source"), self._embedding(TARGET, config.vocab_size, "target"),
            encoder, decoder, *layers, *norms,
            self._memory.matrix([rows], [bias_V]), self._memory.pointer(_turns(config), np.float32),
        )  # fmt: skip

    def generator(self) -> tuple[Floats | Quantized, Floats]:
        """The output layer, which may be the target's embeddings, and its bias."""
        table = GENERATOR if GENERATOR in self._weights else TARGET
        rows = self._rows(table, self._config.vocab_size, self._config.d_model)
        return rows, self._vector("generator.bias", self._config.vocab_size)

    def _layer(self, name: str, side: str) -> native.Layer:
        d_model, d_ff, kv = self._config.d_model, self._config.d_ff, self._config.kv_heads * self._config.head_width
        attention, cross, feed_forward = f"{name}.self_attention", f"{name}.cross_attention", f"{name}.feed_forward"
        inner = ["inner", "gate"] if self._config.activation in GATED else ["inner"]
        layer = native.Layer(
            query_key_value=self._linear(attention, {"query": d_model, "key": kv, "value": kv}, d_model),
            output=self._linear(attention, {"output": d_model}, d_model),
            inner=self._linear(feed_forward, dict.fromkeys(inner, d_ff), d_model),
            outer=self._linear(feed_forward, {"outer": d_model}, d_ff),
            attention_norm=self._norm(f"{attention}_norm.norm"),
            feed_forward_norm=self._norm(f"{feed_forward}_norm.norm"),
        )
        if side == "decoder":
            layer.cross_query = self._linear(cross, {"query": d_model}, d_model)
            layer.cross_key_value = self._linear(cross, {"key": kv, "value": kv}, d_model)
            layer.cross_output = self._linear(cross, {"output": d_model}, d_model)
            layer.cross_norm = self._norm(f"{cross}_norm.norm")
        return layer

    def _linear(self, name: str, outputs: Mapping[str, int], inputs: int) -> native.Matrix:
        """Linear maps with the same inputs, with these numbers of outputs, as one matrix."""
        return self._memory.matrix(
            [self._rows(f"{name}.{part}.weight", count, inputs) for part, count in outputs.items()],
            [self._vector(f"{name}.{part}.bias", count) for part, count in outputs.items()],
        )

    def _norm(self, name: str) -> native.Norm:
        if f"{name}.weight" not in self._weights:
            raise UsageError(f"fast engine: tensor '{name}.weight' is missing")
        gain, bias = (self._vector(f"{name}.{part}", self._config.d_model) for part in ("weight", "bias"))
        return native.Norm(self._memory.pointer(gain, np.float32), self._memory.pointer(bias, np.float32))

    def _embedding(self, name: str, rows: int, side: str) -> native.Embedding:
        d_model, table = self._config.d_model, self._rows(name, rows, self._config.d_model)
        floats, integers, scales = (None, *table) if isinstance(table, Quantized) else (table, None, None)
        positions_PD = _positions(self._config, self._weights, side)
        return native.Embedding(
            rows, d_model, self._memory.pointer(floats, np.float32), self._memory.pointer(integers, np.int8),
            self._memory.pointer(scales, np.float32), self._memory.pointer(positions_PD, np.float32),
        )  # fmt: skip

    def _rows(self, name: str, rows: int, columns: int) -> Floats | Quantized:
        found = self._weights.get(name)
        if found is None:
            raise UsageError(f"fast engine: tensor '{name}' is missing")
        if isinstance(found, Quantized) != self._int8:
            raise UsageError(f"fast engine: tensor '{name}' is of another type")
        if (found.integers if isinstance(found, Quantized) else found).shape != (rows, columns):
            raise UsageError(f"fast engine: tensor '{name}' has another shape")
        return found

    def _vector(self, name: str, count: int) -> Floats:
        """Zeros where there is none."""
        found = self._weights.get(name)
        if found is None:
            return np.zeros(count, dtype=np.float32)
        if isinstance(found, Quantized):
            raise UsageError(f"fast engine: tensor '{name}' is of another type")
        if found.shape != (count,):
            raise UsageError(f"fast engine: tensor '{name}' has another shape")
        return found


def _positions(config: ModelConfig, weights: Weights, side: str) -> Floats | None:
    """What is added to the embeddings of a side, (P, D)."""
    if config.positions == "learned":
        table = weights[f"{side}_embedding.position.table_PD"]
        assert not isinstance(table, Quantized)
        return np.ascontiguousarray(table)
    if config.positions == "sinusoidal":
        return sinusoidal_table(
            config.max_length, config.d_model, config.position_layout, config.position_exponent, config.first_position
        )
    return None


def _turns(config: ModelConfig) -> Floats | None:
    """Cosine and sine of the angle of each pair of columns, (P, K), for rotary positions."""
    if config.positions != "rotary":
        return None
    table_PK = sinusoidal_table(config.max_length, config.head_width)  # sine, cosine
    return np.ascontiguousarray(table_PK.reshape(len(table_PK), -1, 2)[:, :, ::-1]).reshape(table_PK.shape)
