"""Why this word? An intervention that the page does gives what the sweep measured, whatever the model."""

import re
from math import log

import numpy as np
import pytest
import torch

from glassformer.glass.causes.interventions import replace
from glassformer.glass.numbers import show
from glassformer.glass.trace import trace

from .browser import go, number, open_view, panel, settle
from .pages import CAUSES, SENTENCE, caused, spoken, studied

SOME = 13  # every thirteenth cell of the maps: all kinds of part, in a few seconds


def effects(record):
    """(map, row, column, effect) of all cells."""
    for one in record.cause["maps"]:
        for row, values in enumerate(one["total"]):
            for column, effect in enumerate(values):
                yield one["name"], row, column, effect


def cells(page):
    page.get_by_role("region", name="In the encoder").wait_for()
    page.evaluate("document.querySelectorAll('main details').forEach((one) => (one.open = true))")
    return page.locator("main button.effect")


def outcome(page):
    return page.get_by_role("region", name="What the model then says")


def computed(page):
    """The contrast that the page computes under the intervention, to four decimals."""
    figure = outcome(page).get_by_text("computed here").locator("b")
    figure.wait_for()
    return number(figure.get_attribute("title"))


@pytest.mark.parametrize("name", CAUSES)
def test_what_the_page_does_is_what_the_sweep_did(visit, pages, name):
    """Each click puts other numbers in one place; the contrast is then the clean one less the recorded effect."""
    page = visit(pages(name), "#view=why")
    record = caused(name)
    buttons = cells(page)
    known = list(effects(record))
    assert buttons.count() == len(known)
    for place in range(0, len(known), SOME):
        *where, effect = known[place]
        if effect is None:
            continue
        buttons.nth(place).click()
        settle(page)
        expected = record.cause["clean"] - effect
        assert computed(page) == pytest.approx(expected, rel=2e-3, abs=2e-3), where
        buttons.nth(place).click()
        page.get_by_text("computed here").wait_for(state="detached")


def test_a_part_that_corresponds_to_nothing_cannot_be_chosen(visit, pages):
    page = visit(pages("cause_shorter"), "#view=why")
    dead = page.get_by_role("button", name=re.compile("nothing corresponds"))
    assert dead.count() == sum(effect is None for *_, effect in effects(caused("cause_shorter"))) > 0
    dead.first.click(force=True)
    settle(page)
    assert outcome(page).get_by_role("button", name="Undo").count() == 0


def test_probabilities_before_and_in_the_second_sentence_are_torchs(visit, pages):
    page = visit(pages("cause"), "#view=why")
    record = caused("cause")
    row = outcome(page).get_by_role("row").nth(1).get_by_role("cell").all_inner_texts()
    chosen = record.decode["steps"][1]["chosen"]["probability"]
    assert number(row[0].split(" ")[0]) == pytest.approx(100 * chosen, abs=0.06)
    ratio = {}
    for place in (0, 1):
        texts = outcome(page).get_by_role("row").nth(1 + place).get_by_role("cell").all_inner_texts()
        ratio[place] = number(texts[1].strip().split(" ")[0])
    assert log(ratio[0] / ratio[1]) == pytest.approx(record.cause["other"], abs=0.1)


def test_without_weights_the_recorded_effect_is_shown_and_nothing_is_changed(visit, pages):
    page = visit(pages("cause_bare"), "#view=why")
    record = caused("cause", "full")
    one, row, column, effect = max((e for e in effects(record) if e[3] is not None), key=lambda e: abs(e[3]))
    place = [e[:3] for e in effects(record)].index((one, row, column))
    cells(page).nth(place).click()
    settle(page)
    text = outcome(page).inner_text()
    assert f"{record.cause['clean'] - effect:.1f}".replace("-", "−") in text and "carries no weights" in text
    assert page.get_by_role("status").filter(has_text="Changed").count() == 0


