"""The lecture in the terminal: complete, aligned, and readable when piped."""

import io
import re

import pytest
from rich.cells import cell_len
from rich.console import Console

from glassformer.glass.lecture.replay import replay
from glassformer.glass.numbers import show
from glassformer.glass.views.terminal.lecture import render


def rendered(trace, width=80, **options):
    console = Console(file=io.StringIO(), width=width, **options)
    render(trace, console)
    return console.file.getvalue()


@pytest.fixture
def trace(lecture):
    return lecture


@pytest.mark.parametrize("width", [60, 80, 200])
def test_it_fits_the_width_and_is_plain_when_piped(trace, width):
    text = rendered(trace, width)
    assert "\x1b" not in text
    assert max(cell_len(line.rstrip()) for line in text.splitlines()) <= width


def test_every_stop_tells_its_lines(trace):
    words = " ".join(rendered(trace).split())
    for number, stop in enumerate(trace.tour, 1):
        assert f"{number} {stop['title']} ─" in words
        for field in ("motivation", "concept", "helps", "takeaway"):
            assert " ".join(stop[field].split()) in words
        for clause in stop["formula"].split(",  "):  # each on a line of its own
            assert " ".join(clause.split()) in words


@pytest.mark.parametrize("width", [60, 80, 200])
def test_every_number_of_every_matrix_is_there(trace, width):
    numbers = re.split(r"\s+", rendered(trace, width))
    for stop in trace.tour[1:12]:  # the others show tokens, the decode loop and matrices once more
        for name in stop["tensors"]:
            for value in trace.values(name).flat:
                assert show(float(value)) in numbers


def test_decimal_points_stand_below_each_other(trace):
    lines = rendered(trace).splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("V = input · W_V"))
    ones = [line.split("  ")[0] for line in lines[start + 1 : start + 4]]
    assert [label.strip() for label in ones] == ["Apple", "Innovative", "Company"]
    points = [[match.start() for match in re.finditer(r"\.", line)] for line in lines[start + 2 : start + 4]]
    assert points[0] == points[1]
    assert [lines[start + 1].index(whole) + 2 for whole in ("17", "13", "11")] == points[0][:3]


def test_a_terminal_gets_emphasis(trace):
    assert "\x1b[1m" in rendered(trace, force_terminal=True, color_system="standard")


def test_the_loop_is_told_step_by_step(trace):
    text = rendered(trace)
    assert re.search(r"5\s+much\s+<EOS>\s+0\.7213", text)
    assert "→ I love you very much" in text
    assert "(cut off)" in rendered(replay({"decode.W": [[0.0] * 7] * 2}))


def test_each_erratum_is_told_once_at_the_first_stop_with_its_tensor(trace):
    """Seven are, and what stands before the first matrix that errs tells none."""
    stops = re.split(r"^\d+  ", rendered(trace, 300), flags=re.MULTILINE)[1:]
    at = {}
    for one in trace.checks:
        if one["erratum"]:
            told = [f"{one['name']}: " in stop and one["erratum"] in stop for stop in stops]
            at[one["name"]] = [stop["id"] for stop, here in zip(trace.tour, told, strict=True) if here]
    assert at == {
        "W_Q": ["query_key_value"], "W_V": ["query_key_value"], "softmax · V": ["scores"], "formula": ["scores"],
        "add": ["residual"], "layer norm": ["normalization"], "masked softmax": ["decoder"],
    }  # fmt: skip


def test_no_weights_are_shown_before_there_are_scores(trace):
    shown = [name for stop in trace.tour for name in stop["tensors"]]
    assert shown.index("scores") < shown.index("weights")
