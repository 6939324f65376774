"""What the views say of attention, residuals, feed-forward and logits, against numpy."""

import re

import numpy as np
import pytest

from glassformer.glass.numbers import show

from .browser import number, settle
from .pages import SENTENCE, greedy, learned, learned_with_weights


def values(record, name):
    return record.values(name).astype(float)


def choose(page, group, option):
    """Choose among few things: radio buttons, or a list where there are many."""
    page.get_by_role("group", name=group, exact=True).get_by_role("radio", name=option, exact=True).check()
    settle(page)


# ---- attention


def test_a_word_that_is_chosen_shows_its_distribution(visit, pages):
    page = visit(pages("greedy"), "#view=attention")
    record = greedy()
    choose(page, "who looks where", "source → source (encoder)")
    choose(page, "layer", "1")
    choose(page, "head", "2")
    page.get_by_role("checkbox", name="whole words").uncheck()
    page.get_by_role("listbox", name=re.compile("^query")).get_by_role("option", name="b", exact=True).click()
    row = values(record, "encoder.1.self_attention.weights")[2, 1]
    reading = page.get_by_role("main").get_by_role("heading", name="What b looks at").locator("..")
    shown = [number(text) for text in reading.get_by_role("listitem").get_by_role("button").all_inner_texts()]
    assert shown == pytest.approx(sorted(row, reverse=True)[: len(shown)], abs=5.1e-5)
    entropy = -(row * np.log(row)).sum()
    assert f"Entropy {show(float(entropy))}"[:14] in reading.inner_text()


def test_tokens_of_a_word_are_summed_where_they_are_looked_at_and_averaged_where_they_look(visit, pages):
    """ñ is spelt in three tokens: the space and two bytes."""
    page = visit(pages("greedy"), "#view=attention")
    record = greedy()
    choose(page, "who looks where", "source → source (encoder)")
    choose(page, "layer", "0")
    choose(page, "head", "0")
    page.get_by_role("listbox", name=re.compile("^query")).get_by_role("option", name="ñ", exact=True).click()
    words = [token["word"] for token in record.axes["source"]["tokens"]]
    last = len(SENTENCE.split()) - 1
    cells = [i for i, word in enumerate(words) if word == last]
    assert len(cells) > 1
    block = values(record, "encoder.0.self_attention.weights")[0]
    reading = page.get_by_role("main").get_by_role("heading", name="What ñ looks at").locator("..")
    own = reading.get_by_role("listitem").filter(has_text="ñ").first.inner_text()
    expected = block[cells][:, cells].sum(1).mean()
    assert number(re.search(r"[\d.]+(e−\d+)?", own)[0]) == pytest.approx(expected, abs=5.1e-5)


# ---- residual


def test_the_residual_view_measures_what_is_added(visit, pages):
    page = visit(pages("greedy"), "#view=residual&block=encoder.1.feed_forward")
    record = greedy()
    x, f, total = (values(record, f"encoder.1.{name}")[0] for name in ("self_attention_norm.norm", "feed_forward.outer",
                                                                        "feed_forward_norm.residual"))  # fmt: skip
    text = page.get_by_role("main").inner_text()
    cosine = x @ total / np.linalg.norm(x) / np.linalg.norm(total)
    assert re.search(rf"cosine of\s+{re.escape(show(float(cosine)))}", text)
    share = re.search(r"The addition is\s+([\d.]+)( %| times)", text)
    ratio = np.linalg.norm(f) / np.linalg.norm(x)
    assert number(share[1]) * (0.01 if share[2] == " %" else 1) == pytest.approx(ratio, abs=0.01)


# ---- feed-forward


def test_the_units_that_are_on_are_counted_token_by_token(visit, pages):
    page = visit(pages("greedy"), "#view=feed_forward")
    activation = values(greedy(), "encoder.0.feed_forward.activation")
    main = page.get_by_role("main")
    assert main.get_by_role("heading", name=re.compile(f"^{(activation[0] > 0).sum()} of 24 units are on")).is_visible()
    strongest = np.argsort(-activation[0])[:5]
    rows = main.get_by_role("table").first.get_by_role("rowheader").all_inner_texts()
    assert list(map(int, rows[:5])) == strongest.tolist()


# ---- logits


def all_logits(record):
    """Every logit, from what the last layer reads."""
    tensor = record.tensors["logits"]
    x, weight, bias = (values(record, tensor.operands[role]) for role in ("x", "weight", "bias"))
    return x @ weight.T + bias


def softmax(logits):
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


def percents(text):
    """The bounds in "4.2 % to 5.1 %", "17.0 %", "1.3e−5 %"."""
    found = [number(one) for one in re.findall(r"([\d.]+(?:e−\d+)?) %", text)]
    return found[0], found[-1]


def at_temperature(page, value):
    """The probabilities shown at a temperature, row by row, in per cent."""
    slider = page.get_by_role("slider", name=re.compile("^Temperature"))
    slider.fill(str(value))
    settle(page)
    rows = page.get_by_role("main").get_by_role("table").first.get_by_role("row").all()[1:]
    return [percents(row.get_by_role("cell").nth(2).inner_text()) for row in rows]


def test_with_weights_the_probabilities_at_any_temperature_are_exact(visit, pages):
    page = visit(pages("greedy"), "#view=logits")
    best = np.sort(all_logits(greedy())[0])[::-1]
    for temperature in (0.5, 1, 2.5):
        shown = at_temperature(page, temperature)
        assert len(shown) >= 10
        for (least, most), share in zip(shown, 100 * softmax(best / temperature), strict=False):
            assert least - 0.051 <= share <= most + 0.051
            assert least == most > 0


def test_without_weights_the_true_probability_lies_within_the_bounds(visit, pages):
    page = visit(pages("learned"), "#view=logits")
    logits = all_logits(learned_with_weights())[0]
    candidates = learned().decode["steps"][0]["candidates"]
    for temperature in (0.5, 2.5):
        truth = 100 * softmax(logits / temperature)
        for (least, most), one in zip(at_temperature(page, temperature), candidates, strict=False):
            assert least - 0.051 <= truth[one["id"]] <= most + 0.051


def test_the_nucleus_is_as_large_as_it_must_be(visit, pages):
    page = visit(pages("greedy"), "#view=logits")
    chances = np.sort(softmax(all_logits(greedy())[0]))[::-1]
    choose(page, "Keep", "top-p")
    enough = int((np.cumsum(chances) < 0.9).sum()) + 1
    words = "one is enough" if enough == 1 else f"{enough} are enough"
    assert words in page.get_by_role("main").inner_text()
