"""The server as one ASGI application, of the endpoints of each interface."""

import asyncio
import contextlib
import signal
import threading
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from glassformer.serving import health, own, page
from glassformer.serving.endpoint import Endpoint, refused, request_id, route
from glassformer.serving.refusals import RefusedError
from glassformer.serving.service import Service
from glassformer.serving.settings import ServeSettings

ENDPOINTS: list[Endpoint] = [*own.ENDPOINTS, *health.ENDPOINTS]


def make_app(settings: ServeSettings) -> Starlette:
    """The application. Raises InputError for what is no model."""
    service = Service(settings)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        loading = asyncio.create_task(asyncio.to_thread(service.preload))
        if threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGHUP"):
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGHUP, lambda: loop.run_in_executor(None, service.reload))
        yield
        service.close()
        await loading

    app = Starlette(
        routes=[*page.ROUTES, *(route(endpoint, service) for endpoint in ENDPOINTS)],
        lifespan=lifespan,
        exception_handlers={HTTPException: _unrouted},
    )
    app.state.service = service
    return app


async def _unrouted(request: Request, problem: Exception) -> Response:
    """The answer where there is no such path, or not by this method."""
    assert isinstance(problem, HTTPException)
    code, message = {
        404: ("not_found", "there is nothing at this path; GET /openapi.json lists what there is"),
        405: ("method_not_allowed", "this path has other methods"),
    }.get(problem.status_code, ("invalid", "this cannot be answered"))
    response = refused(RefusedError(problem.status_code, code, message), own.error, request_id(request))
    response.headers.update(problem.headers or {})
    return response
