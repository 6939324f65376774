"""Every view of every kind of record: it opens, fits a telephone, and passes axe's rules in light and dark."""

import re

import numpy as np
import pytest

from .browser import keep_picture, open_view, settle, view_names
from .pages import SCRIPTS, attention, greedy, scripts

CELL = "#view=matrix&tensor=decoder.1.cross_attention.scores&cell=0,1,1"


# What each record adds to the others: all of its views (None), or those that show it otherwise.
DIFFERENT = {
    "translation": None,
    "lecture": None,
    "attention": None,
    "long": None,
    "scripts": None,
    "hostile": ["Edit and recompute"],
    "modern": ["Map", "Positions", "Residual and norm", "Feed-forward"],
    "learned": ["Map", "Positions", "Residual and norm", "Logits to probabilities"],
    "cause": ["Why this word?"],
    "cause_zero": ["Why this word?"],
    "study": ["Guided tour"],
    "compare": ["Compare"],
    "training": ["Learning"],
    "embeddings": ["Embedding map", "A step of training"],
}
JUDGED = {  # by axe: views of another build, not of other numbers
    "translation": None,
    "lecture": ["Guided tour", "Edit and recompute"],
    "cause": ["Why this word?"],
    "compare": ["Compare"],
    "training": ["Learning"],
    "embeddings": ["Embedding map", "A step of training"],
}


def every_view(page, names=None):
    """Opens one view after the other; none may fail or be empty."""
    for view in names or view_names(page):
        open_view(page, view)
        settle(page)
        assert page.get_by_role("alert").count() == 0, view
        assert len(page.get_by_role("main").inner_text()) > 80, view
        yield view


def walk(visit, pages, records, **options):
    """Every view of some records, one after the other, and at last an explanation: (page, "record: view")."""
    page = visit(pages("translation"), **options)
    for name, views in records.items():
        visit.turn(page, pages(name))
        for view in every_view(page, views):
            yield page, f"{name}: {view}"
    yield visit.turn(page, pages("translation"), CELL), "an explanation"


def test_every_view_opens_and_fits_a_telephone_whatever_one_chooses_there(visit, pages):
    """No view is wider than the window, and no box, choice, list or slider of it breaks the page."""
    wide = {}
    for page, where in walk(visit, pages, DIFFERENT, narrow=True):
        wide[where] = too_wide(page)
        if where.startswith(("translation", "lecture", "attention", "cause", "compare", "training", "embeddings")):
            used = page.evaluate(USE_ALL)
            assert page.get_by_role("alert").count() == 0, f"{where}: {used[-2:]}"
            wide[f"{where}, used"] = too_wide(page)
    assert {where: over for where, over in wide.items() if over > 0} == {}


# Each control of the view is found anew, for a view may draw others after a change; the labels of those used.
USE_ALL = """async () => {
    const used = [];
    const drawn = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const find = () => [...document.querySelectorAll("main :is(input, select, summary):not(:disabled)")];
    for (let i = 0; i < Math.min(find().length, 60); i++) {
        const one = find()[i];
        if (!one) break;
        used.push(one.getAttribute("aria-label") ?? one.closest("label")?.textContent ?? one.textContent);
        if (one.type === "range") {
            for (const end of [one.min, one.max]) {
                one.value = end;
                one.dispatchEvent(new Event("input", { bubbles: true }));
                await drawn();
            }
        } else if (one.tagName === "SELECT") {
            one.selectedIndex = one.options.length - 1;
            one.dispatchEvent(new Event("change", { bubbles: true }));
        } else if (one.type !== "text" && one.type !== "search") one.click();
        await drawn();
        const alert = document.querySelector("[role=alert]");
        if (alert) return [...used, alert.textContent];
    }
    return used;
}"""


def test_the_views_are_those_that_the_record_can_fill(visit, pages):
    page = visit(pages("translation"))
    offered = set(view_names(page))
    assert {"Start", "Map", "Guided tour", "Tokens", "Positions", "Attention", "Heads side by side",
            "Residual and norm", "Feed-forward", "Logits to probabilities", "Decoding step by step",
            "The beam as a tree", "All matrices", "Edit and recompute", "Why this word?",
            "A step of training"} == offered  # fmt: skip
    less = set(view_names(visit.turn(page, pages("attention"))))
    assert less < offered and {"Map", "Tokens", "Attention", "The beam as a tree"} <= less
    assert "Edit and recompute" not in less and attention().vocabulary is None
    of_the_lecture = view_names(visit.turn(page, pages("lecture")))
    assert "Edit and recompute" in of_the_lecture and "The beam as a tree" not in of_the_lecture
    assert "The beam as a tree" in view_names(visit.turn(page, pages("greedy")))  # which searches one itself


