"""The OpenAPI document, made of the endpoints and of the declarations that check their bodies."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
from starlette.responses import Response

from glassformer import __version__
from glassformer.serving.answers import OWN
from glassformer.serving.endpoint import ALWAYS, Call, Endpoint, answer
from glassformer.serving.forms import FORM, IN_PARTS
from glassformer.serving.intake import JSON

REASONS = {
    400: "The body cannot be read.",
    401: "The key is missing or wrong.",
    403: "The key is missing or wrong.",
    404: "There is no such thing.",
    408: "The body came too slowly.",
    409: "What is there cannot take the other's place.",
    413: "That is too much at once.",
    415: "The body has another media type.",
    421: "The server does not answer to the name that it was asked by.",
    422: "What is asked for cannot be.",
    429: "Too many requests; Retry-After says when to come again.",
    500: "Something went wrong here.",
    502: "The process of the server that worked on this has ended.",
    503: "The server is starting or about to end.",
    504: "It took too long.",
}
RETRIED = 429, 502, 503  # which say when to come again


def document(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """The document of these endpoints."""
    types = dict.fromkeys(kind for one in endpoints for kind in (one.body, one.answer, one.interface.error) if kind)
    of_types = [kind for kind in types if not isinstance(kind, str)]
    schemas, components = msgspec.json.schema_components(of_types, ref_template="#/components/schemas/{name}")
    by_type = dict(zip(map(str, of_types), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for one in endpoints:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, by_type)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "glassformer",
            "version": __version__,
            "description": "Translation by glassformer: its own interface (/v1), LibreTranslate's and DeepL's.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "If keys are asked for."}},
        },
    }  # fmt: skip


def _operation(one: Endpoint, by_type: dict[str, Any]) -> dict[str, Any]:
    media = [one.answer] if isinstance(one.answer, str) else [JSON]
    schema = {"type": "string"} if isinstance(one.answer, str) else by_type[str(one.answer)]
    content = {kind: {"schema": schema} for kind in media}
    if one.also:
        content[one.also] = {}
    operation = {
        "operationId": f"{one.method.lower()} {one.path}",
        "summary": one.summary,
        "parameters": [
            *(_parameter(name, "path", text, {}) for name, text in one.path_parameters.items()),
            *(
                _parameter(name, "query", f"{values[0]}, unless it is given.", {"enum": list(values)})
                for name, values in one.query.items()
            ),
        ],
        "responses": {str(one.status): {"description": "Done.", "content": content}}
        | {
            str(status): _failure(status, by_type[str(one.interface.error)])
            for status in sorted({*ALWAYS, one.interface.without_key, *one.more})
        },
    }
    if one.body:
        kinds = (JSON, FORM, IN_PARTS) if one.forms else (JSON,)
        body = {kind: {"schema": by_type[str(one.body)]} for kind in kinds}
        operation["requestBody"] = {"required": True, "content": body}
    return operation if one.open else operation | {"security": [{}, {"key": []}]}


def _parameter(name: str, where: str, description: str, more: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "string"} | more
    return {"name": name, "in": where, "required": where == "path", "description": description, "schema": schema}


def _failure(status: int, schema: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"description": REASONS[status], "content": {JSON: {"schema": schema}}}
    if status in RETRIED:
        found["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    return found


def endpoint_of(others: Sequence[Endpoint]) -> Endpoint:
    """The endpoint that gives the document of the others and of itself."""

    @cache
    def made() -> dict[str, Any]:
        return document([*others, own])

    async def openapi(call: Call) -> Response:
        """This document."""
        return answer(made())

    own = Endpoint("GET", "/openapi.json", openapi, dict[str, Any], OWN, open=True)
    return own