def test_the_bars_of_the_sum_add_up_to_the_logit_difference(visit, pages):
    page = visit(pages("cause"), "#view=why")
    total = page.get_by_role("region", name="The logit difference as a sum")
    if total.get_by_role("button", name=re.compile("other terms")).count():
        total.get_by_role("button", name=re.compile("other terms")).click()
        settle(page)
    values = [number(line.inner_text().split("\n")[-1].split()[-1]) for line in total.get_by_role("listitem").all()]
    assert sum(values[:-1]) == pytest.approx(values[-1], abs=1e-4 * len(values))
    assert values[-1] == pytest.approx(caused("cause").cause["clean"], abs=2e-3)


def test_the_page_opens_with_the_question_its_answer_and_the_proof(visit, pages):
    """Each line's odds are e to the logit difference that the sweep measured, and its button does that experiment."""
    record = caused("cause")
    page = visit(pages("cause"))
    card = page.get_by_role("region", name=re.compile("^Why b the letter b and not f the letter f"))
    assert "decide" in card.inner_text() and record.cause["second"]["text"] in card.inner_text()
    rows = card.get_by_role("row").all()[1:]
    clean, words = record.cause["clean"], {side: record.cause["contrast"][side]["text"] for side in "ab"}
    stream = record.cause["maps"][0]["total"]
    for line, difference in ((rows[0], clean), (rows[1], clean - max(stream[0], key=abs))):
        word, odds = re.search(r"(\S+)\s+([\d.,]+) : 1", line.inner_text()).groups()
        assert word == words["a" if difference > 0 else "b"]
        assert number(odds.replace(",", "")) == pytest.approx(np.exp(abs(difference)), rel=0.05, abs=0.06)
    rows[1].get_by_role("button", name="Do this").click()
    assert page.get_by_role("heading", level=2).inner_text() == "Why this word?"
    assert computed(page) == pytest.approx(clean - max(stream[0], key=abs), rel=2e-3, abs=2e-3)
    page.go_back()
    card.get_by_role("button", name=re.compile("^Every other part")).click()
    assert page.get_by_role("heading", level=2).inner_text() == "Why this word?"


def test_an_experiment_from_the_start_shows_its_banner_its_title_and_what_comes_of_it(visit, pages):
    page = visit(pages("cause"))
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_role("region", name=re.compile("^Why b")).get_by_role("button", name="Do this").last.click()
    computed(page)
    for shown in (
        page.get_by_role("region", name="Changed", exact=True),
        page.get_by_role("heading", level=2),
        outcome(page).get_by_text("computed here"),
    ):
        box = shown.bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= 800
    page.evaluate("scrollTo(0, 700)")
    assert page.evaluate("scrollY") > 300
    outcome(page).get_by_role("button", name=re.compile("^See how far")).click()
    assert page.get_by_role("heading", level=2).inner_text() == "Edit and recompute"
    assert page.evaluate("scrollY") == 0
    page.get_by_role("heading", name="What moved").wait_for()
    assert page.get_by_text(re.compile(r"^\d+ matri(x|ces)$")).count() > 0


@pytest.mark.parametrize("width", [390, 1000, 1440])
def test_what_one_reads_stays_where_it_is_when_an_experiment_is_done(visit, pages, width):
    """A banner appears above, out of view: the page does not jump by its height."""
    page = visit(pages("cause"), "#view=why")
    page.set_viewport_size({"width": width, "height": 700})
    proof = page.get_by_role("group", name="The proof")
    button = proof.get_by_role("button").last
    button.evaluate("(it) => scrollTo(0, it.getBoundingClientRect().top + scrollY - 500)")
    before = button.bounding_box()["y"]
    button.click()
    computed(page)
    settle(page)
    assert button.inner_text() == "Undo"
    assert button.bounding_box()["y"] == pytest.approx(before, abs=3)


