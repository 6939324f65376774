"""Every number on the page can be followed down to what made it, and says what Python's `Trace.cell` says."""

import contextlib
import csv
import io
import re

import pytest

from glassformer.glass.numbers import show
from glassformer.glass.ops import LEAVES

from .browser import go, panel, settle
from .pages import learned, lecture, modern, translation

RECORDS = {"translation": translation, "modern": modern, "lecture": lecture, "learned": learned}


def cell_of(record, name, index):
    """Python's explanation of the cell."""
    return record.cell(name, **dict(zip(axis_names(record.tensors[name]), index, strict=True)))


def axis_names(tensor):
    return ("head", "row", "column")[3 - len(tensor.shape) :] if len(tensor.shape) > 1 else ("row",)


def fragment(name, index):
    return f"#view=matrix&tensor={name}&cell={','.join(map(str, index))}"


def show_all(page):
    """The terms in the formula's order, all of them."""
    in_order = panel(page).get_by_role("radio", name="in order")
    if in_order.count():
        in_order.check()
    everything = panel(page).get_by_role("button", name=re.compile("^Show all"))
    if everything.count():
        everything.click()


def operands(page):
    """What the explanation names, term by term: (tensor, index, text)."""
    buttons = panel(page).get_by_role("region", name="Terms").get_by_role("button").filter(has_not_text="Show all")
    found = []
    for title, text in buttons.evaluate_all("(all) => all.map((one) => [one.title, one.textContent])"):
        name, index = re.fullmatch(r"(.+)\[([\d,]*)\]", title).groups()
        found.append((name, tuple(map(int, index.split(","))), text))
    return found


def heading(page):
    return panel(page).get_by_role("heading", level=2).inner_text().split()


def some_cells(record):
    """A cell of every op of the record: the last of a tensor that can be explained."""
    chosen = {}
    for tensor in record.tensors.values():
        if tensor.op in LEAVES or tensor.op in chosen:
            continue
        index = [size - 1 for size in tensor.shape]
        if tensor.columns:
            index[-1] = tensor.columns[-1]
        weights = [one for one in tensor.operands.values() if record.tensors[one].op == "parameter"]
        if all(record.tensors[one].values is not None for one in weights):
            chosen[tensor.op] = (tensor.name, tuple(index))
    return list(chosen.values())


@pytest.mark.parametrize("name", RECORDS)
def test_a_cell_of_every_op_is_explained_as_in_python(visit, pages, name):
    record = RECORDS[name]()
    page = visit(pages(name))
    for tensor, index in some_cells(record):
        go(page, fragment(tensor, index))
        cell = cell_of(record, tensor, index)
        assert heading(page)[-1] == show(cell.value), tensor
        show_all(page)
        assert operands(page) == expected_operands(record, tensor, index), tensor


def expected_operands(record, name, index):
    """Python's operand cells; of logits that the record keeps a part of, that part."""
    cells = cell_of(record, name, index).operands
    whole = record.tensors[record.tensors[name].operands["x"]] if record.tensors[name].op == "log_softmax" else None
    if whole and whole.columns:
        return [(whole.name, (index[0], one), show(whole.at((index[0], one)))) for one in whole.columns]
    return [(one.tensor, one.index, show(one.value)) for one in cells]


def test_what_is_copied_runs_and_gives_the_number(visit, pages):
    record = translation()
    page = visit(pages("translation"), permissions=["clipboard-read", "clipboard-write"])
    for tensor, index in some_cells(record):
        go(page, fragment(tensor, index))
        value = record.tensors[tensor].at(index) if record.tensors[tensor].values is not None else None
        value = cell_of(record, tensor, index).value if value is None else value
        python, table = copied(page, "Python"), copied(page, "CSV")
        assert printed(python) == pytest.approx(value, rel=1e-5, abs=1e-5), tensor
        (_, result, *rows) = csv.reader(io.StringIO(table))
        assert float(result[3]) == pytest.approx(value, rel=1e-6)
        for _, operand, place, number in rows:
            place = tuple(map(int, place.split()))
            if record.tensors[operand].values is not None:
                assert float(number) == pytest.approx(record.tensors[operand].at(place), rel=1e-6)
        assert copied(page, "LaTeX").startswith("\\begin{align*}")


