"""Values that a caller from Python may hand over by mistake, or to break something: MAKERS makes each anew.

What raises errors of its own when it is gone through is not among them: those are its caller's."""

import decimal
import enum
import fractions
import io
from collections import OrderedDict, deque
from pathlib import PurePosixPath

import numpy as np
import torch


class Thing:
    """Nothing that any call knows."""


class Text(str):
    """A text of another class than Python's."""


class Whole(int):
    """A number of another class than Python's."""


class Word(enum.StrEnum):
    AB = "a b"
    NAME = "logits"


class Name(str, enum.Enum):  # noqa: UP042
    """Whose str() is no value of it."""

    AUTO = "auto"


class Number(enum.IntEnum):
    TWO = 2


class Share(float, enum.Enum):
    HALF = 0.5


def holding_itself(kind):
    value = kind()
    if isinstance(value, dict):
        value["a"] = value
    else:
        value.append(value)
    return value


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def shared(depth):
    """Two lists that are the same one, and so on: written out, 2 ** depth of them."""
    value = ["a"]
    for _ in range(depth):
        value = [value, value]
    return value


def shared_tuples(depth):
    value = ("a",)
    for _ in range(depth):
        value = (value, value)
    return value


NUMBERS = [
    0,
    1,
    -1,
    5,
    2**31,
    2**63,
    -(2**63) - 1,
    10**30,
    10**400,
    10**5000,
    1.5,
    -0.0,
    1e308,
    5e-324,
    float("nan"),
    float("inf"),
    -float("inf"),
    1j,
    True,
    False,
    Whole(3),
    Number.TWO,
    Share.HALF,
    np.int64(2),
    decimal.Decimal("NaN"),
    decimal.Decimal("1e999999"),
    fractions.Fraction(1, 3),
    np.float32(2),
    np.float16("inf"),
    np.int8(-1),
    np.uint64(2**64 - 1),
    np.bool_(True),
    np.complex64(1),
    np.datetime64("NaT"),
    np.str_("a"),
    np.bytes_(b"a"),
]
TEXTS = [
    "",
    " ",
    "a b",
    "zz",
    "\0",
    "\ud800",
    "a\ud800b",
    "\udcff",
    "\u202e",
    "\x1b[2J",
    "a\nb",
    "\r",
    "..",
    "x" * 300,
    "x" * 100_000,
    "<s>",
    "</s> <pad>",
    "▁",
    "a\u0300" * 3000,
    Text("a b"),
    Word.AB,
    Word.NAME,
    Name.AUTO,
    b"",
    b"x",
    b"\xff\xfe",
    bytearray(b"a"),
    memoryview(b"a"),
]
DTYPES = [
    torch.float32,
    torch.float64,
    torch.float16,
    torch.bfloat16,
    torch.complex64,
    torch.int64,
    torch.int8,
    torch.uint8,
    torch.bool,
    torch.float8_e5m2,
]
MAKERS = [
    lambda: None,
    Thing,
    lambda: int,
    lambda: print,
    lambda: lambda *_: None,
    lambda: ...,
    lambda: NotImplemented,
    list,
    lambda: [[]],
    lambda: [5],
    lambda: ["x"],
    lambda: [None],
    lambda: [Thing()],
    lambda: [[Thing()]],
    lambda: [1, "a"],
    lambda: [float("nan")],
    lambda: ["a\ud800"],
    lambda: [""],
    lambda: [10**30],
    lambda: [-1],
    lambda: [2**40],
    tuple,
    lambda: (1, 2),
    dict,
    lambda: {"a": 1},
    lambda: {1: 2},
    lambda: {None: None},
    lambda: {(1, 2): []},
    set,
    lambda: {1, 2},
    lambda: frozenset("a"),
    lambda: holding_itself(list),
    lambda: holding_itself(dict),
    lambda: nested(100_000),
    lambda: shared(60),
    lambda: shared_tuples(25),
    lambda: range(3),
    lambda: range(2**62),
    lambda: iter("ab"),
    lambda: (one for one in ()),
    lambda: (one for one in ["a"]),
    lambda: zip("a", "b", strict=True),
    lambda: deque([1]),
    lambda: OrderedDict(a=1),
    lambda: io.StringIO("a"),
    lambda: io.BytesIO(b"a"),
    lambda: PurePosixPath("a"),
    lambda: np.array([[1.5]]),
    lambda: np.array(5),
    lambda: np.array([]),
    lambda: np.array(["a"]),
    lambda: np.array([None], dtype=object),
    lambda: np.zeros((2, 0)),
    lambda: np.array([1, 2])[::-1],
    lambda: np.ma.masked_array([1], [True]),
    lambda: np.zeros(2, dtype=[("a", int)]),
    lambda: np.full((1, 2), np.nan),
    lambda: np.arange(3, dtype=np.uint8),
    lambda: np.broadcast_to(np.int64(3), (1, 5)),
    *(lambda kind=kind: torch.ones(2).to(kind) for kind in DTYPES),
    lambda: torch.empty(2, 2, device="meta"),
    lambda: torch.tensor(1),
    lambda: torch.empty(0),
    lambda: torch.ones(1, requires_grad=True),
    lambda: torch.ones(2).to_sparse(),
    lambda: torch.nn.Linear(1, 1),
    lambda: torch.device("meta"),
    lambda: torch.float32,
]


MAKERS += [lambda value=value: value for value in (*NUMBERS, *TEXTS)]
