"""Two traces of one sentence: where they part, and how far their tensors are from each other."""

import io

import numpy as np
import pytest
import torch
from rich.console import Console

from glassformer.glass.compare import differences, first_divergence
from glassformer.glass.trace import trace
from glassformer.glass.views.terminal.several import render_comparison, render_training

from .models import SENTENCE, cached, translator


@pytest.fixture(scope="module")
def other():
    """The same model but for one weight of the decoder's last feed-forward."""
    changed = translator()
    with torch.no_grad():
        changed.model.decoder[1].feed_forward.outer.weight[3, 5] += 2.5
    return changed


def pair(other, target="c b a"):
    return tuple(trace(one, SENTENCE, target, detail="full+weights") for one in (cached(), other))


def test_a_model_never_parts_from_itself():
    first = trace(cached(), SENTENCE)
    assert first_divergence(first, first) is None
    assert all(one.largest == one.mean == 0 for one in differences(first, first))


def test_only_what_follows_the_changed_weight_differs(other):
    found = {one.name: one for one in differences(*pair(other))}
    moved = {name for name, one in found.items() if one.largest > 0}
    assert moved == {
        "decoder.1.feed_forward.outer.weight", "decoder.1.feed_forward.outer", "decoder.1.feed_forward_norm.residual",
        "decoder.1.feed_forward_norm.norm",
    }  # fmt: skip
    weight = found["decoder.1.feed_forward.outer.weight"]
    assert weight.largest == pytest.approx(2.5, abs=1e-6)
    assert weight.mean == pytest.approx(2.5 / (16 * 24), abs=1e-6)
    residual = [one.tensor("decoder.1.feed_forward_norm.residual").values for one in pair(other)]
    assert found["decoder.1.feed_forward_norm.residual"].largest == pytest.approx(
        np.abs(residual[0] - residual[1]).max()
    )


@pytest.mark.parametrize(("first", "second", "step"), [("a b c", "a b d", 2), ("a b", "a b c", 2), ("a", "b", 0)])
def test_where_they_part(first, second, step):
    """The end is a step too: where one ends and the other goes on, they part."""
    assert first_divergence(trace(cached(), SENTENCE, first), trace(cached(), SENTENCE, second)) == step


def shown(render, traces):
    console = Console(width=100, highlight=False, no_color=True, file=io.StringIO())
    render(traces, console)
    return console.file.getvalue()


def test_the_comparison_names_both_and_the_step(other):
    first, second = trace(cached(), SENTENCE, "a b c"), trace(other, SENTENCE, "a b d")
    text = shown(render_comparison, [("runs/one", first), ("runs/two", second)])
    assert "they part at step 2" in text and "runs/one" in text and "runs/two" in text
    assert "a b c" in text and "a b d" in text


def test_learning_is_told_sentence_by_sentence():
    traces = [(f"step {n}", trace(cached(), text, detail="attention")) for text in ("a b", "c") for n in (0, 10)]
    lines = shown(render_training, traces).splitlines()
    assert [line.split("  ")[0] for line in lines if line.startswith(("a b", "c"))] == ["a b", "c"]
    assert sum("step 10" in line for line in lines) == 2
