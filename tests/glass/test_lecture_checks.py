"""`glassformer lecture --check`: what passes, what does not, and what is said about it."""

import io

import pytest
from rich.console import Console

from glassformer.glass.lecture import facts
from glassformer.glass.lecture.checks import check, equal, passes
from glassformer.glass.lecture.replay import replay
from glassformer.glass.views.terminal.lecture import render_checks


def said(trace):
    console = Console(file=io.StringIO(), width=80)
    result = render_checks(trace, console)
    return result, console.file.getvalue().splitlines()


def failing(trace):
    return [one["name"] for one in trace.checks if not passes(one)]


def test_nothing_differs_but_the_known_errata():
    trace = replay()
    assert check(trace)
    assert failing(trace) == []
    errata = {one["name"] for one in trace.checks if one["erratum"]}
    assert errata == {"W_Q", "W_V", "softmax · V", "add", "layer norm", "masked softmax", "formula"}
    assert {one["name"] for one in trace.checks if not one["agrees"]} == errata


def test_everything_printed_is_checked():
    names = [one["name"] for one in replay().checks]
    assert names == [one.name for one in facts.PRINTED] + ["formula", "d_ff = 4 d_model"]
    assert len(set(names)) == len(names)


def test_one_line_each_and_a_sum():
    trace = replay()
    result, lines = said(trace)
    assert result is True
    assert len(lines) == len(trace.checks) + 2
    assert lines[-1] == "11 equal, 7 errata, 0 different"
    by_name = {one["name"]: line for one, line in zip(trace.checks, lines, strict=False)}
    assert "equal" in by_name["PE"]
    assert "printed 10.3917, right 18.0126" in by_name["softmax · V"]
    assert "printed 0.86, right 0.87 at [2, 2] (1 of 9)" in by_name["masked softmax"]
    for one in trace.checks:
        assert one["erratum"] is None or one["erratum"] in by_name[one["name"]]


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({"W_Q": facts.W_Q}, []),  # the printed one
        ({"masked.scores": [[2, 4, 6], [3, 5, 7], [4, 6, 9]]}, ["masked softmax"]),
        ({"W_Q": facts.W_K}, ["W_Q", "Q", "QKᵀ/√d_k"]),
        ({"W_V": facts.W_K}, ["W_V", "V", "softmax · V", "add", "layer norm"]),  # as the lecture shows it
        ({"cross.decoder_state": [[1, 0, 0, 1], [0, 1, 1, 1]]}, ["cross scores", "cross softmax"]),
        ({"masked.scores": [[1.0]]}, ["masked softmax"]),  # another shape
    ],
)
def test_what_other_inputs_change_differs(overrides, expected):
    trace = replay(overrides)
    assert failing(trace) == expected
    assert check(trace) == (not expected)
    result, lines = said(trace)
    assert result == (not expected)
    assert sum("DIFFERS" in line for line in lines) == len(expected)


@pytest.mark.parametrize(
    ("computed", "printed", "decimals", "expected"),
    [
        ([[0.8668]], [[0.87]], 2, True),
        ([[0.8668]], [[0.86]], 2, False),
        ([[0.12345]], [[0.1234]], 4, True),  # half of the last decimal either way
        ([[0.12352]], [[0.1234]], 4, False),
        ([[1.0, 2.0]], [[1.0]], 0, False),
        ([[float("nan")]], [[1.0]], 0, False),
    ],
)
def test_equal_means_equal_to_the_printed_decimals(computed, printed, decimals, expected):
    assert equal(computed, printed, decimals) is expected
