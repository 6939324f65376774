"""Makes `vectors.json`: what every operation gives, by torch, and which cells it comes from, written out by hand.

The operations in Python (`glass/ops/`) and on the page (`glass/web/src/ops/`) are both held to it. Run this
file to write it again; `test_ops.py` fails where it is not what torch says.
"""

import json
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import torch
from torch.nn import functional as f

PATH = Path(__file__).with_name("vectors.json")


def tensor(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed + 7 * len(shape)))


def row(role, *prefix, width):
    return [[role, [*prefix, k]] for k in range(width)]


def dot(a, b):
    """Pairs in turn: a0 b0 a1 b1 ..."""
    return [cell for pair in zip(a, b, strict=True) for cell in pair]


def sinusoid(places, width, halves=False, start=0):
    """The definition, in another way than the code: by frequencies and complex exponentials."""
    frequency = torch.pow(10000.0, -torch.arange(0, width, 2, dtype=torch.float64) / width)
    angle = torch.arange(start, start + places)[:, None] * frequency
    turns = torch.polar(torch.ones_like(angle), angle)
    parts = torch.stack((turns.imag, turns.real), -1)
    return (parts.transpose(1, 2) if halves else parts).reshape(places, width), turns


def cases():
    x, y = tensor(3, 4), tensor(3, 4, seed=1)
    table, ids = tensor(6, 4, seed=2), torch.tensor([5, 0, 2])
    yield "lookup", {"table": table, "ids": ids}, {}, f.embedding(ids, table), (2, 1), [["ids", [2]], ["table", [2, 1]]]
    for layout in ("interleaved", "halves"):
        attributes = {"base": 10000.0, "layout": layout, "start": 2, "width": 6}
        yield "positions", {}, attributes, sinusoid(3, 6, layout == "halves", 2)[0], (1, 3), []
        yield "positions", {}, attributes, sinusoid(3, 6, layout == "halves", 2)[0], (2, 4), []
    yield "add", {"a": x, "b": y}, {}, x + y, (1, 2), [["a", [1, 2]], ["b", [1, 2]]]
    yield "multiply", {"a": x, "b": y}, {}, x * y, (1, 2), [["a", [1, 2]], ["b", [1, 2]]]
    yield "scale", {"x": x}, {"factor": 0.5, "text": "1/√4"}, x * 0.5, (0, 3), [["x", [0, 3]]]
    weight, bias = tensor(5, 4, seed=3), tensor(5, seed=4)
    pairs = dot(row("x", 2, width=4), row("weight", 3, width=4))
    yield "linear", {"x": x, "weight": weight}, {}, f.linear(x, weight), (2, 3), pairs
    with_bias = {"x": x, "weight": weight, "bias": bias}
    yield "linear", with_bias, {}, f.linear(x, weight, bias), (2, 3), [*pairs, ["bias", [3]]]
    yield "split_heads", {"x": x}, {"heads": 2}, torch.stack(x.chunk(2, -1)), (1, 2, 0), [["x", [2, 2]]]
    heads = tensor(2, 3, 4)
    yield "merge_heads", {"x": heads}, {}, torch.cat(tuple(heads), -1), (1, 6), [["x", [1, 1, 2]]]
    b = tensor(4, 3, seed=5)
    yield (
        "matmul",
        {"a": x, "b": b},
        {},
        torch.mm(x, b),
        (0, 2),
        dot(row("a", 0, width=4), [["b", [k, 2]] for k in range(4)]),
    )
    q, keys, values = tensor(4, 3, 2), tensor(2, 5, 2, seed=6), tensor(2, 2, 5, seed=7)
    grouped = torch.bmm(q, keys.repeat_interleave(2, 0).mT)
    cells = dot(row("a", 3, 1, width=2), row("b", 1, 4, width=2))
    yield "matmul_transposed", {"a": q, "b": keys}, {}, grouped, (3, 1, 4), cells
    yield (
        "matmul_transposed",
        {"a": x, "b": y},
        {},
        torch.mm(x, y.mT),
        (2, 0),
        dot(row("a", 2, width=4), row("b", 0, width=4)),
    )
    product = torch.bmm(q, values.repeat_interleave(2, 0))
    cells = dot(row("a", 1, 2, width=2), [["b", [0, k, 4]] for k in range(2)])
    yield "matmul", {"a": q, "b": values}, {}, product, (1, 2, 4), cells
    mask = torch.tensor([[0, 2, 2], [0, 0, 2], [0, 1, 3]])
    scores = tensor(2, 3, 3)
    masked = torch.where(mask.bool(), -torch.inf, scores)
    for index in ((1, 0, 0), (1, 0, 1), (0, 2, 2)):
        cells = [["x", list(index)], ["mask", list(index[1:])]]
        yield "mask", {"x": scores, "mask": mask}, {}, masked, index, cells
    yield "softmax", {"x": masked}, {}, masked.softmax(-1), (1, 1, 0), row("x", 1, 1, width=3)
    yield "softmax", {"x": x * 300}, {}, (x * 300).softmax(-1), (1, 2), row("x", 1, width=4)
    hidden = torch.full((2, 3), -torch.inf, dtype=torch.float64)
    yield "softmax", {"x": hidden}, {}, torch.zeros(2, 3), (1, 2), row("x", 1, width=3)
    yield "log_softmax", {"x": x}, {}, x.log_softmax(-1), (1, 2), row("x", 1, width=4)
    gain, shift = tensor(4, seed=8), tensor(4, seed=9)
    whole = {"x": x, "gain": gain, "bias": shift}
    normed = f.layer_norm(x, (4,), gain, shift, 1e-5)
    yield "layernorm", whole, {"eps": 1e-5}, normed, (2, 1), [*row("x", 2, width=4), ["gain", [1]], ["bias", [1]]]
    yield "layernorm", {"x": x}, {"eps": 0.1}, f.layer_norm(x, (4,), eps=0.1), (2, 1), row("x", 2, width=4)
    rms = f.rms_norm(x, (4,), gain, 1e-5)
    yield "rmsnorm", {"x": x, "gain": gain}, {"eps": 1e-5}, rms, (0, 3), [*row("x", 0, width=4), ["gain", [3]]]
    for op in ("relu", "gelu", "silu"):
        yield op, {"x": x}, {}, getattr(f, op)(x), (0, 0), [["x", [0, 0]]]
        yield op, {"x": x}, {}, getattr(f, op)(x), (2, 3), [["x", [2, 3]]]
    turned = torch.view_as_real(torch.view_as_complex(q)[..., None] * sinusoid(3, 2, start=4)[1])
    for column in (0, 1):
        yield (
            "rotary",
            {"x": q},
            {"base": 10000.0, "start": 4},
            turned.view(4, 3, 2),
            (2, 1, column),
            row("x", 2, 1, width=2),
        )


