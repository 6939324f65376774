"""A trace in Jupyter: the page in a sandbox, a drawing, and plain text."""

import dataclasses
import subprocess
import sys
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from glassformer.glass.lecture.replay import replay
from glassformer.glass.numbers import show
from glassformer.glass.trace import trace
from glassformer.glass.views import html
from glassformer.glass.views.html import page
from glassformer.glass.views.notebook import mimebundle

from .models import SENTENCE, cached


class Elements(HTMLParser):
    """The elements of an HTML text, as a browser would see them."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


@pytest.fixture(scope="module")
def record():
    return trace(cached(), SENTENCE)


def test_the_page_stands_in_a_sandbox(record):
    ((tag, attributes),) = Elements(mimebundle(record)["text/html"]).found
    assert tag == "iframe" and attributes["sandbox"] == "allow-scripts allow-downloads"
    assert attributes["srcdoc"] == page([("trace", record)])
    assert attributes["title"] == record.meta["title"]


def test_jupyter_gets_it_from_a_trace_that_was_only_loaded(record, tmp_path):
    """In a new process: reading a saved trace is enough, nothing else need be imported."""
    record.save(tmp_path / "trace.json")
    code = "import sys, glassformer; print(*glassformer.Trace.load(sys.argv[1])._repr_mimebundle_())"
    process = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "trace.json"], capture_output=True, text=True, check=True
    )
    assert set(process.stdout.split()) == set(mimebundle(record)) == {"text/plain", "image/svg+xml", "text/html"}
    assert record._repr_mimebundle_() == mimebundle(record)


def test_a_lecture_shows_itself_as_one():
    lecture = replay()
    ((_, attributes),) = Elements(mimebundle(lecture)["text/html"]).found
    assert attributes["srcdoc"] == page([("trace", lecture)], "lecture")


def test_hostile_titles_stay_in_the_frame_and_out_of_the_terminal(record):
    hostile = dataclasses.replace(
        record, meta=record.meta | {"title": "\"'></iframe><script>alert(1)</script>\x1b[31m"}
    )
    bundle = mimebundle(hostile)
    assert [tag for tag, _ in Elements(bundle["text/html"]).found] == ["iframe"]
    assert "\x1b" not in bundle["text/plain"]
    ElementTree.fromstring(bundle["image/svg+xml"])


def test_the_joiners_of_hindi_stay_in_the_plain_text(record):
    title = "क्\u200dष"
    assert title in mimebundle(dataclasses.replace(record, meta=record.meta | {"title": title}))["text/plain"]


def test_plain_text_has_each_step_s_token_and_probability(record):
    lines = mimebundle(record)["text/plain"].split("\n")[1:]
    steps = record.decode["steps"]
    assert [line.split()[:2] for line in lines] == [[str(s["step"]), show(s["chosen"]["probability"])] for s in steps]


def test_what_is_too_large_for_a_page_is_still_a_drawing_and_text(record, monkeypatch):
    monkeypatch.setattr(html, "TOO_LARGE", 1000)
    assert set(mimebundle(record)) == {"text/plain", "image/svg+xml"}


def test_without_weights_it_takes_less_room_and_shows_the_same_otherwise(record):
    lighter = record.without_weights()
    html = mimebundle(lighter)["text/html"]
    carried = sum(one.nbytes for one in record.tensors.values() if one.op == "parameter")
    assert carried > 0 and len(mimebundle(record)["text/html"]) - len(html) > carried
    assert lighter.meta["detail"] == "full" and lighter.translator is None and lighter.vocabulary is None
    assert set(lighter.tensors) == set(record.tensors)
    for name, one in record.tensors.items():
        if one.op == "parameter":
            assert lighter.tensors[name].values is None
        else:
            assert lighter.tensors[name] is one
    assert record.meta["detail"] == "full+weights"  # the record itself stays as it was
