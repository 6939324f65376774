"""The rules of the operations against torch, and the numbers as text; the page is held to the same vectors."""

import json
import math

import numpy as np
import pytest

from glassformer.glass.cell import recompute
from glassformer.glass.numbers import show
from glassformer.glass.ops import LEAVES, OPS
from glassformer.glass.ops.op import CellContext
from glassformer.glass.tensor import TracedTensor
from glassformer.glass.validity import schema

from .vectors import PATH, cases, vectors

VECTORS = json.loads(PATH.read_text(encoding="utf-8"))


def numbers(values):
    return [float(v) for v in values]


def tensor(name, stored):
    values = np.array(numbers(stored["values"])).reshape(stored["shape"])
    return TracedTensor(name, "input", ("",) * values.ndim, values.shape, values=values)


def parts(case):
    operands = {role: tensor(role, stored) for role, stored in case["operands"].items()}
    shape = tuple(case["shape"])
    return TracedTensor("y", case["op"], ("",) * len(shape), shape, attributes=case["attributes"]), operands


@pytest.mark.parametrize("case", VECTORS["ops"], ids=lambda case: case["op"])
def test_cells_and_value_of_an_operation(case):
    made, operands = parts(case)
    index = tuple(case["index"])
    context = CellContext(index, operands, case["attributes"])
    assert [[role, list(at)] for role, at in OPS[case["op"]].cells(context)] == case["cells"]
    assert recompute(made, operands, index) == pytest.approx(float(case["value"]), rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("case", VECTORS["ops"], ids=lambda case: case["op"])
def test_every_cell_of_an_operation(case):
    made, operands = parts(case)
    ours = [recompute(made, operands, index) for index in np.ndindex(made.shape)]
    assert ours == pytest.approx(numbers(case["result"]), rel=1e-12, abs=1e-14)


def test_the_vectors_are_what_torch_says():
    fresh = vectors()
    assert [case["op"] for case in fresh["ops"]] == [case["op"] for case in VECTORS["ops"]]
    for ours, stored in zip(fresh["ops"], VECTORS["ops"], strict=True):
        assert numbers(ours["result"]) == pytest.approx(numbers(stored["result"]), rel=1e-12, abs=1e-14)
        assert ours["cells"] == stored["cells"]
    assert fresh["numbers"] == VECTORS["numbers"]


def test_every_operation_has_a_vector_and_a_place_in_the_schema():
    assert {op for op, *_ in cases()} == set(OPS)
    assert set(schema()["$defs"]["tensor"]["properties"]["op"]["enum"]) == {*OPS, *LEAVES}


@pytest.mark.parametrize(("value", "text"), VECTORS["numbers"])
def test_numbers_as_text(value, text):
    assert show(float(value)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.03125, "0.0313"),
        (-0.03125, "−0.0313"),
        (17.0, "17"),
        (1e-30, "1.000e−30"),
        (-math.inf, "−∞"),
        (2 / 3, "0.6667"),
    ],
)
def test_numbers_as_text_by_hand(value, text):
    assert show(value) == text
