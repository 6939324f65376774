"""A step of training in a browser: the record's numbers, and the way to the weight."""

from .browser import open_view
from .pages import mapped


def test_places_and_terms_are_the_records(visit, pages):
    record = mapped()
    assert record.training_step is not None
    page = visit(pages("embeddings"))
    open_view(page, "A step of training")
    tables = page.locator(".step-table")
    said = tables.first.locator("tbody tr td:nth-child(2)").all_inner_texts()
    assert [one.strip() for one in said] == [
        step["chosen"]["text"].strip() or step["chosen"]["piece"] for step in record.decode["steps"]
    ]
    read = tables.first.locator("tbody tr td:nth-child(1)").all_inner_texts()
    assert [one.strip() for one in read[1:]] == [one.strip() for one in said[:-1]]  # shifted by one place
    weight = record.training_step["weight"]
    assert tables.nth(1).locator("tbody tr").count() == len(weight["slopes"])
    page.locator(".step-name").click()
    page.get_by_role("heading", name="All matrices").wait_for()
    assert f"tensor={weight['name']}" in page.url


def test_the_tour_of_a_model_leads_there(visit, pages):
    page = visit(pages("embeddings"), "#view=tour&stop=gradient_step")
    assert "One gradient step" in page.get_by_role("main").inner_text()
    page.get_by_role("button", name="See it in “A step of training”").click()
    page.get_by_role("heading", name="A step of training", exact=True).wait_for()
