"""A trace and the lecture; the browser, and the page's documents, for the tests that open it."""

import pytest

from glassformer.glass.lecture.replay import replay
from glassformer.glass.trace import trace

from .browser import AXE, Visit, chromium, lacking
from .models import SENTENCE, cached
from .pages import write


@pytest.fixture(scope="session")
def record():
    """A translation by beam search; a file that wants another has its own."""
    return trace(cached(), SENTENCE, beam=3)


@pytest.fixture(scope="session")
def lecture():
    return replay()


@pytest.fixture(scope="session")
def browser():
    with chromium() as one:
        yield one


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """`pages("translation")`: the file of a document of `pages.py`, written when first asked for."""
    folder = tmp_path_factory.mktemp("pages")
    return lambda name: write(folder, name)


@pytest.fixture
def visit(browser):
    """`visit(file, "#view=map")` opens a page; what it does wrong meanwhile fails the test."""
    one = Visit(browser)
    yield one
    one.close()
    assert not one.problems


@pytest.fixture
def axe(visit):
    """`axe(page)`: what axe-core finds wrong, one line each."""
    if not AXE.exists():
        lacking("axe-core is not installed (npm ci in glassformer/glass/web)")
    source = AXE.read_text(encoding="utf-8")

    def violations(page, *rules):
        if page.evaluate("!window.axe"):
            page.evaluate(source)
        only = {"runOnly": {"type": "rule", "values": list(rules)}} if rules else {}
        found = page.evaluate("(options) => axe.run(document, options)", {"resultTypes": ["violations"], **only})
        return [f"{one['id']}: {node['html'][:160]}" for one in found["violations"] for node in one["nodes"]]

    return violations
