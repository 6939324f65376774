"""What a text holds that is copied."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassformer.text.protected import PROTECTED, SIGNS, Span, find_protected


def found(text):
    return [text[span.start : span.end] for span in find_protected(text)]


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("See https://en.wikipedia.org/wiki/A_(b).", ["https://en.wikipedia.org/wiki/A_(b)"]),
        ("(http://x.org/a?b=1&c=2), www.x.org!", ["http://x.org/a?b=1&c=2", "www.x.org"]),
        ("https://x.org's page; ftp://y.org/~z/", ["https://x.org", "ftp://y.org/~z/"]),
        ("请看https://x.org/a。好", ["https://x.org/a"]),
        ("Mail a.b+c@ex-ample.co.in.", ["a.b+c@ex-ample.co.in"]),
        ("Hi {name}, %s has {{ n }} and %(x)d of ${y} or {:.2f} %1$s",
         ["{name}", "%s", "{{ n }}", "%(x)d", "${y}", "{:.2f}", "%1$s"]),
        ("50%d is 100% sure, 5 % s", []),
        ("<b>a</b> 2 < 3 > 1 <x id=\"1\" t='>'/>", ["<b>", "</b>", "<x id=\"1\" t='>'/>"]),
        ("I am 😀👍🏽 👩\u200d👩\u200d👧 ❤️ 🇮🇳 1️⃣ fine ✓", ["😀👍🏽 👩\u200d👩\u200d👧 ❤️ 🇮🇳 1️⃣", "✓"]),
        ("The dog did not cross the road: it's 10:30, e.g. 3.5 © 5 @ home, a/b", []),
        ("｟1｠ and ｟NUM｠", ["｟1｠", "｟NUM｠"]),
    ],
)  # fmt: skip
def test_what_is_found(text, wanted):
    assert found(text) == wanted


def test_emoji_and_tags_stand_between_words_and_addresses_are_words():
    assert [span.is_word for span in find_protected("<i> 😀 https://x.org a@b.org {0}")] == [False] * 2 + [True] * 3


def test_further_words_and_overlaps():
    """Of two spans that overlap the first stays, of two that begin together the longer."""
    assert find_protected("a https://x.org", [Span(0, 1), Span(10, 15)]) == [Span(0, 1), Span(2, 15)]
    assert find_protected("{0}", [Span(0, 2)]) == [Span(0, 3)]


PARTS = st.sampled_from(
    ["https://", "www.", "a", ".", "@", "{", "}", "<", ">", '"', "%", "s", "(", ")", "😀", "\u200d", " "]
)


@given(st.lists(PARTS, max_size=40).map("".join) | st.text(max_size=80))
def test_spans_are_in_order_and_apart(text):
    ends = [0, *(place for span in find_protected(text) for place in (span.start, span.end))]
    assert ends == sorted(ends)
    assert all(span.start < span.end <= len(text) for span in find_protected(text))


@pytest.mark.parametrize(
    "part", ["a", "a.", "<a ", '<a "', "<a '", "{{", "%(", "{a", "@a.", "a@b-", "5", "www.", "😀\u200d", "｟"]
)
def test_no_text_takes_long(part):
    """A repetition that is tried from every place again would take minutes."""
    before = time.process_time()
    find_protected("https://" + part * 100_000)
    find_protected(part * 100_000)
    assert time.process_time() - before < 120  # tried from every place again, it would take hours


@given(st.text(st.sampled_from("ab 1.:/w_@{}%<>$()#*-sd\"'"), max_size=40))
def test_what_is_protected_in_ascii_has_a_sign(text):
    """Text without one is not looked at."""
    for match in re.finditer(PROTECTED, text):
        assert any(sign in match[0] for sign in SIGNS)


@pytest.mark.parametrize("text", ["http://x", "www.x.y", "a@b.org", "{0}", "${name}", "%s", "<b>"])
def test_each_sign_is_enough(text):
    assert found(f"so {text} there") == [text]
