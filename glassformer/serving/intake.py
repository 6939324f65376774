"""What a client sends, read within bounds of size, time and depth: JSON or a form, as the body that is declared."""

import asyncio
from typing import Any, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request

from glassformer.reading import parse_json
from glassformer.serving.forms import FORM, IN_PARTS, form_of, media_type
from glassformer.serving.limits import Limits
from glassformer.serving.refusals import RefusedError, invalid, too_large

B = TypeVar("B")
JSON = "application/json"


async def read_body(request: Request, limits: Limits) -> bytes:
    """The whole body. Raises RefusedError: 413 for a large one, 408 for one that comes too slowly."""
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > limits.max_body:
        raise _large(limits)
    body = bytearray()
    try:
        async with asyncio.timeout(limits.body_timeout):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limits.max_body:
                    raise _large(limits)
    except TimeoutError:
        raise RefusedError(408, "timeout", f"the body did not come within {limits.body_timeout:g} seconds") from None
    except ClientDisconnect:
        raise RefusedError(400, "invalid", "the body ended before its end") from None
    return bytes(body)


def _large(limits: Limits) -> RefusedError:
    return too_large(f"the body has more than {limits.max_body:,} bytes")


def as_declared(request: Request, body: bytes, kind: type[B], forms: bool) -> B:
    """The body as `kind`.

    Raises RefusedError: 415 for another media type, 400 for no such text, 422 for what does not fit. `forms`: a form
    will do too; a field of it that comes several times is a list.
    """
    declared = request.headers.get("content-type", JSON if not forms else "")
    media = media_type(declared)
    if media == JSON:
        return _converted(_json(body), kind, strict=True)
    if media in (FORM, IN_PARTS) and forms:
        return _converted(form_of(body, declared), kind, strict=False)
    raise RefusedError(415, "unsupported_media_type", f"send {JSON}{f', {FORM} or {IN_PARTS}' if forms else ''}")


def _json(body: bytes) -> Any:
    try:
        value = parse_json(body)
        msgspec.json.encode(value)  # which refuses halves of surrogate pairs, wherever they are
    except UnicodeError:
        raise RefusedError(400, "invalid", "the body is not UTF-8") from None
    except (ValueError, OverflowError):
        raise RefusedError(400, "invalid", "the body is no JSON, or nests too deep") from None
    return value


def listed(texts: str | list[str]) -> list[str]:
    """The texts of a field that may be one text or several."""
    return [texts] if isinstance(texts, str) else texts


def query_as(request: Request, kind: type[B]) -> B:
    """The address's query as `kind`. Raises RefusedError: 422 for what does not fit."""
    return _converted(dict(request.query_params), kind, strict=False)


def _converted(value: Any, kind: type[B], strict: bool) -> B:
    try:
        return msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError as error:
        raise invalid(str(error)) from None
