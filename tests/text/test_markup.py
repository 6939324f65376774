"""Markup as blocks of text and tags."""

from hypothesis import given
from hypothesis import strategies as st

from glassformer.text.markup import Block, Tag, blocks_of, escape

PIECES = [
    "<b>",
    "</b>",
    "<br/>",
    "<p class='x'>",
    "</p>",
    "<li>",
    "<!-- a < b -->",
    "<?xml a?>",
    "a ",
    " b",
    "c",
    "<",
    ">",
    "\n",
]


def test_paragraphs_are_blocks_and_entities_are_read():
    blocks, behind = blocks_of("<ul>\n <li>A &amp; <b>b</b></li><li>&lt;c&gt;<br>d</li></ul>\n")
    assert blocks == [
        Block("<ul>\n <li>", "A & b", (Tag(4, "<b>"), Tag(5, "</b>"))),
        Block("</li><li>", "<c>", ()),
        Block("<br>", "d", ()),
    ]
    assert behind == "</li></ul>\n"


def test_elements_that_only_begin_like_a_block_are_none():
    assert [block.text for block in blocks_of("a<link2>b<p-x>c</p:y>d")[0]] == ["abcd"]


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join) | st.text("<>/!-ab\"' ", max_size=40))
def test_blocks_give_the_text_back(text):
    """Nothing is lost: tags put back into the text of each block."""
    blocks, behind = blocks_of(text)
    together = ""
    for block in blocks:
        together += block.before
        end = 0
        for tag in block.tags:
            together += block.text[end : tag.at] + tag.text
            end = tag.at
        together += block.text[end:]
    assert together + behind == text


@given(st.text(max_size=40))
def test_escaped_text_is_read_back(text):
    blocks, behind = blocks_of(escape(text))
    assert "".join(block.before + block.text for block in blocks) + behind == text
    assert not any(block.tags for block in blocks)
