"""A sentence typed into the page: it is translated there as `Translator` translates it, to the last number."""

import functools

import numpy as np
import pytest

from glassformer.glass.trace import trace
from glassformer.text.normalization import normalizer
from glassformer.translator import Translator

from .browser import AXE, go, number, open_view, panel, settle, view_buttons, view_names
from .node import bundled
from .pages import MODERN, greedy, mapped, spoken

SENTENCE = "c c"
TYPED = (SENTENCE, "b a d", "f e d", "a </s> b", "<pad> ▁ c", "ñandú 😀\u200d हिन्दी", "  c\u00a0e\t", "e\u0301 a")
LONG = "a b c d e f " * 10
CLOSE = 1e-5  # of a tensor's largest number: float32 on both sides, summed in another order


def normalized(**options):
    """A model whose tokenizer has the source's rules of normalisation."""
    one = spoken(**options)
    source = one.source_tokenizer.with_rules(normalizer("source").serialized_normalizer_spec())
    return Translator(one.model, source, one.target_tokenizer)


MODELS = {
    "post-norm, sinusoidal": spoken,
    "pre-norm, rotary, gated, grouped": functools.partial(spoken, **MODERN),
    "learned positions, a tokenizer with rules": functools.partial(
        normalized, positions="learned", norm_position="pre"
    ),
}


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return bundled("translateDriver", tmp_path_factory.mktemp("translate"))


@pytest.mark.parametrize("name", MODELS)
def test_all_numbers_of_a_typed_sentence_are_those_of_a_trace(program, name):
    model = MODELS[name]()
    record = trace(model, "a b", detail="full+weights").to_dict(compact=True)
    for sentence, found in zip(TYPED, program({"record": record, "sentences": TYPED}), strict=True):
        truth = trace(model, sentence, detail="full+weights")
        assert found["decode"]["text"] == truth.decode["text"] == model.translate([sentence], beam=1)[0].text
        assert found["title"] == truth.meta["title"]
        assert found["axes"] == truth.axes, sentence
        for ours, theirs in zip(found["decode"]["steps"], truth.decode["steps"], strict=True):
            assert ours["read"] == theirs["read"]
            assert [one["id"] for one in ours["candidates"]] == [one["id"] for one in theirs["candidates"]]
            for key, value in theirs["chosen"].items():
                assert ours["chosen"][key] == (
                    pytest.approx(value, rel=2e-5, abs=2e-5) if type(value) is float else value
                )
            assert (ours["entropy"], ours["logsumexp"]) == pytest.approx(
                (theirs["entropy"], theirs["logsumexp"]), rel=2e-5
            )
        assert (found["decode"]["log_prob"], found["decode"]["score"]) == pytest.approx(
            (truth.decode["log_prob"], truth.decode["score"]), rel=2e-5
        )
        assert {key: found["decode"][key] for key in ("finished", "strategy")} == {
            key: truth.decode[key] for key in ("finished", "strategy")
        }
        for tensor, values in found["values"].items():
            one, columns = truth.tensors[tensor], truth.tensors[tensor].columns
            ours = np.array([np.nan if value is None else value for value in values]).reshape(one.shape)
            theirs = truth.values(tensor).astype(float)
            theirs[~np.isfinite(theirs)] = np.nan  # a hidden score is minus infinity, which JSON has not
            ours, largest = ours[..., columns] if columns else ours, max(1.0, float(np.nanmax(np.abs(theirs))))
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=CLOSE * largest, err_msg=f"{tensor}: {sentence}")


def test_what_cannot_be_translated_is_refused_in_one_line(program):
    record = trace(spoken(), "a b", detail="full+weights").to_dict(compact=True)
    blank, long, half = program({"record": record, "sentences": [" \u2003 ", LONG, "a \ud800"]})
    assert "blank" in blank["error"] and "reads at most 48" in long["error"] and "surrogate" in half["error"]


def type_in(page, sentence):
    page.get_by_role("textbox", name="A sentence to translate").fill(sentence)
    page.get_by_role("button", name="Translate this here").click()


def test_a_typed_sentence_is_what_every_view_shows(visit, pages):
    truth = trace(spoken(), SENTENCE, detail="full+weights")
    page = visit(pages("translation"))
    recorded = view_names(page)
    type_in(page, SENTENCE)
    banner = page.get_by_role("status").filter(has_text="You typed")
    banner.wait_for()
    assert page.get_by_role("heading", level=1).inner_text() == truth.meta["title"]
    assert view_names(page)[0] == recorded[0] and len(view_names(page)) == len(recorded)
    for name in recorded:
        view_buttons(page).filter(has_text=name).first.click()
        page.get_by_role("main").get_by_role("heading", level=2).first.wait_for()
        settle(page)
        assert page.get_by_role("alert").count() == 0, name
        assert banner.is_visible()
    for tensor, index in (
        ("encoder.1.feed_forward.outer", (2, 3)),
        ("decoder.1.cross_attention.weights", (1, 0, 2)),
        ("logits", (0, truth.tensors["logits"].columns[0])),
    ):
        go(page, f"#view=matrix&sentence={SENTENCE}&tensor={tensor}&cell={','.join(map(str, index))}")
        shown = number(panel(page).get_by_role("heading", level=2).inner_text().split()[-1])
        assert shown == pytest.approx(float(truth.tensor(tensor).at(index)), rel=1e-4, abs=5.1e-5), tensor


