"""Forms that clients send: fields with their texts, encoded as addresses are, or in parts."""

from email.message import Message
from typing import Any
from urllib.parse import parse_qsl

from glassformer.serving.refusals import RefusedError

FORM, IN_PARTS = "application/x-www-form-urlencoded", "multipart/form-data"
MOST_FIELDS = 1_000
LONGEST_HEAD = 1_000  # bytes of a part's, and characters of the header that says what is between the parts


def media_type(declared: str) -> str:
    """What a Content-Type names, without its parameters."""
    return declared.partition(";")[0].strip().lower()


def form_of(body: bytes, declared: str = FORM) -> dict[str, Any]:
    """The fields of a form; one that comes several times is a list. `declared`: the request's Content-Type.

    Raises RefusedError (400) for what is none, has files, or too many fields.
    """
    try:
        pairs = _parts(body, declared) if media_type(declared) == IN_PARTS else _pairs(body)
    except ValueError:
        raise RefusedError(400, "invalid", "the body is no form in UTF-8") from None
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: found if len(found) > 1 else found[0] for name, found in values.items()}


def _pairs(body: bytes) -> list[tuple[str, str]]:
    return parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")


def _parts(body: bytes, declared: str) -> list[tuple[str, str]]:
    """Each part's name and text, in time that grows with the body. Source: RFC 7578; RFC 2046, section 5.1.1."""
    boundary = _parameter("Content-Type", declared, "boundary").encode("ascii")
    _, *parts, end = (b"\r\n" + body).split(b"\r\n--" + boundary, MOST_FIELDS + 1)
    if not end.startswith(b"--"):
        raise ValueError("has no end, or too many fields")
    return [_field(part) for part in parts]


def _field(part: bytes) -> tuple[str, str]:
    head, _, text = part.partition(b"\r\n\r\n")
    headers = (line.partition(":") for line in head[: LONGEST_HEAD + 1].decode().split("\r\n"))
    told = {name.strip().lower(): value for name, _, value in headers}.get("content-disposition", "")
    return _parameter("Content-Disposition", told, "name"), text.decode()


def _parameter(header: str, value: str, name: str) -> str:
    """A parameter of a header's value, as in `form-data; name="q"`; ValueError where there is none."""
    message = Message()
    if len(value) <= LONGEST_HEAD:  # more would take a time that grows with the square
        message[header] = value
    found = message.get_param(name, header=header)
    if not isinstance(found, str) or not found:
        raise ValueError(f"no {name}")
    return found
