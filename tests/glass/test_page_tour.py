"""The tour's questions, the tour as a presentation, and the page on paper."""

import re

import numpy as np
import pytest

from .browser import go, settle
from .pages import greedy, learned, lecture, modern


def stop(page, name):
    """The question at the stop of that name."""
    go(page, f"#view=tour&stop={name}")
    return page.get_by_role("region", name="Predict, then check")


def answered(question, option):
    question.get_by_role("button", name=option, exact=True).click()
    return " ".join(question.get_by_role("status").inner_text().split())


# ---- questions


@pytest.mark.parametrize("record", [greedy, modern, learned, lecture], ids=lambda one: one.__name__)
def test_every_stop_asks_something_that_one_can_answer(visit, pages, record):
    page = visit(pages(record.__name__), "#view=tour")
    for name in [one["id"] for one in record().tour]:
        question = stop(page, name)
        options = question.get_by_role("list").get_by_role("button").all_inner_texts()
        assert 2 <= len(options) == len(set(options)), name
        said = answered(question, options[0])
        right = options[0] if said.startswith("Right.") else re.match(r"Not so: it is (.*?)\. ", said)[1]
        assert any(right == one for one in options), (name, said)
        question.get_by_role("list").get_by_role("button").filter(has_text="✓").click()
        assert question.get_by_role("status").inner_text().startswith("Right."), name
        assert "NaN" not in said and "undefined" not in said


def test_answers_are_those_of_the_record(visit, pages):
    record = greedy()
    page = visit(pages("greedy"), "#view=tour")
    tokens = record.axes["source"]["size"]
    assert answered(stop(page, "tokenization"), str(tokens)).startswith("Right.")

    active = record.values("encoder.1.feed_forward.activation")
    question = stop(page, "feed_forward")
    word = re.search("“(.*)”", question.inner_text())[1]
    place = [token["text"] for token in record.axes["source"]["tokens"]].index(word)
    assert answered(question, str(int((active[place] > 0).sum()))).startswith("Right.")

    assert answered(stop(page, "decoder"), "3").startswith("Right.")  # the third row sees itself and two before

    step = max(record.decode["steps"], key=lambda one: one["entropy"])
    least_sure = f"step {step['step'] + 1}: {step['read']['text']} → {step['chosen']['text']}"
    assert answered(stop(page, "inference"), least_sure).startswith("Right.")


def test_the_surest_head_is_the_one_of_the_lowest_entropy(visit, pages):
    weights = modern().values("decoder.1.cross_attention.weights").astype(np.float64)
    logs = np.log(weights, out=np.zeros_like(weights), where=weights > 0)
    head = int((-(weights * logs).sum(-1).mean(-1)).argmin())
    page = visit(pages("modern"), "#view=tour")
    assert answered(stop(page, "heads"), f"head {head}").startswith("Right.")


def test_a_wrong_answer_says_what_is_right(visit, pages):
    page = visit(pages("lecture"), "#view=tour")
    said = answered(stop(page, "tokenization"), "24")
    assert said.startswith("Not so: it is 3. 24 characters, 3 words, 3 tokens")
    assert len(lecture().axes["source"]["tokens"]) == 3


# ---- presentation


def parts(page):
    """The titles that one comes by, going forward from the first to the last."""
    seen, forward = [], page.get_by_role("button", name="Next →")
    while True:
        seen.append(page.get_by_role("article").get_attribute("aria-label"))
        if not forward.is_enabled():
            return seen
        page.keyboard.press("PageDown")
        settle(page)
        assert page.get_by_role("alert").count() == 0


