"""The page at `/`: what `static/` holds, under a strict policy of what it may load."""

import base64
import hashlib
import re
from importlib.resources import files
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

STATIC = Path(str(files("glassformer.serving"))) / "static"
ALONE = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
POLICY = (
    f"{ALONE}; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'"
)


async def front(request: Request) -> Response:
    return FileResponse(STATIC / "page.html", headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"})


def script_policy(html: str) -> str:
    """The policy of a page with programs in it: those, by their hashes, and nothing from elsewhere."""
    programs = re.findall(r"<script(?![^>]*\btype=\"?application/)[^>]*>(.*?)</script>", html, re.S)
    hashes = (base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in programs)
    allowed = " ".join(f"'sha256-{one}'" for one in hashes) or "'none'"
    return f"{ALONE}; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; font-src data:"


ROUTES: list[BaseRoute] = [
    Route("/", front),
    Mount("/static", StaticFiles(directory=STATIC, check_dir=False)),
]
