"""Text with HTML- or XML-like markup: its blocks, and in each the plain text and the tags within it."""

import html
import re
from typing import NamedTuple

from glassformer.text.protected import TAG

# Comments, processing instructions, declarations and tags; what only looks like one is text.
MARKUP = re.compile(rf"<!--.{{0,2000}}?-->|<\?.{{0,2000}}?\?>|<![A-Za-z][^<>]{{0,2000}}>|{TAG}", re.DOTALL)
# Elements that end a sentence where they begin or end; those of HTML that stand within one are not here.
BLOCKS = re.compile(
    r"</?(?:address|article|aside|blockquote|body|br|caption|dd|details|dialog|div|dl|dt|fieldset|figcaption|figure|"
    r"footer|form|h[1-6]|head|header|hr|html|legend|li|link|main|meta|nav|ol|optgroup|option|p|pre|script|section|"
    r"select|style|summary|table|tbody|td|tfoot|th|thead|title|tr|ul)(?![\w:.-])|<!(?!--)|<\?",
    re.IGNORECASE,
)


class Tag(NamedTuple):
    """A tag or a comment as it is written, and where it stands in the text without tags."""

    at: int
    text: str


class Block(NamedTuple):
    """A piece of text that is translated together: without tags, entities decoded; then its tags, in order.

    `before` is what stands between it and the block before: tags of blocks and white space.
    """

    before: str
    text: str
    tags: tuple[Tag, ...]


def blocks_of(marked_up: str) -> tuple[list[Block], str]:
    """The blocks of a text, and what stands behind the last one."""
    blocks: list[Block] = []
    before, start = "", 0
    borders = [match for match in MARKUP.finditer(marked_up) if BLOCKS.match(match[0])]
    for border in [*borders, None]:
        inner = marked_up[start : border.start() if border else len(marked_up)]
        if content := inner.strip():
            at = inner.index(content)
            blocks.append(_block(before + inner[:at], content))
            before, inner = "", inner[at + len(content) :]
        before += inner + (border[0] if border else "")
        start = border.end() if border else start
    return blocks, before


def _block(before: str, content: str) -> Block:
    text, tags, end = "", [], 0
    for match in MARKUP.finditer(content):
        text += html.unescape(content[end : match.start()])
        tags.append(Tag(len(text), match[0]))
        end = match.end()
    return Block(before, text + html.unescape(content[end:]), tuple(tags))


def escape(text: str) -> str:
    """The text as markup writes it: `&`, `<` and `>` as entities."""
    return html.escape(text, quote=False)
