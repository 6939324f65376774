"""The lecture as a guided tour of the page: all stops in order, and every printed number against the computed one."""

import re

from .browser import settle
from .pages import lecture, translation


def walk(page):
    """The tour's pages from the first to the last, by the button Next."""
    while True:
        settle(page)
        yield page.get_by_role("article")
        following = page.get_by_role("article").get_by_role("button", name="Next").first
        if following.is_disabled():
            return
        following.click()


def test_the_tour_has_every_stop_with_its_four_lines(visit, pages):
    for name, record in (("lecture", lecture()), ("translation", translation())):
        page = visit(pages(name), "#view=tour")
        stops = list(record.tour)
        for article in walk(page):
            stop = stops.pop(0)
            text = article.inner_text()
            for line in ("title", "motivation", "concept", "helps", "takeaway"):
                assert stop[line] in text, (stop["id"], line)
            grids = article.get_by_role("grid").count()
            tokens = article.get_by_role("list", name="Tokens and their ids").count()
            assert grids == len(stop["tensors"]) or tokens == 2, stop["id"]
        assert not stops


def test_every_erratum_is_named_and_explained(visit, pages):
    page = visit(pages("lecture"))
    said = "\n".join(article.inner_text() for article in walk(page))
    errata = [check for check in lecture().checks if check["erratum"]]
    assert errata
    for check in errata:
        assert check["erratum"] in said, check["name"]
    assert all(check["agrees"] or check["erratum"] for check in lecture().checks)


def test_a_stop_leads_to_its_view_and_has_a_link(visit, pages):
    page = visit(pages("lecture"))
    page.get_by_role("navigation", name="Stops of the tour").get_by_role(
        "button", name=re.compile("Positional")
    ).click()
    page.reload()
    assert "Positional encoding" in page.get_by_role("article").get_by_role("heading", level=3).first.inner_text()
    page.get_by_role("article").get_by_role("button", name=re.compile("^See it in")).click()
    assert page.get_by_role("main").get_by_role("heading", level=2).inner_text() == "Positions"
