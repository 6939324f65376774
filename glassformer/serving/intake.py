"""What a client sends, read within bounds of size, time and depth: JSON or a form, as the body that is declared."""

import asyncio
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import ClientDisconnect, Request

from glassformer.reading import parse_json
from glassformer.serving.limits import Limits
from glassformer.serving.refusals import RefusedError, invalid, too_large

B = TypeVar("B")
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
MOST_FIELDS = 1_000  # of a form


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
    media = request.headers.get("content-type", JSON if not forms else "").partition(";")[0].strip().lower()
    if media == JSON:
        return _converted(_json(body), kind, strict=True)
    if media == FORM and forms:
        return _converted(form_of(body), kind, strict=False)
    raise RefusedError(415, "unsupported_media_type", f"send {JSON}{f' or {FORM}' if forms else ''}")


def _json(body: bytes) -> Any:
    try:
        value = parse_json(body)
        msgspec.json.encode(value)  # which refuses halves of surrogate pairs, wherever they are
    except UnicodeError:
        raise RefusedError(400, "invalid", "the body is not UTF-8") from None
    except (ValueError, OverflowError):
        raise RefusedError(400, "invalid", "the body is no JSON, or nests too deep") from None
    return value


def form_of(body: bytes) -> dict[str, Any]:
    """The fields of a form. Raises RefusedError (400) for what is none."""
    try:
        text = body.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise RefusedError(400, "invalid", "the body is no form in UTF-8") from None
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            before = values[name] if isinstance(values[name], list) else [values[name]]
            values[name] = [*before, value]
        else:
            values[name] = value
    return values


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
