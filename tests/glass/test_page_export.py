"""What the page gives away: views as drawings and pictures, numbers as tables, under names of one pattern."""

import csv
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from .browser import open_view, settle, view_names
from .pages import HOSTILE, greedy, long

NAME = re.compile(r"glassformer-[a-z-]{1,20}(-tensor-\d+)?\.(svg|png|csv|tex)")
SVG = "{http://www.w3.org/2000/svg}"
CROSS = "decoder.1.cross_attention.weights"


def exported(page, what, form):
    """The file that the menu gives for `what`; its name has the pattern."""
    summary = page.get_by_label(f"Export {what}", exact=True).first
    if not summary.evaluate("(one) => one.parentElement.open"):
        summary.click()
    page.wait_for_timeout(100)  # Chromium drops what a page gives beyond ten files a second
    with page.expect_download() as download:
        summary.locator("..").get_by_role("button", name=form, exact=True).click()
    assert NAME.fullmatch(download.value.suggested_filename)
    return Path(download.value.path())


WITHOUT_TABLE = {"Why this word?", "All matrices", "Edit and recompute"}  # before anything is asked or chosen there
EVERY_VIEW = {  # of a record; None: all that it has
    "translation": None,
    "cause": ["Why this word?"],
    "embeddings": ["Embedding map", "A step of training"],
    "compare": ["Compare"],
    "training": ["Learning"],
}


def every_view(visit, pages):
    page = visit(pages("translation"))
    for name, views in EVERY_VIEW.items():
        visit.turn(page, pages(name))
        for view in views or view_names(page):
            yield page, view


def test_every_view_is_a_drawing_without_scripts_or_links(visit, pages):
    for page, view in every_view(visit, pages):
        open_view(page, view)
        settle(page)
        root = ElementTree.parse(exported(page, "this view", "SVG")).getroot()
        assert root.tag == f"{SVG}svg"
        assert {one.tag.removeprefix(SVG) for one in root.iter()}.isdisjoint({"script", "foreignObject", "a", "style"})
        images = [one.get("href") for one in root.iter(f"{SVG}image")]
        assert all(href.startswith("data:image/png;base64,") for href in images)
        title = page.get_by_role("main").get_by_role("heading", level=2).inner_text()
        assert title in [one.text for one in root.iter(f"{SVG}text")], view


def test_a_view_is_a_picture_and_not_a_blank_one(visit, pages):
    page = visit(pages("greedy"), "#view=attention")
    picture = exported(page, "this view", "PNG").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n") and len(picture) > 20_000


def test_a_matrix_is_a_table_of_its_very_numbers(visit, pages):
    page = visit(pages("greedy"), f"#view=matrix&tensor={CROSS}")
    file = exported(page, "A, this matrix", "CSV")
    head, *rows = csv.reader(file.read_text(encoding="utf-8").splitlines())
    steps = greedy().decode["steps"]
    assert head == ["query: target, reads → writes", *(one["text"] for one in greedy().axes["source"]["tokens"])]
    assert [row[0] for row in rows] == [f"{step['read']['text']} → {step['chosen']['text']}" for step in steps]
    numbers = np.array([row[1:] for row in rows], np.float64).astype(np.float32)
    np.testing.assert_array_equal(numbers, greedy().values(CROSS)[0])


def test_a_matrix_s_drawing_has_every_cell_that_the_screen_scrolls(visit, pages):
    page = visit(pages("long"), "#view=matrix&tensor=decoder.0.cross_attention.weights")
    root = ElementTree.parse(exported(page, "A, this matrix", "SVG")).getroot()
    _, rows, columns = long().tensors["decoder.0.cross_attention.weights"].shape
    assert sum(one.get("fill", "").startswith("rgb(") for one in root.iter(f"{SVG}rect")) == rows * columns


def test_latex_shows_the_numbers_of_the_page(visit, pages):
    page = visit(pages("greedy"), "#view=timeline")
    text = exported(page, "this view", "LaTeX").read_text(encoding="utf-8")
    for logit in page.locator(".candidates .right .num").all_inner_texts():
        assert f"${logit.replace('−', '-')}$" in text


@pytest.mark.parametrize("form", ["SVG", "CSV", "LaTeX"])
def test_hostile_words_are_text_in_every_export(visit, pages, form):
    page = visit(pages("hostile"), "#view=timeline")
    text = exported(page, "this view", form).read_text(encoding="utf-8")
    if form == "SVG":
        assert "<script" not in text and "<img" not in text
        ElementTree.fromstring(text)
    elif form == "CSV":
        assert HOSTILE in text.replace('""', '"')
    else:
        assert "<" not in text.replace("\\textless{}", "")


def test_many_hostile_words_are_text_in_every_export_of_every_view(visit, pages):
    page, count = visit(pages("many hostile")), 0
    for view in view_names(page):
        open_view(page, view)
        settle(page)
        for form in ("SVG",) if view in WITHOUT_TABLE else ("SVG", "CSV", "LaTeX"):
            text, count = exported(page, "this view", form).read_text(encoding="utf-8"), count + 1
            if form == "SVG":
                tags = {one.tag.removeprefix(SVG) for one in ElementTree.fromstring(text).iter()}
                assert tags.isdisjoint({"script", "foreignObject", "a", "style", "iframe", "img"}), view
            elif form == "CSV":
                cells = [cell for row in csv.reader(text.splitlines(keepends=True)) for cell in row]
                assert not [cell for cell in cells if cell[:1] in ("=", "@", "\t", "\r")], view
            else:
                active = "".join(line for line in text.splitlines() if not line.startswith("%"))
                assert "<" not in active.replace("\\textless{}", "") and "\\input" not in active, view
    assert count > 20


def test_the_menu_by_keyboard(visit, pages):
    page = visit(pages("greedy"), "#view=logits")
    summary = page.get_by_label("Export this view", exact=True)
    summary.focus()
    page.keyboard.press("Enter")
    menu = summary.locator("..").get_by_role("button")
    assert menu.all_inner_texts() == ["SVG", "PNG", "CSV", "LaTeX"]
    menu.first.focus()
    page.keyboard.press("Escape")
    assert not menu.first.is_visible()
    assert page.evaluate("() => document.activeElement.getAttribute('aria-label')") == "Export this view"
