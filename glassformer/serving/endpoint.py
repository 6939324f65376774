"""What an endpoint of the server is, and what happens to every request around its handler."""

import asyncio
import logging
import random
import re
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from glassformer.serving.intake import as_declared, read_body
from glassformer.serving.refusals import RefusedError, unavailable
from glassformer.serving.service import Service
from glassformer.serving.ticket import Ticket

log = logging.getLogger("glassformer.serving")
PLAIN_ID = re.compile("[A-Za-z0-9._-]{1,64}")
UNREAD = (400, 401, 408, 413, 415, 421, 429)  # after which the rest of a body may still come
ALWAYS = (400, 404, 408, 413, 415, 421, 422, 429, 500, 502, 503, 504)  # what any endpoint may answer

ErrorForm = Callable[[RefusedError, str], Any]  # (what is refused, the request's id) -> the body of an interface


@dataclass
class Call:
    """A request on its way: what its handler needs."""

    service: Service
    request: Request
    request_id: str
    client: str = ""
    body: Any = None

    def ticket(self) -> Ticket:
        """The ticket of its work."""
        return Ticket(self.client, self.service.limits.timeout)

    async def work(self, do: Callable[[], Any]) -> Any:
        """Do what takes long in a thread; see `Admission.run`."""
        return await self.service.admission.run(do, self.ticket(), self.request)


@dataclass(frozen=True)
class Interface:
    """How errors are told: their form and its type, and the status of one for who has no key."""

    form: ErrorForm
    error: type
    without_key: int = 401


@dataclass(frozen=True)
class Endpoint:
    """One method of one path. Its declarations serve requests, and make the OpenAPI document.

    - `body`: the type that a request's body must fit; None: it has none. `forms`: a form will do as well as JSON.
    - `answer`: the type of the answer's body, or a media type where that is no JSON.
    - `open`: needs no key.
    - `also`: another media type that the answer may have. `more`: further errors.
    - `path_parameters`: what each means. `query`: the values of each parameter, the first of which is the default.
    """

    method: str
    path: str
    handle: Callable[[Call], Awaitable[Response]]
    answer: Any
    interface: Interface
    body: type | None = None
    forms: bool = False
    open: bool = False
    status: int = 200
    also: str = ""
    more: tuple[int, ...] = ()
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """What it does, as its handler's docstring says."""
        return (self.handle.__doc__ or "").strip().split("\n")[0]


def answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer in JSON."""
    return Response(msgspec.json.encode(content), status, headers, media_type="application/json")


def route(path: str, endpoints: Sequence[Endpoint], service: Service) -> Route:
    """The endpoints of a path, one for each method, as Starlette has them."""
    by_method = {endpoint.method: endpoint for endpoint in endpoints}

    async def respond(request: Request) -> Response:
        endpoint = by_method["GET" if request.method == "HEAD" else request.method]
        call = Call(service, request, request_id(request))
        started = time.monotonic()
        try:
            response = await _handled(endpoint, call)
        except RefusedError as refusal:
            response = refused(refusal, endpoint.interface, call.request_id)
        except asyncio.CancelledError:  # the server's time to end is over
            response = refused(
                unavailable("the server has ended before this was done"), endpoint.interface, call.request_id
            )
        except Exception as error:
            response = refused(failure(error, call.request_id), endpoint.interface, call.request_id)
        response.headers["X-Request-ID"] = call.request_id
        seconds = time.monotonic() - started
        service.seen(call.request_id, call.client, endpoint.method, endpoint.path, response.status_code, seconds)
        return response

    return Route(path, respond, methods=list(by_method))


async def _handled(endpoint: Endpoint, call: Call) -> Response:
    call.service.hosts.check(call.request)
    in_body = hasattr(endpoint.body, "api_key")  # where LibreTranslate has the key
    if not endpoint.open and not in_body:
        call.client = call.service.admit(call.request)
    if endpoint.body:
        content = await read_body(call.request, call.service.limits)
        call.body = as_declared(call.request, content, endpoint.body, endpoint.forms)
    if in_body:
        call.client = call.service.admit(call.request, call.body.api_key)
    return await endpoint.handle(call)


def refused(refusal: RefusedError, interface: Interface, request_id: str) -> Response:
    """The answer that says what is wrong. A body that was not read to its end ends the connection."""
    headers = {} if refusal.retry_after is None else {"Retry-After": str(refusal.retry_after)}
    headers |= {"Connection": "close"} if refusal.status in UNREAD else {}
    status = refusal.status
    if status == 401:
        status, headers["WWW-Authenticate"] = HTTPStatus(interface.without_key), "Bearer"
    return answer(interface.form(refusal, request_id), status, headers)


def failure(error: Exception, request_id: str) -> RefusedError:
    """What an error is told as that is ours. The log has where it happened, without what its message may quote."""
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("request %s: %s\n%s", request_id, type(error).__name__, where)
    return RefusedError(500, "internal", "something went wrong here; the log has it under this request's id")


def request_id(request: Request) -> str:
    """The id that the client gives the request, if it is plain; else a new one."""
    given = request.headers.get("x-request-id", "")
    return given if PLAIN_ID.fullmatch(given) else f"{random.getrandbits(128):032x}"  # it guards nothing
