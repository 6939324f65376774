"""A trace in Jupyter: the page in a sandbox, a drawing, and plain text."""

import base64
import dataclasses
import gzip
import html as html_parser
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from glassformer.errors import InputError, UsageError
from glassformer.glass.lecture.replay import replay
from glassformer.glass.numbers import show
from glassformer.glass.trace import trace
from glassformer.glass.views import html, notebook
from glassformer.glass.views.html import page
from glassformer.glass.views.notebook import mimebundle

from .models import SENTENCE, cached
from .pages import greedy


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


def frame_of(bundle):
    """The attributes of the bundle's frame, and the page that is packed in it."""
    (attributes,) = [attributes for tag, attributes in Elements(bundle["text/html"]).found if tag == "iframe"]
    packed = re.search(r'atob\("([A-Za-z0-9+/=]+)"\)', attributes["srcdoc"])[1]
    return attributes, gzip.decompress(base64.b64decode(packed)).decode()


def bytes_in_a_notebook(bundle):
    """What a cell's output adds to the file of a notebook, which is JSON."""
    return len(json.dumps(bundle, ensure_ascii=False).encode())


@pytest.fixture(scope="module")
def larger():
    """A trace whose page takes 1 MB by its weights alone, as any model's that people train."""
    model = cached(d_model=64, d_ff=256)
    assert sum(one.numel() for one in model.model.parameters()) * 4 > notebook.LIMIT
    return trace(model, SENTENCE, detail="full+weights")


def test_the_page_stands_in_a_sandbox(record):
    attributes, shown = frame_of(mimebundle(record))
    assert attributes["sandbox"] == "allow-scripts allow-downloads"
    assert shown == page([("trace", record)])
    assert attributes["title"] == record.meta["title"]


def test_each_display_adds_less_than_a_megabyte_to_the_notebook(larger):
    """However often: the weights are in none of them, and one line says how to see them."""
    first, second = mimebundle(larger), mimebundle(dataclasses.replace(larger))
    assert bytes_in_a_notebook(first) == bytes_in_a_notebook(second) < 1_000_000
    assert frame_of(first)[1] == page([("trace", larger.with_detail("full"))])
    assert 'display(detail="full+weights")' in html_parser.unescape(first["text/html"])


def test_a_detail_that_is_asked_for_is_shown_whole(larger):
    weights = sum(one.nbytes for one in larger.tensors.values() if one.op == "parameter")
    bundle = larger.display(detail="full+weights")._repr_mimebundle_()
    assert frame_of(bundle)[1] == page([("trace", larger)])
    assert bytes_in_a_notebook(bundle) > weights
    assert [tag for tag, _ in Elements(bundle["text/html"]).found] == ["iframe"]  # nothing to be told of
    assert larger.display().bundle == mimebundle(larger)
    assert repr(larger.display()) == mimebundle(larger)["text/plain"]


def test_a_detail_that_the_trace_does_not_have_is_refused(larger):
    with pytest.raises(UsageError, match=r"has the detail 'full'; write it again with detail='full\+weights'"):
        larger.with_detail("full").display(detail="full+weights")
    with pytest.raises(UsageError, match="detail is 'weights'; set it to attention"):
        larger.display(detail="weights")


@pytest.mark.parametrize("detail", ["full", "attention"])
def test_with_a_smaller_detail_it_is_what_would_have_been_recorded(record, detail):
    assert record.with_detail(detail).to_dict() == trace(cached(), SENTENCE, detail=detail).to_dict()


def test_what_is_too_long_for_every_number_shows_its_attentions(record, monkeypatch):
    sizes = {detail: len(notebook.frame(record.with_detail(detail))) for detail in ("attention", "full")}
    monkeypatch.setattr(notebook, "LIMIT", sizes["full"])  # with the line above it, and the drawing, that is too little
    bundle = mimebundle(record)
    assert sum(len(text.encode()) for text in bundle.values()) < sizes["full"]
    assert frame_of(bundle)[1] == page([("trace", record.with_detail("attention"))])
    said = html_parser.unescape(bundle["text/html"])
    assert 'display(detail="full")' in said and 'display(detail="full+weights")' in said


def test_what_is_too_large_for_any_page_is_a_drawing_and_says_how_to_see_more(record, monkeypatch):
    monkeypatch.setattr(notebook, "LIMIT", 50_000)
    bundle = mimebundle(record)
    assert [tag for tag, _ in Elements(bundle["text/html"]).found] == ["p", "code", "code", "code", "img"]
    assert set(bundle) == {"text/plain", "text/html"}
    _, drawing = Elements(bundle["text/html"]).found[-1]
    ElementTree.fromstring(base64.b64decode(drawing["src"].removeprefix("data:image/svg+xml;base64,")))


def test_a_page_above_fifty_megabytes_is_refused_where_it_is_asked_for(record, monkeypatch):
    monkeypatch.setattr(html, "TOO_LARGE", 1000)
    with pytest.raises(InputError, match="the page would have"):
        record.display(detail="full")


def test_a_notebook_s_frame_shows_the_page_and_takes_a_sentence(visit, tmp_path):
    """In a sandbox that allows neither forms nor the notebook's origin."""
    file = tmp_path / "notebook.html"
    file.write_text('<!doctype html><meta charset="utf-8">' + mimebundle(greedy())["text/html"], encoding="utf-8")
    frame = visit(file).frame_locator("iframe")
    box = frame.get_by_role("textbox", name="A sentence to translate")
    answer = frame.get_by_role("status")
    box.fill("a b")
    box.press("Enter")
    answer.filter(has_text=re.compile("You typed.*a b")).wait_for()
    box.fill("c d")
    frame.get_by_role("button", name="Translate this here").click()
    answer.filter(has_text=re.compile("You typed.*c d")).wait_for()


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
    assert frame_of(mimebundle(lecture))[1] == page([("trace", lecture)], "lecture")


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


def test_without_weights_it_takes_less_room_and_shows_the_same_otherwise(record):
    lighter = record.with_detail("full")
    carried = sum(one.nbytes for one in record.tensors.values() if one.op == "parameter")
    assert carried > 0 and len(record.to_json()) - len(lighter.to_json()) > carried
    assert lighter.meta["detail"] == "full" and lighter.translator is None and lighter.vocabulary is None
    assert set(lighter.tensors) == set(record.tensors)
    for name, one in record.tensors.items():
        if one.op == "parameter":
            assert lighter.tensors[name].values is None
        else:
            assert lighter.tensors[name] is one
    assert record.meta["detail"] == "full+weights"  # the record itself stays as it was
