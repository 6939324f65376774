"""The page at `/`: what `static/` holds, under a strict policy of what it may load."""

import re
from importlib.resources import files
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from glassformer.serving.hosts import Hosts

STATIC = Path(str(files("glassformer.serving"))) / "static"
POLICY_IN_HEAD = re.compile(r'http-equiv="Content-Security-Policy" content="([^"]+)"')
ALONE = "default-src 'none'; base-uri 'none'"
POLICY = (
    f"{ALONE}; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)


def routes(hosts: Hosts) -> list[BaseRoute]:
    """The page for who asks by one of the names, and what it loads."""

    async def front(request: Request) -> Response:
        hosts.check(request)
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
        return FileResponse(STATIC / "page.html", headers=headers)

    return [Route("/", front), Mount("/static", StaticFiles(directory=STATIC, check_dir=False))]


def policy_of(html: str) -> str:
    """The glass page's own policy, as it stands in its head, and that no other page may frame it."""
    found = POLICY_IN_HEAD.search(html)
    return f"{found[1] if found else ALONE}; frame-ancestors 'none'"