def test_what_is_of_the_recorded_sentence_is_not_shown_for_another(visit, pages):
    page = visit(pages("embeddings"), "#view=training_step&sentence=c c a")
    page.get_by_text("has no end").wait_for()
    page.get_by_role("main").get_by_role("button", name="Back to the recorded sentence").click()
    page.get_by_text("has no end").wait_for(state="detached")
    assert page.get_by_role("heading", level=1).inner_text() == mapped().meta["title"]
    visit.turn(page, pages("cause"), f"#view=why&sentence={SENTENCE}")
    page.get_by_role("heading", name="Why does it say this word?").wait_for()
    assert page.get_by_role("region", name="In the encoder").count() == 0


def test_a_link_to_a_typed_sentence_opens_it_and_back_leaves_it(visit, pages):
    page = visit(pages("greedy"), "#view=story")
    type_in(page, "f e d")
    page.get_by_text("You typed").wait_for()
    page.wait_for_timeout(600)
    open_view(page, "Decoding step by step")
    page.get_by_role("tab").nth(1).click()
    page.wait_for_timeout(300)
    fragment, text = page.evaluate("() => location.hash"), page.get_by_role("main").inner_text()
    visit.turn(page, pages("greedy"), fragment)
    page.get_by_role("tab").nth(1).wait_for()
    assert page.get_by_role("main").inner_text() == text
    assert page.evaluate("() => location.hash") == fragment
    visit.turn(page, pages("greedy"))
    type_in(page, "f e d")
    page.get_by_text("You typed").wait_for()
    page.go_back()
    page.get_by_text("You typed").wait_for(state="detached")
    assert page.get_by_role("heading", level=1).inner_text() == greedy().meta["title"]


def test_an_edit_of_a_typed_sentence_is_in_its_link(visit, pages):
    page = visit(pages("greedy"), "#view=edit&sentence=f e d&change=head")
    page.get_by_role("button", name="Silence it").click()
    page.get_by_text("is silent").wait_for()
    page.wait_for_timeout(300)
    fragment = page.evaluate("() => location.hash")
    visit.turn(page, pages("greedy"), fragment)
    page.get_by_text("is silent").wait_for()
    page.get_by_role("button", name="Back to the recorded one").click()
    page.get_by_text("is silent").wait_for(state="detached")


def test_markup_and_control_tokens_stay_text(visit, pages):
    page = visit(pages("greedy"))
    for sentence in ("<img src=x onerror=alert(1)>", "</s><s><pad>", "</script><script>alert(2)</script>", "x" * 5000):
        type_in(page, sentence)
        page.get_by_text("You typed").or_(page.get_by_role("alert")).first.wait_for()
        settle(page)
        assert page.locator("img").count() == 0
        assert page.locator("script").count() == 2


def test_a_page_without_weights_says_why_it_takes_no_sentence(visit, pages):
    for name in ("attention", "long"):
        page = visit(pages(name))
        page.get_by_text("no weights").wait_for()
        assert page.get_by_role("textbox").count() == 0


def test_a_link_whose_sentence_cannot_be_shown_says_so_and_opens_the_recorded_one(visit, pages):
    page = visit(pages("greedy"), f"#view=tokens&sentence={LONG}")
    page.get_by_role("alert").filter(has_text="reads at most 48").wait_for()
    assert page.get_by_role("heading", level=1).inner_text() == greedy().meta["title"]
    page = visit(pages("attention"), "#view=tokens&sentence=a b")
    page.get_by_role("alert").filter(has_text="no weights").wait_for()
    page.get_by_role("heading", name="Tokens", level=2).wait_for()


def test_the_story_has_six_steps_each_with_a_way_down_and_back(visit, pages):
    page = visit(pages("greedy"))
    steps = page.get_by_role("main").get_by_role("heading", level=3)
    assert steps.count() == 6
    for at in range(6):
        page.get_by_role("button", name="Look closer").nth(at).click()
        page.get_by_role("button", name="Look closer").first.wait_for(state="detached")
        page.go_back()
        steps.first.wait_for()
    page.get_by_role("button", name="The whole model as a map").click()
    page.get_by_role("heading", name="Map", level=2).wait_for()


@pytest.mark.parametrize(("dark", "narrow"), [(False, False), (True, False), (False, True)])
def test_the_story_is_accessible(visit, pages, dark, narrow):
    page = visit(pages("greedy"), "#view=story&sentence=b a d", dark=dark, narrow=narrow)
    page.get_by_role("heading", name="From sentence to sentence").wait_for()
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run()")["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
