"""The server as one ASGI application, of the endpoints of each interface."""

import asyncio
import contextlib
import signal
import threading
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from glassformer.serving import deepl, health, jobs, libretranslate, openapi, own, page
from glassformer.serving.answers import OWN
from glassformer.serving.endpoint import Endpoint, refused, request_id, route
from glassformer.serving.jobs import Jobs
from glassformer.serving.refusals import RefusedError
from glassformer.serving.service import Service
from glassformer.serving.settings import ServeSettings
from glassformer.system import return_free_memory

INTERFACES = [own, jobs, libretranslate, deepl, health]
ENDPOINTS: list[Endpoint] = [endpoint for each in INTERFACES for endpoint in each.ENDPOINTS]
ENDPOINTS.append(openapi.endpoint_of(ENDPOINTS))
TIDIED = 10.0  # seconds between two times
SAFE = {  # of every answer
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def make_app(settings: ServeSettings) -> Starlette:
    """The application. Raises InputError for what is no model."""
    service = Service(settings)
    service.jobs = Jobs(settings.folder, settings.limits)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        service.reading.submit(service.preload)
        if threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGHUP"):
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, service.reading.submit, service.reload)
        tidying = asyncio.create_task(_tidy())
        try:
            yield
        finally:
            tidying.cancel()
            service.close()

    app = Starlette(
        routes=[
            *page.routes(service.hosts),
            *(route(path, endpoints, service) for path, endpoints in _by_path().items()),
        ],
        middleware=_middleware(settings),
        lifespan=lifespan,
        exception_handlers={HTTPException: _unrouted, RefusedError: _refused},
    )
    app.state.service = service
    return app


async def _tidy() -> None:
    """Give free memory back now and then: what one of many threads freed, of a page or a model, none other gets."""
    while True:
        await asyncio.sleep(TIDIED)
        await asyncio.to_thread(return_free_memory)


def _by_path() -> dict[str, list[Endpoint]]:
    paths: dict[str, list[Endpoint]] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(endpoint.path, []).append(endpoint)
    return paths


def _middleware(settings: ServeSettings) -> list[Middleware]:
    shared = Middleware(
        CORSMiddleware,
        allow_origins=settings.cors,
        allow_methods=["GET", "POST", "PUT", "DELETE"],
        allow_headers=["authorization", "content-type", "x-api-key", "x-request-id"],
        expose_headers=["x-request-id", "retry-after", "location"],
    )
    return [Middleware(Headers), *([shared] if settings.cors else [])]


class Headers:
    """Adds the headers of SAFE to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safe(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SAFE.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_safe if scope["type"] == "http" else send)


async def _refused(request: Request, problem: Exception) -> Response:
    """The answer where the page itself is refused."""
    assert isinstance(problem, RefusedError)
    return refused(problem, OWN, request_id(request))


async def _unrouted(request: Request, problem: Exception) -> Response:
    """The answer where there is no such path, or not by this method."""
    assert isinstance(problem, HTTPException)
    code, message = {
        404: ("not_found", "there is nothing at this path; GET /openapi.json lists what there is"),
        405: ("method_not_allowed", "this path has other methods"),
    }.get(problem.status_code, ("invalid", "this cannot be answered"))
    response = refused(RefusedError(problem.status_code, code, message), OWN, request_id(request))
    response.headers.update(problem.headers or {})
    return response
