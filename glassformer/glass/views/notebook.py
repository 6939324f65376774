"""How a trace shows itself in Jupyter: the page in a sandbox, a drawing, and plain text.

`Trace._repr_mimebundle_` gives this bundle; a notebook shows the richest form that it can.
"""

import html

from glassformer.errors import GlassformerError
from glassformer.glass.numbers import show
from glassformer.glass.record import Trace
from glassformer.glass.views.html import Kind, page
from glassformer.glass.views.svg import to_svg
from glassformer.glass.views.terminal.text import visible

HEIGHT = 760  # pixels of the page in a notebook


def mimebundle(trace: Trace) -> dict[str, str]:
    """The trace by MIME type: without a page that would be too large, or a drawing of attention there is not."""
    bundle = {"text/plain": plain_text(trace)}
    for kind, view in (("image/svg+xml", _drawing), ("text/html", frame)):
        try:
            bundle[kind] = view(trace)
        except GlassformerError:
            continue
    return bundle


def frame(trace: Trace) -> str:
    """The page in a frame that may run scripts and save what one exports, but cannot reach the notebook around it.

    Raises InputError for a page above 50 MB.
    """
    kind: Kind = "lecture" if trace.meta["kind"] == "lecture" else "trace"
    title, content = html.escape(trace.meta["title"]), html.escape(page([("trace", trace)], kind))
    style = f"width:100%;height:{HEIGHT}px;border:1px solid #8888"
    return (
        f'<iframe title="{title}" sandbox="allow-scripts allow-downloads" style="{style}" srcdoc="{content}"></iframe>'
    )


def plain_text(trace: Trace) -> str:
    """A few lines: what was traced, and each step's token with its probability."""
    lines = [f"{visible(trace.meta['title'])} ({len(trace.tensors)} tensors, detail {trace.meta['detail']})"]
    for step in trace.decode["steps"] if trace.decode else []:
        lines.append(f"{step['step']:3}  {show(step['chosen']['probability']):>9}  {visible(step['chosen']['text'])}")
    return "\n".join(lines)


def _drawing(trace: Trace) -> str:
    return to_svg(trace, "attention")