NUMBERS = [
    0.0, 1.0, -3.0, 17.0, 99999.0, 100000.0, -100000.5, 0.5, 429.5, 523.3315512336, 0.03125, -0.03125, 0.00005, 0.001,
    0.00099996, -0.000123456, 1e-30, 12345.67891, 99999.99996, 3.3e38, 2 / 3, -1.0000004, 0.99996, 9.9996e-5,
    float("inf"), float("-inf"),
]  # fmt: skip


def written(value):
    """The rule of the contract in other words than `numbers.show`."""
    if value in (float("inf"), float("-inf")):
        return "∞" if value > 0 else "−∞"
    exact = Decimal(value)
    if exact == exact.to_integral_value() and abs(exact) < 100_000:
        text = str(int(exact))
    elif Decimal("0.001") <= abs(exact) < 100_000:
        text = str(exact.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP))
    else:
        exponent = len(str(int(abs(exact)))) - 1 if abs(exact) >= 1 else None
        while exponent is None or abs(exact) / Decimal(10) ** exponent < 1:
            exponent = -1 if exponent is None else exponent - 1
        digits = (exact / Decimal(10) ** exponent).quantize(Decimal("0.001"), rounding=ROUND_HALF_UP)
        text = f"{digits / 10:.3f}e{exponent + 1}" if abs(digits) == 10 else f"{digits}e{exponent}"
    return text.replace("-", "−")


def flat(values):
    """Numbers that JSON knows; infinity as a string."""
    return [v if abs(v) != float("inf") else str(v) for v in values.double().flatten().tolist()]


def vectors():
    ops = [
        {
            "op": op,
            "attributes": attributes,
            "operands": {role: {"shape": list(t.shape), "values": flat(t)} for role, t in operands.items()},
            "shape": list(result.shape),
            "result": flat(result),
            "index": list(index),
            "value": flat(result[index])[0],
            "cells": cells,
        }
        for op, operands, attributes, result, index, cells in cases()
    ]
    numbers = [[flat(torch.tensor(v, dtype=torch.float64))[0], written(v)] for v in NUMBERS]
    return {"ops": ops, "numbers": numbers}


def as_text(content):
    return json.dumps(content, ensure_ascii=False, indent=0) + "\n"


if __name__ == "__main__":
    PATH.write_text(as_text(vectors()), encoding="utf-8")
