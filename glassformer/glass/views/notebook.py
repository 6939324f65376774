"""How a trace shows itself in a notebook: the page in a sandbox, a drawing, and plain text.

`Trace._repr_mimebundle_` and `Trace.display` give this bundle; a notebook shows the richest form that it can.

A notebook keeps what each cell shows in its own file, so a trace that shows itself adds less than `LIMIT`: mostly
that leaves the weights out, which `Trace.display` brings in. The frames of a notebook do not share them. JupyterLab
takes cells that are out of sight out of its document, their frames with them (its FAQ, "iframe"), and other notebooks
show each output in a document of its own: the frame that has the weights would often not be there. Nor can a sandboxed
frame, whose origin is "null", tell the frame of a trace from any other that asks for the weights or offers some.
"""

import base64
import gzip
import html
from collections.abc import Iterator
from contextlib import suppress
from typing import get_args

from glassformer.errors import GlassformerError
from glassformer.glass.detail import Detail
from glassformer.glass.numbers import show
from glassformer.glass.record import Trace
from glassformer.glass.views.html import TOO_LARGE, Kind, page
from glassformer.glass.views.svg import to_svg
from glassformer.glass.views.terminal.text import visible

HEIGHT = 760  # pixels of the page in a notebook
LIMIT = 1_000_000  # bytes that a trace adds to a notebook's file unless a detail is asked for
PROGRAM = 180_000  # bytes, about, of the page's program when it is packed
SHOWN = {"full": "The page leaves the model's weights out", "attention": "The page has the attentions alone"}

# The page is packed: a third of a page without weights is its program, and that shrinks to a third.
UNPACK = """<!doctype html><meta charset="utf-8"><p id="state">Unpacking the trace ...</p><script>
(async () => {
  const packed = Uint8Array.from(atob("PACKED"), (letter) => letter.charCodeAt(0));
  const page = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const text = await new Response(page).text();
  document.open();
  document.write(text);
  document.close();
})().catch((error) => {
  document.getElementById("state").textContent = `This browser cannot unpack the trace: ${error}`;
});
</script>"""


def mimebundle(trace: Trace, detail: Detail | None = None) -> dict[str, str]:
    """The trace by MIME type: with this detail, or with the fullest for which `LIMIT` is enough.

    A trace without attention has no drawing. Raises UsageError for a detail that the trace does not have, InputError
    for a page of the given detail above 50 MB.
    """
    bundle = {"text/plain": plain_text(trace)}
    with suppress(GlassformerError):
        bundle["image/svg+xml"] = to_svg(trace, "attention")
    if detail:
        return bundle | {"text/html": frame(trace.with_detail(detail))}
    room = LIMIT - sum(len(text.encode()) for text in bundle.values())
    if shown := _small_page(trace, room):
        return bundle | {"text/html": shown}
    return {"text/plain": bundle["text/plain"], "text/html": _without_a_page(trace, bundle.get("image/svg+xml", ""))}


def frame(trace: Trace) -> str:
    """The page in a frame that may run scripts and save what one exports, but cannot reach the notebook around it.

    Raises InputError for a page above 50 MB.
    """
    kind: Kind = "lecture" if trace.meta["kind"] == "lecture" else "trace"
    packed = base64.b64encode(gzip.compress(page([("trace", trace)], kind).encode(), mtime=0)).decode()
    title, content = html.escape(trace.meta["title"]), html.escape(UNPACK.replace("PACKED", packed))
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


def _small_page(trace: Trace, room: int) -> str | None:
    """The page of the fullest detail for which `room` bytes are enough, and above it what was left out; else None."""
    left_out = list[Trace]()
    for record in _by_detail(trace):
        if _page_bytes(record) < room:
            note = _note(SHOWN[record.meta["detail"]], left_out) if left_out else ""
            if len((shown := note + frame(record)).encode()) < room:
                return shown
        left_out.insert(0, record)
    return None


def _without_a_page(trace: Trace, drawing: str) -> str:
    """How to see the page, and the drawing as an image, in which nothing runs."""
    note, encoded = (
        _note("A page would be too large", list(_by_detail(trace))[::-1]),
        base64.b64encode(drawing.encode()),
    )
    image = f'<img alt="Attention" src="data:image/svg+xml;base64,{encoded.decode()}">'
    return note + (image if drawing and len(image) < LIMIT else "")


def _by_detail(trace: Trace) -> Iterator[Trace]:
    """The trace with each detail that it has, the fullest first."""
    details = get_args(Detail)
    return map(trace.with_detail, details[details.index(trace.meta["detail"]) :: -1])


def _note(shown: str, left_out: list[Trace]) -> str:
    offers = " or ".join(
        f"<code>.display(detail=&quot;{one.meta['detail']}&quot;)</code> ({_page_bytes(one) / 1e6:.1f} MB)"
        for one in left_out
        if _page_bytes(one) <= TOO_LARGE
    )
    more = f" For more, end a cell with the trace's {offers}." if offers else ""
    return f"<p>{shown}, to keep the notebook small.{more}</p>"


def _page_bytes(trace: Trace) -> int:
    """About how many bytes the packed page takes: float32 hardly shrinks, and base64 makes it a third longer."""
    return PROGRAM + trace.compact_nbytes * 4 // 3