def test_an_experiment_can_be_done_by_keyboard_alone(visit, pages):
    page = visit(pages("cause"), "#view=why")
    table = page.get_by_role("region", name="In the encoder").get_by_role("table").first
    assert table.locator("[tabindex='0']").count() == 1
    table.get_by_role("button").first.focus()
    for key in ("ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    effect = caused("cause").cause["maps"][0]["total"][1][1]
    page.keyboard.press("Enter")
    assert computed(page) == pytest.approx(caused("cause").cause["clean"] - effect, abs=2e-3)
    assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"


def test_every_view_follows_an_intervention_or_says_why_not(visit, pages):
    """The translation is that of the same intervention in Python; the decode loop then reads it."""
    record = caused("cause")
    tensor, place = record.cause["maps"][0]["tensors"][1], 1
    row = trace(spoken(2), record.cause["second"]["text"], "c b").values(tensor)[place]
    then = trace(spoken(2), SENTENCE, interventions=[replace(tensor, torch.from_numpy(row)[None], [place])])
    steps = [step["chosen"] for step in then.decode["steps"][: len(record.decode["steps"])]]
    assert [one["id"] for one in steps] != [step["chosen"]["id"] for step in record.decode["steps"]]

    page = visit(pages("cause"), "#view=why")
    page.get_by_role("region", name="In the encoder").get_by_role("table").first.get_by_role("row").nth(2).get_by_role(
        "button"
    ).nth(place).click()
    changed = page.get_by_role("region", name="Changed", exact=True)
    changed.get_by_text(re.compile("^The model (still )?writes [^…]")).wait_for()
    page.get_by_role("banner").get_by_text("now →").wait_for()
    assert "the encoder’s state of “b” after layer 0" in changed.inner_text()
    changed.get_by_role("radio", name="what it writes now").check()
    open_view(page, "Decoding step by step")
    page.get_by_role("tab").first.click()
    for place, one in enumerate(steps):
        page.get_by_role("tab").nth(place).click()
        settle(page)
        taken = page.get_by_role("row").filter(has_text="taken").inner_text()
        assert taken.startswith(one["text"].strip() or one["piece"]), place
        shown = re.search(r"([\d.]+) %", taken)
        assert shown is None or number(shown[1]) == pytest.approx(100 * one["probability"], abs=0.06)
    open_view(page, "Tokens")
    read = page.get_by_role("region", name=re.compile("^Target")).get_by_role("table").get_by_role("row").all()[2:]
    assert [line.get_by_role("cell").nth(1).inner_text() for line in read] == [one["text"] for one in steps[:-1]]
    changed.get_by_role("button", name="Undo all").click()
    assert page.get_by_role("banner").get_by_text("now →").count() == 0
    assert changed.count() == 0


def test_the_tour_tells_of_this_model_what_was_measured_and_nothing_else(visit, pages):
    record, study = caused("cause"), studied()
    page = visit(pages("study"), "#view=tour&stop=attention")
    told = page.get_by_role("region", name="What decides in this model")
    text = told.inner_text()
    assert (
        text.index("What the attention says") < text.index("What the intervention proves") < text.index("Do they agree")
    )
    stream = record.cause["maps"][0]["total"]
    first = max(stream[0], key=lambda effect: abs(effect or 0))
    assert f"it is {record.cause['clean'] - first:.1f}".replace("-", "−") in text
    weights = np.mean([record.values(f"decoder.{n}.cross_attention.weights")[:, 1] for n in (0, 1)], (0, 1))
    words = [token["text"] for token in record.axes["source"]["tokens"]]
    assert f"looks most at {words[weights.argmax()]} with {show(float(weights.max()))}"[:-1] in text
    told.get_by_role("button", name=re.compile("experiments")).click()
    assert page.get_by_role("heading", level=2).inner_text() == "Why this word?"

    visit.turn(page, pages("study"), "#view=tour&stop=heads")
    text = page.get_by_role("region", name="What the heads of this model do").inner_text()
    assert f"over {study['sentences']} sentences" in text
    for head in study["contrasts"][0]["heads"]:
        stack, layer, kind = head["attention"].split(".")
        name = f"{stack} layer {layer}, {kind.replace('_', '-')}, head {head['head']}\t{head['mean']:.2f}"
        assert (name in text) == (head["mean"] >= 0.5)
    for block, what in (("attention", "Which words decide"), ("heads", "What the heads of this model do")):
        visit.turn(page, pages("greedy"), f"#view=tour&stop={block}")
        assert page.get_by_text(re.compile(f"^{what}.*was not measured, so nothing is said of it here")).is_visible()
        assert page.get_by_role("region", name=re.compile("this model")).count() == 0


def test_the_beam_of_what_was_changed_is_grey_and_says_why(visit, pages):
    page = visit(pages("translation"), "#view=edit&tensor=encoder.0.self_attention.value.weight&cell=3,2")
    page.get_by_role("main").get_by_role("textbox", name=re.compile("becomes")).fill("4.25")
    page.get_by_role("button", name="Set it").click()
    open_view(page, "The beam as a tree")
    assert page.get_by_text("Grey, because").is_visible()
    assert page.locator(".beam-window").evaluate("(one) => getComputedStyle(one).filter") == "grayscale(1)"


def test_each_word_of_the_target_has_its_meaning_below_it(visit, pages):
    page = visit(pages("cause"), "#view=why")
    page.get_by_role("heading", name=re.compile("^Why b the letter b and not f the letter f")).wait_for()
    for view, where in (
        ("Decoding step by step", "What could come next"),
        ("Logits to probabilities", "After reading"),
    ):
        open_view(page, view)
        card = page.locator("main section.card").filter(has=page.get_by_role("heading", name=where)).last
        assert "the letter" in card.inner_text(), view
    open_view(page, "Tokens")
    assert "the letter c" in page.get_by_role("region", name=re.compile("^Target")).inner_text()


def test_an_intervention_is_in_the_address_and_back_undoes_it(visit, pages):
    page = visit(pages("cause"), "#view=why")
    button = cells(page).nth(1)
    button.click()
    page.get_by_text("computed here").wait_for()
    assert "intervention=encoder.stream:0:1" in page.url
    there = page.url[page.url.index("#") :]
    page.go_back()
    page.get_by_text("computed here").wait_for(state="detached")
    assert button.get_attribute("aria-pressed") == "false"
    visit.turn(page, pages("cause"), there)
    assert computed(page) == pytest.approx(caused("cause").cause["other"], rel=2e-3, abs=2e-3)
    page.get_by_role("region", name="Changed", exact=True).get_by_role("button", name="Undo all").click()
    page.get_by_text("computed here").wait_for(state="detached")
    assert "intervention=" not in page.url and cells(page).nth(1).get_attribute("aria-pressed") == "false"
    for nowhere in ("nothing", "encoder.stream:9:9", "encoder.stream:0:x", "encoder.stream", "<b>", "::"):
        visit.turn(page, pages("cause"), f"#view=why&intervention={nowhere}")
        cells(page)
        assert page.get_by_role("alert").count() == 0
        assert page.get_by_role("region", name="Changed", exact=True).count() == 0


def test_a_number_that_was_put_in_says_so_and_what_its_formula_would_give(visit, pages):
    record = caused("cause")
    page = visit(pages("cause"), "#view=why")
    page.get_by_role("region", name="In the encoder").get_by_role("table").first.get_by_role("button").nth(1).click()
    page.get_by_text("computed here").wait_for()
    tensor = record.cause["maps"][0]["tensors"][0]
    go(page, f"#view=matrix&tensor={tensor}&cell=1,0")
    panel(page).get_by_text("Put here by an intervention").wait_for()
    assert f"= {show(float(record.values(tensor)[1, 0]))}" in panel(page).inner_text()