def test_a_presentation_goes_through_all_stops_part_by_part(visit, pages):
    page = visit(pages("lecture"), "#view=tour")
    page.get_by_role("button", name="Present").click()
    assert not page.get_by_role("navigation", name="Views").is_visible()
    seen = parts(page)
    titles = [one["title"] for one in lecture().tour]
    assert list(dict.fromkeys(one.rpartition(": ")[0] for one in seen)) == titles
    assert seen[0] == f"{titles[0]}: why" and seen[-1] == f"{titles[-1]}: takeaway"
    assert len(seen) == len(set(seen))
    for key, expected in (("ArrowLeft", seen[-2]), ("ArrowRight", seen[-1])):
        page.keyboard.press(key)
        settle(page)
        assert page.get_by_role("article").get_attribute("aria-label") == expected
    page.keyboard.press("Escape")
    settle(page)
    assert page.get_by_role("navigation", name="Views").is_visible()
    assert titles[-1] in page.get_by_role("main").inner_text()


def test_a_presentation_goes_on_where_interventions_could_be_made(visit, pages):
    page = visit(pages("cause"), "#view=tour&present=yes")
    page.get_by_role("button", name="Next →").click()
    page.wait_for_timeout(300)
    settle(page)
    assert page.get_by_role("article").get_attribute("aria-label").endswith(": the idea")


def test_notes_are_there_when_asked_for_and_kept(visit, pages):
    page = visit(pages("lecture"), "#view=tour&stop=scores&present=yes")
    notes = page.get_by_role("complementary", name="Notes")
    page.get_by_role("article").wait_for()
    assert notes.count() == 0
    page.keyboard.press("n")
    notes.get_by_role("textbox").fill("ask about √d_k")
    page.keyboard.press("ArrowRight")  # in the text, where it moves the cursor
    settle(page)
    assert page.get_by_role("article").get_attribute("aria-label").endswith(": why")
    assert "Next: the idea" in notes.inner_text()
    page.get_by_role("button", name="Next →").click()
    page.get_by_role("button", name="← Back").click()
    assert notes.get_by_role("textbox").input_value() == "ask about √d_k"


def test_a_number_opens_in_a_presentation_and_escape_closes_it_first(visit, pages):
    page = visit(pages("lecture"), "#view=tour&stop=scores&present=yes&part=3")
    page.get_by_role("gridcell").first.focus()
    page.keyboard.press("Enter")
    explanation = page.get_by_role("complementary", name="How the chosen number was made")
    explanation.wait_for()
    page.keyboard.press("Escape")
    settle(page)
    assert explanation.count() == 0
    assert page.get_by_role("region", name="Presentation").is_visible()


@pytest.mark.parametrize("dark", [False, True])
def test_a_presentation_fits_a_telephone_and_passes_axe(visit, pages, axe, dark):
    page = visit(pages("lecture"), "#view=tour&stop=scores&present=yes&notes=yes&part=2", dark=dark, narrow=True)
    page.get_by_role("article").wait_for()
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    assert axe(page) == []


# ---- paper


def test_on_paper_stands_the_view_alone_with_whole_matrices(visit, pages):
    page = visit(pages("long"), "#view=matrix&tensor=decoder.0.cross_attention.weights", dark=True)
    page.get_by_role("gridcell").wait_for()
    page.emulate_media(media="print")
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    settle(page)
    for hidden in (page.get_by_role("navigation"), page.get_by_label(re.compile("^Export")), page.get_by_text("Theme")):
        assert not any(one.is_visible() for one in hidden.all())
    window = page.locator(".matrix-window")
    drawn = page.locator(".matrix canvas").evaluate("(one) => [one.height / devicePixelRatio, one.style.height]")
    assert drawn[0] >= 40 * 16  # all rows
    assert window.evaluate("(one) => getComputedStyle(one).overflow") == "visible"
    assert page.evaluate("() => document.documentElement.dataset.theme") == "light"
    page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("() => document.documentElement.dataset.theme") == "dark"


def test_a_printed_page_is_a_pdf_of_few_pages(visit, pages):
    page = visit(pages("greedy"), "#view=attention")
    page.get_by_role("main").wait_for()
    pdf = page.pdf()
    assert pdf.startswith(b"%PDF") and 1 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 2