def too_wide(page):
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_axe_finds_nothing_in_light_or_dark(visit, pages, axe):
    """The dark page differs in its colours only, so only their rule is run there."""
    found = {}
    for page, where in walk(visit, pages, JUDGED):
        found[where] = axe(page)
        keep_picture(page, f"{where} light")
        page.emulate_media(color_scheme="dark")
        settle(page)
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        found[f"{where}, dark"] = axe(page, "color-contrast")
        keep_picture(page, f"{where} dark")
        page.emulate_media(color_scheme="light")
    assert {where: lines for where, lines in found.items() if lines} == {}


def test_light_and_dark_are_two_pictures_and_neither_is_blank(visit, pages):
    pictures = {}
    for scheme in ("light", "dark"):
        page = visit(pages("translation"), dark=scheme == "dark")
        settle(page)
        pictures[scheme] = page.screenshot()
        # relative luminance of what lies behind everything
        colour = page.evaluate(
            "getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).slice(0, 3).map(Number)"
        )
        assert (sum(colour) > 3 * 200) == (scheme == "light"), colour
    page.goto("about:blank")
    blank = len(page.screenshot())
    assert pictures["light"] != pictures["dark"]
    assert min(map(len, pictures.values())) > 4 * blank


def test_the_theme_can_be_chosen_and_is_remembered(visit, pages):
    page = visit(pages("translation"))
    page.get_by_role("combobox", name="Theme").select_option("dark")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    assert page.get_by_role("combobox", name="Theme").input_value() == "dark"


def test_words_of_every_script_stand_in_one_run_of_text(visit, pages):
    """Letters join and reorder across the border of two tokens: no token may be a box of its own in running text."""
    page = visit(pages("scripts"), "#view=tokens")
    for axis, text in (("source", SCRIPTS[0]), ("target", SCRIPTS[3])):
        assert scripts().axes[axis]["text"] == text
    whole = page.get_by_role("main").inner_text()
    assert SCRIPTS[0] in whole or SCRIPTS[0].replace(" ", "▁") in whole.replace(" ▁", "▁")
    boxes = page.evaluate(
        """() => {
            const letters = /[\\u0900-\\u097f\\u0600-\\u06ff]/;
            const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
            const boxed = [];
            while (walker.nextNode()) {
                const one = walker.currentNode, parent = one.parentElement, next = parent.nextSibling;
                if (!letters.test(one.data) || parent.closest("table, code, h3")) continue;
                const display = getComputedStyle(parent).display;
                const goesOn = next?.nodeType === 1 && letters.test(next.textContent);
                if (goesOn && display.startsWith("inline-")) boxed.push(one.data);
            }
            return boxed;
        }"""
    )
    assert boxes == []


def test_right_to_left_text_runs_from_right_to_left(visit, pages):
    page = visit(pages("scripts"), "#view=map")
    direction = (
        page.get_by_role("main").get_by_text(SCRIPTS[3]).last.evaluate("(one) => getComputedStyle(one).direction")
    )
    assert direction == "rtl"


def test_all_heads_stand_side_by_side_with_their_entropy(visit, pages):
    page = visit(pages("greedy"), "#view=heads&block=encoder.self_attention")
    page.get_by_role("radio", name="source → source").check()
    seen = {}
    for text in page.get_by_role("main").get_by_role("button").filter(has_text="entropy").all_inner_texts():
        layer, head, entropy = re.search(r"layer (\d+), head (\d+)\s.*entropy ([\d.]+)", text, re.DOTALL).groups()
        seen[int(layer), int(head)] = float(entropy)
    for layer in range(2):
        weights = greedy().tensors[f"encoder.{layer}.self_attention.weights"].values.astype(float)
        entropy = -(weights * np.log(weights)).sum(-1).mean(-1)
        for head in range(4):
            assert seen.pop((layer, head)) == pytest.approx(entropy[head], abs=5.1e-5)
    assert not seen
