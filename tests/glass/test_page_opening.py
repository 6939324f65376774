"""The page opens from a file: what it was given, or one line that says why not; and nothing in it comes alive."""

import re

import pytest

from .browser import open_view, settle, view_names
from .pages import HOSTILE, MARKUP, SENTENCE, spoilt, translation

FIRST_VIEW = {"translation": "Start", "lecture": "Guided tour", "compare": "Compare", "training": "Learning"}


def test_a_page_opens_where_its_kind_begins(visit, pages):
    page = visit(pages("translation"))
    for name, view in FIRST_VIEW.items():
        visit.turn(page, pages(name))
        assert page.get_by_role("navigation", name="Views").locator("[aria-current=page]").inner_text() == view


def test_the_map_draws_the_model_with_its_depth_and_widths(visit, pages):
    page = visit(pages("translation"), "#view=map")
    main = page.get_by_role("main")
    assert main.get_by_text(SENTENCE, exact=True).first.is_visible()
    for box in ("Masked self-attention", "Cross-attention", "Feed-forward", "Linear", "Softmax"):
        assert main.get_by_role("button", name=re.compile(f"^{box}")).count() >= 1, box
    text = main.inner_text()
    for fact in ("16 → 24 → 16", "273 × 16", "16 → 273", "4 heads × 4"):
        assert fact in text


def test_the_title_names_the_translation(visit, pages):
    page = visit(pages("translation"))
    assert page.title() == f"{translation().meta['title']} · glassformer"


def older(document):
    return document | {"schema": "glassformer-page/0"}


def older_record(document):
    document["traces"][0]["record"]["schema"] = "glassformer-trace/99"
    return document


def cut_numbers(document):
    tensor = next(one for one in document["traces"][0]["record"]["tensors"] if one["data"])
    tensor["data"] = tensor["data"][:-4]
    return document


def unknown_op(document):
    document["traces"][0]["record"]["tensors"][-1]["op"] = "teleport"
    return document


def dangling(document):
    document["traces"][0]["record"]["tensors"][-1]["operands"] = {"x": "nowhere"}
    return document


REFUSED = {
    "of another version": (older, "glassformer-page/0"),
    "with a record of another version": (older_record, "glassformer-trace/99"),
    "truncated": (lambda document: str(document)[:1000], "cut off"),
    "empty": (lambda document: "", "cut off"),
    "null": (lambda document: "null", "no version"),
    "a list": (lambda document: "[]", "no version"),
    "of no trace": (lambda document: document | {"traces": []}, "no trace"),
    "of a null trace": (lambda document: document | {"traces": [None]}, "no version"),
    "with damaged numbers": (cut_numbers, "cut off"),
    "with an unknown op": (unknown_op, "teleport"),
    "with an operand that is not there": (dangling, "nowhere"),
    "without axes": (lambda document: document["traces"][0]["record"].pop("axes") and document, "axes"),
}


def test_a_document_it_cannot_read_is_refused_in_one_line(visit, pages):
    page = visit(pages("greedy"))
    for what, (change, reason) in REFUSED.items():
        visit.turn(page, spoilt(pages("greedy"), change))
        message = page.get_by_role("alert")
        message.wait_for()
        assert reason in message.inner_text(), what
        assert "\n" not in message.inner_text().strip()
        assert page.get_by_role("navigation").count() == 0


NOWHERE = (
    "#%",
    "#view=nowhere",
    "#view=compare",
    "#trace=7",
    "#trace=-1",
    "#view=map&block=<b>",
    "#view=attention&block=cross:9:9",
    "#view=matrix&tensor=nothing&cell=0",
    "#view=matrix&tensor=log_probs&cell=999,999",
    "#view=matrix&tensor=log_probs&cell=0.5,b",
)


def test_a_link_that_leads_nowhere_still_opens_the_page(visit, pages):
    page = visit(pages("greedy"))
    for fragment in NOWHERE:
        visit.turn(page, pages("greedy"), fragment)
        page.get_by_role("main").wait_for()
        assert page.get_by_role("alert").count() == 0, fragment
        assert page.get_by_role("main").inner_text().strip()


@pytest.mark.parametrize("record", ["hostile", "many hostile"])
def test_hostile_text_stays_text_in_every_view(visit, pages, record):
    page = visit(pages(record))
    for name in view_names(page):
        open_view(page, name)
        settle(page)
        assert page.get_by_role("alert").count() == 0, name
        assert page.locator("img, iframe, base, a[href^=javascript]").count() == 0, name
        assert page.locator("script").count() == 2, name  # the document and the program
    assert HOSTILE in page.get_by_role("heading", level=1).inner_text()
    open_view(page, "Tokens")
    assert MARKUP in page.get_by_role("main").inner_text().replace("▁", "")


def test_a_script_that_got_into_the_page_does_not_run(browser, pages, tmp_path):
    """Were text ever taken for markup, the policy in the page would still not let it act."""
    smuggled = tmp_path / "smuggled.html"
    markup = '<script>document.title = "run"</script><img src="data:," onerror="document.title = \'run\'">'
    smuggled.write_text(pages("translation").read_text().replace('<div id="app">', markup + '<div id="app">', 1))
    page = browser.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(smuggled.as_uri())
    page.get_by_role("main").wait_for()
    assert page.title() != "run"
    assert sum("Content Security Policy" in one for one in refused) == 2
    page.close()
