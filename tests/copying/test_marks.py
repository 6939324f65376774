"""Tags and emoji between the words of a translation, with alignments that are known."""

import re
from collections import Counter
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassformer.copying.aligned import Unit, words_of
from glassformer.copying.marks import Mark, insertions, nest

TAG = re.compile(r"<[^>]*>|😀")


def marks_of(marked):
    """The text without its marks, one space where they leave two, and the marks."""
    text, marks, end = "", [], 0
    for match in TAG.finditer(marked):
        text += marked[end : match.start()]
        before, after = marked[: match.start()][-1:].isspace(), marked[match.end() :][:1].isspace()
        marks.append(Mark(len(text), match[0], before, after))
        end = match.end() + (after and before)
    return text + marked[end:], marks


def units_of(source, target, links):
    """Units of the target's words, the n-th of which attends to the source's words links[n] alone."""
    places, units = words_of(source), []
    for (start, end), linked in zip(words_of(target), links, strict=True):
        attention = np.zeros(len(source))
        for word in linked:
            attention[slice(*places[word])] = 1
        attention = attention / max(attention.sum(), 1)
        units.append(Unit(start, end, np.concatenate([np.zeros(1), attention.cumsum()])))
    return units


def placed(marked, target, links):
    source, marks = marks_of(marked)
    text, end = "", 0
    for edit in insertions(marks, source, units_of(source, target, links), target):
        text += target[end : edit.start] + edit.text
        end = edit.end
    return text + target[end:]


REVERSED = [[2], [1], [0]]


@pytest.mark.parametrize(
    "marked, target, links, wanted",
    [
        ("a <b>b</b> c", "C B A", REVERSED, "C <b>B</b> A"),
        ("<b>a b</b> c", "C B A", REVERSED, "C <b>B A</b>"),
        ("<b>a <i>b</i></b> c", "C B A", REVERSED, "C <b><i>B</i> A</b>"),
        ("<b>a</b> <i>b c</i>", "C B A", REVERSED, "<i>C B</i> <b>A</b>"),
        ("<b>a b c.</b>", "C B A.", [[2], [1], [0], [3]], "<b>C B A.</b>"),
        ("a <b>b</b>.", "B A.", [[1], [0], [2]], "<b>B</b> A."),
        ("a b <x/> c", "A B C", [[0], [1], [2]], "A B <x/> C"),
        ("a b<x/> c", "A B C", [[0], [1], [2]], "A B<x/> C"),
        ("😀 a b 😀", "B A", [[1], [0]], "😀 B A 😀"),
        ("a <b></b> b", "A B", [[0], [1]], "A <b></b> B"),
        ("a </b> b <i> c", "A B C", [[0], [1], [2]], "A </b> B <i> C"),
        ("a <b>b</b>", "X", [[0]], "<b>X</b>"),
        ("a <b>b</b>", "", [], "<b></b>"),
    ],
)  # fmt: skip
def test_marks_follow_the_words(marked, target, links, wanted):
    assert placed(marked, target, links) == wanted


@st.composite
def trees(draw, depth=3):
    """Well-formed markup around words, with marks here and there."""
    pieces = []
    for _ in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from(["word", "word", "mark", "pair"] if depth else ["word", "mark"]))
        name = draw(st.sampled_from("big"))
        inner = draw(trees(depth - 1)) if kind == "pair" else ""
        pieces.append({"word": "ab ", "mark": f"<{name}/>", "pair": f"<{name}>{inner}</{name}>"}[kind])
    return draw(st.sampled_from(["", " "])).join(pieces)


@given(trees(), st.lists(st.sampled_from(["x", "y.", "zz"]), max_size=6).map(" ".join), st.data())
def test_well_formed_markup_stays_so(marked, target, data):
    """Whatever the alignment: every tag once, nested properly, and the words as they were."""
    words = len(words_of(marks_of(marked)[0]))
    some = st.lists(st.integers(0, words - 1), max_size=3) if words else st.just([])
    links = [data.draw(some) for _ in words_of(target)]
    result = placed(marked, target, links)
    ElementTree.fromstring(f"<s>{result}</s>")
    assert Counter(TAG.findall(result)) == Counter(TAG.findall(marked))
    assert "".join(TAG.sub("", result).split()) == "".join(target.split())


def test_tags_may_be_nested_as_deep_as_they_like():
    deep = 3000  # more than Python's calls
    assert placed("<b>" * deep + "a" + "</b>" * deep, "A", [[0]]) == "<b>" * deep + "A" + "</b>" * deep


def test_a_closing_tag_ends_the_last_opening_one_of_its_name():
    """What was opened inside, and not closed, is a mark by itself; so is a closing tag that no other opened."""
    marks = [Mark(0, text) for text in ("<b>", "<i>", "<b>", "</i>", "</b>", "</b>", "</u>")]
    outer, *others = nest(marks)
    (inner,) = outer.inner
    assert (outer.opening, outer.closing) == (marks[0], marks[4]) and inner.closing is marks[3]
    assert [node.opening.text for node in inner.inner] == ["<b>"] and not inner.inner[0].closing
    assert [node.opening.text for node in others] == ["</b>", "</u>"]
