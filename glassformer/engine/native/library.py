"""The library's functions, by ctypes; `native/interface.h` describes each of them."""

import ctypes
from ctypes import POINTER, c_char_p, c_float, c_int32, c_void_p
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassformer.engine.native.build import LIBRARY, interface
from glassformer.errors import is_out_of_memory

if TYPE_CHECKING:  # --version needs no NumPy
    from numpy.typing import NDArray

PATH = Path(__file__).with_name(LIBRARY)


class Config(ctypes.Structure):
    """`glassformer_config`."""

    _fields_ = (
        *((name, c_int32) for name in (
            "vocabulary", "source_vocabulary", "d_model", "heads", "kv_heads", "d_ff", "max_length", "activation",
            "gated", "rms_norm", "pre_norm",
        )),
        ("norm_eps", c_float),
        ("embedding_factor", c_float),
    )  # fmt: skip


class Matrix(ctypes.Structure):
    """`glassformer_matrix`."""

    _fields_ = (
        *((name, c_int32) for name in ("outputs", "inputs", "integers")),
        *((name, c_void_p) for name in ("numbers", "scales", "bias", "sums")),
    )


class Norm(ctypes.Structure):
    """`glassformer_norm`."""

    _fields_ = (("gain", c_void_p), ("bias", c_void_p))


class Layer(ctypes.Structure):
    """`glassformer_layer`."""

    _fields_ = (
        *((name, Matrix) for name in (
            "query_key_value", "output", "inner", "outer", "cross_query", "cross_key_value", "cross_output",
        )),
        *((name, Norm) for name in ("attention_norm", "feed_forward_norm", "cross_norm")),
    )  # fmt: skip


class Embedding(ctypes.Structure):
    """`glassformer_embedding`."""

    _fields_ = (
        ("rows", c_int32),
        ("columns", c_int32),
        *((name, c_void_p) for name in ("floats", "integers", "scales", "positions")),
    )


class Weights(ctypes.Structure):
    """`glassformer_weights`."""

    _fields_ = (
        ("source", Embedding),
        ("target", Embedding),
        ("encoder", POINTER(Layer)),
        ("decoder", POINTER(Layer)),
        ("encoder_layers", c_int32),
        ("decoder_layers", c_int32),
        ("encoder_norm", Norm),
        ("decoder_norm", Norm),
        ("generator", Matrix),
        ("turns", c_void_p),
    )


class Task(ctypes.Structure):
    """`glassformer_task`."""

    _fields_ = (
        *((name, c_int32) for name in ("start", "end", "min_length", "beam", "n_best", "longest", "to_the_limit")),
        *((name, c_void_p) for name in ("limits", "suppressed", "penalties", "tokens", "log_probs")),
    )


class Array:
    """A parameter that is an array of NumPy's, of one type and contiguous, or None."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def from_param(self, array: "NDArray[Any] | None") -> c_void_p | None:
        """Where the numbers are; ctypes asks, and holds the array until the call has ended."""
        if array is None:
            return None
        assert array.dtype.name == self._kind and array.flags.c_contiguous
        return c_void_p(array.ctypes.data)


INTS, FLOATS, BYTES = map(Array, ("int32", "float32", "uint8"))
FUNCTIONS: dict[str, tuple[Any, ...]] = {  # what each takes
    "instruction_sets": (),
    "open": (POINTER(Config), POINTER(Weights), c_char_p, c_int32, POINTER(c_void_p)),
    "close": (c_void_p,),
    "encode": (c_void_p, INTS, INTS, c_int32, POINTER(c_void_p)),
    "free": (c_void_p,),
    "shorten": (c_void_p, POINTER(Matrix), INTS, INTS, INTS),
    "step": (c_void_p, c_int32, INTS, INTS, INTS, c_int32, INTS, FLOATS, c_int32),
    "search": (c_void_p, POINTER(Task)),
    "best": (c_void_p, c_int32, BYTES, INTS, FLOATS),
    "log_probs": (c_void_p, INTS, FLOATS),
    "linear": (c_char_p, c_int32, POINTER(Matrix), FLOATS, c_int32, FLOATS),
}


@cache
def load() -> ctypes.CDLL | None:
    """The library; None where it was not built, or for another machine, or from sources with another interface."""
    try:
        library = ctypes.CDLL(str(PATH))
        built_with = library.glassformer_interface
    except (OSError, AttributeError) as error:
        if is_out_of_memory(error):
            raise
        return None
    built_with.restype = c_char_p
    if built_with().decode() != interface():
        return None
    for name, takes in FUNCTIONS.items():
        function = getattr(library, f"glassformer_{name}")
        function.argtypes = takes
        function.restype = None if name in ("close", "free") else c_char_p
    return library


def instruction_sets() -> list[str]:
    """Those that the library has and this processor can run, the best first; none without the library."""
    library = load()
    return library.glassformer_instruction_sets().decode().split() if library else []
