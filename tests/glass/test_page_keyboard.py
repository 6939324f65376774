"""The page without a mouse, and as a screen reader hears it; and with no more motion than is wanted."""

import re

from glassformer.glass.numbers import show

from .browser import focused, open_view, panel, settle, view_names
from .pages import translation

SCORES = "#view=matrix&tensor=decoder.1.cross_attention.weights"


def press(page, *keys):
    """Press keys one after another; the focus must never be lost."""
    for key in keys:
        page.keyboard.press(key)
        settle(page)
        assert focused(page), f"the focus is lost after {key}"


def tab_to(page, name, most=120):
    """Press Tab until something of that name has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if re.search(name, focused(page)):
            return
    raise AssertionError(f"no way to {name} by Tab")


def cell(page):
    return page.get_by_role("gridcell").get_attribute("aria-label")


def test_the_first_stop_skips_to_the_view(visit, pages):
    page = visit(pages("translation"))
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the view"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement === document.querySelector('main')")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_from_the_map_to_an_operand_and_back_by_keyboard_alone(visit, pages):
    record = translation()
    page = visit(pages("translation"), "#view=map")
    page.get_by_role("main").wait_for()
    tab_to(page, r"decoder 1 cross attention$")
    press(page, "Enter")
    tab_to(page, r"weights · 4 × ")
    press(page, "Enter")
    tab_to(page, r"query .*, key .*, weight")
    press(page, "ArrowDown", "ArrowRight")
    spot = cell(page)
    press(page, "Enter")
    assert panel(page).is_visible()
    assert show(record.tensors["decoder.1.cross_attention.weights"].at((0, 1, 1))) in focused(page)
    tab_to(page, r"query .*, key .*, value")
    press(page, "Enter")
    assert "tensor=decoder.1.cross_attention.masked" in page.url
    press(page, "Backspace")
    assert "tensor=decoder.1.cross_attention.weights" in page.url and panel(page).is_visible()
    press(page, "Backspace")
    panel(page).wait_for(state="hidden")
    settle(page)
    assert focused(page) == spot, "back in the grid, where one was"


def test_a_grid_is_one_tab_stop(visit, pages):
    page = visit(pages("translation"), SCORES)
    page.get_by_role("gridcell").focus()
    assert page.get_by_role("grid").locator("[tabindex='0']").count() == 1
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.closest('[role=grid]')")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("!!document.activeElement.closest('[role=grid]')")


def test_arrows_walk_over_the_grid_and_stay_in_it(visit, pages):
    record = translation()
    rows, columns = (record.tensors["decoder.1.cross_attention.weights"].shape[axis] for axis in (1, 2))
    page = visit(pages("translation"), SCORES)
    page.get_by_role("gridcell").focus()
    walk = {"ArrowRight": (0, 1), "ArrowDown": (1, 1), "End": (1, columns - 1), "Home": (1, 0), "ArrowUp": (0, 0),
            "ArrowLeft": (0, 0), "Control+End": (rows - 1, columns - 1), "PageUp": (0, columns - 1),
            "Control+Home": (0, 0), "PageDown": (rows - 1, 0)}  # fmt: skip
    for key, place in walk.items():
        press(page, key)
        assert cell(page) == spoken_name(record, place), key


def spoken_name(record, place):
    row, column = place
    key = record.axes["source"]["tokens"][column]["text"]
    step = record.decode["steps"][row]
    query = f"{step['read']['text']} → {step['chosen']['text']}"
    value = record.tensors["decoder.1.cross_attention.weights"].at((0, row, column))
    reason = ", masked: padding" if key == "<pad>" else ""
    return f"head 0, query {query}, key {key}, weight {show(value)}{reason}"


def test_a_view_opened_by_keyboard_keeps_the_focus(visit, pages):
    page = visit(pages("translation"))
    for view in view_names(page):
        page.get_by_role("navigation", name="Views").get_by_role("button", name=view, exact=True).focus()
        press(page, "Enter")
        assert focused(page) == view


def test_closing_the_explanation_gives_the_focus_back(visit, pages):
    page = visit(pages("translation"), SCORES)
    page.get_by_role("gridcell").focus()
    press(page, "ArrowDown", "Enter")
    panel(page).get_by_role("button", name="Close the explanation").focus()
    press(page, "Enter")
    assert panel(page).count() == 0
    assert re.search(r"query \S+ → \S+, key a, weight", focused(page))


def test_backspace_in_a_field_deletes_and_does_not_leave(visit, pages):
    page = visit(pages("translation"), SCORES)
    open_view(page, "Tokens")
    before = page.url
    page.get_by_role("combobox", name="Theme").focus()
    page.keyboard.press("Backspace")
    settle(page)
    assert page.url == before


def test_with_reduced_motion_nothing_moves(visit, pages):
    page = visit(pages("translation"), reduced_motion="reduce")
    for view in view_names(page):
        open_view(page, view)
        moving = "document.getAnimations().filter((one) => one.playState === 'running').length"
        assert page.evaluate(moving) == 0, view