def copied(page, what):
    panel(page).get_by_role("button", name=what, exact=True).click()
    panel(page).get_by_role("status").filter(has_text=f"{what} copied").wait_for()
    return page.evaluate("navigator.clipboard.readText()")


def printed(code):
    """What the copied lines print. They are the page's own, made from numbers."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(code, {})
    return float(out.getvalue())


def test_from_a_cross_attention_score_down_to_an_embedding_and_a_weight(visit, pages):
    record = translation()
    page = visit(pages("translation"), "#view=map")
    page.get_by_role("button", name=re.compile(r"decoder 1 cross attention$")).click()
    page.get_by_role("region", name=re.compile("Cross-attention", re.I)).get_by_role(
        "button", name=re.compile("scores ·")
    ).click()
    grid = page.get_by_role("grid")
    grid.get_by_role("gridcell").press("Enter")
    seen = [here(page)]
    assert seen == ["decoder.1.cross_attention.scores"]
    # Always through the first operand: the decoder's state, its layers, and at last the embedding.
    for _ in range(60):
        buttons = panel(page).get_by_role("region", name="Terms").get_by_role("button").filter(has_not_text="Show all")
        if not buttons.count():
            break
        buttons.first.click()
        settle(page)
        name, index = place(page)
        assert heading(page)[-1] == show(cell_of(record, name, index).value)
        seen.append(name)
    assert "target_embedding.output" in seen and "target_embedding.lookup" in seen
    assert record.tensors[seen[-1]].op in LEAVES
    # The same score through W_K: the second operand, and there the second again.
    go(page, fragment("decoder.1.cross_attention.key", (0, 0)))
    show_all(page)
    panel(page).get_by_role("region", name="Terms").get_by_role("button").nth(1).click()
    settle(page)
    name, index = place(page)
    assert name == "decoder.1.cross_attention.key.weight"
    assert "learned parameter" in panel(page).inner_text()
    assert heading(page)[-1] == show(record.tensors[name].at(index))


def place(page):
    """Where the address says one is: (tensor, index)."""
    name, index = re.search(r"tensor=([^&]*)&cell=([\d,]*)", page.url).groups()
    return name, tuple(map(int, index.split(",")))


def here(page):
    return place(page)[0]


def test_where_weights_are_not_carried_the_page_says_how_to_get_them(visit, pages):
    page = visit(pages("learned"), fragment("encoder.0.self_attention.query", (0, 0)))
    assert "--detail full+weights" in panel(page).inner_text()
    assert heading(page)[-1] == show(learned().tensors["encoder.0.self_attention.query"].at((0, 0)))


def test_a_link_names_a_number(visit, pages):
    name, index = "decoder.1.cross_attention.weights", (2, 3, 1)
    page = visit(pages("translation"), fragment(name, index))
    assert heading(page)[-1] == show(translation().tensors[name].at(index))
    assert page.get_by_role("gridcell", selected=True).count() >= 1


def test_matrices_say_what_stands_in_rows_and_columns(visit, pages):
    page = visit(pages("translation"), "#view=matrix&tensor=decoder.1.cross_attention.weights")
    assert page.get_by_role("grid").get_attribute("aria-label").endswith("query: target, reads → writes by key: source")


def test_a_masked_cell_says_why(visit, pages):
    page = visit(pages("translation"), "#view=matrix&tensor=decoder.0.self_attention.weights")
    cell = page.get_by_role("gridcell")
    cell.press("ArrowRight")
    assert page.get_by_role("gridcell").get_attribute("aria-label").endswith("weight 0, masked: future")
    go(page, "#view=matrix&tensor=encoder.0.self_attention.weights")
    page.get_by_role("gridcell").press("End")
    assert page.get_by_role("gridcell").get_attribute("aria-label").endswith("weight 0, masked: padding")
