"""The page as a file: one document, whatever the model or the user wrote, and never too large by accident."""

import base64
import dataclasses
import hashlib
import json
import re

import pytest

from glassformer.errors import InputError
from glassformer.glass.record import Trace
from glassformer.glass.trace import trace
from glassformer.glass.views import html
from glassformer.glass.views.html import page
from tests.letters import letter_tokenizer

from .models import cached

HOSTILE = "</script><script>alert(1)</script><!-- <img src=x onerror=alert(2)> \u2028"


def document(text):
    """What the page's program reads: the text of its script element, as an HTML parser sees it."""
    return re.search(r'<script type="application/json" id="document">(.*?)</script', text, re.DOTALL)[1]


@pytest.fixture(scope="module")
def record():
    return trace(cached(), "a b c", beam=2)


def test_the_page_holds_the_record(record):
    shown = json.loads(document(page([("one", record)])))
    assert shown["schema"] == "glassformer-page/1" and shown["kind"] == "trace"
    assert [one["label"] for one in shown["traces"]] == ["one"]
    assert Trace.from_dict(shown["traces"][0]["record"]).to_json(compact=True) == record.to_json(compact=True)


def test_hostile_text_is_inert(record):
    meta = record.meta | {"title": HOSTILE, "card": {"corpus": HOSTILE}}
    pieces = {"source": None, "target": [HOSTILE] * letter_tokenizer().vocab_size}
    hostile = dataclasses.replace(record, meta=meta, vocabulary=pieces)
    text = page([(HOSTILE, hostile)])
    assert "<" not in document(text)
    assert text.lower().count("<script") == page([("one", record)]).lower().count("<script")
    assert json.loads(document(text))["title"] == HOSTILE


def test_half_a_character_can_be_written(record):
    text = page([("\udc80", record)])
    assert json.loads(document(text))["traces"][0]["label"] == "\udc80"
    assert text.encode()


def test_a_page_too_large_is_refused_unless_asked_for(record, monkeypatch):
    monkeypatch.setattr(html, "TOO_LARGE", 1000)
    with pytest.raises(InputError, match="--detail full or attention"):
        page([("one", record)])
    assert page([("one", record)], allow_large=True)


def test_nothing_on_the_page_comes_from_a_network(record):
    program = page([("one", record)]).replace(document(page([("one", record)])), "")
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", program)
    assert "@import" not in program and "fetch(" not in program


def test_only_the_pages_own_script_and_style_may_run(record):
    """CSP level 3, section 2.3.1: a hash is of the text between the tags, as UTF-8."""
    text = page([("one", record)])
    for directive, tag in (("script-src", "script"), ("style-src", "style")):
        written = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)[1]
        hashed = base64.b64encode(hashlib.sha256(written.encode()).digest()).decode()
        assert f"{directive} 'sha256-{hashed}';" in text
    assert "unsafe" not in re.search(r"Content-Security-Policy[^>]*", text)[0]
