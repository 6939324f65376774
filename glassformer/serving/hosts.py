"""By which names the server may be asked.

A page of another site can have its own name lead to this machine (DNS rebinding): its scripts then ask this server as
if they were its own page's, and read what it answers. Their requests bear that name. An address in digits, which no
such name is, needs no permission.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address

from starlette.requests import Request

from glassformer.errors import UsageError
from glassformer.serving.refusals import RefusedError

ANY = "*"
NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")


@dataclass(frozen=True)
class Hosts:
    """The names, beside localhost and addresses, that the server answers to; `*` is any."""

    names: frozenset[str]

    @classmethod
    def of(cls, listens_at: str, names: Iterable[str]) -> "Hosts":
        """Those of a server that listens at a host. Raises UsageError for what is no name."""
        for name in names:
            if name != ANY and not NAME.fullmatch(name.lower()):
                raise UsageError(f"--host-name {name}: give a name alone, as translate.example.org, or * for any")
        return cls(frozenset(name.lower() for name in (listens_at, *names)))

    def check(self, request: Request) -> None:
        """Raise RefusedError (421) for a request by another name; one without a name is of no browser."""
        name = _name(request.headers.get("host", ""))
        if not (name == "" or ANY in self.names or name in self.names or _is_own(name) or _is_address(name)):
            raise RefusedError(421, "misdirected", "this server does not answer to that name; see its --host-name")


def _name(host: str) -> str:
    """The host of `host:port`, `[address]:port` and the like."""
    bracketed = re.fullmatch(r"\[([^\]]*)\](:\d*)?", host)
    return bracketed[1] if bracketed else host.lower().partition(":")[0].removesuffix(".")


def _is_own(name: str) -> bool:
    """Whether a name means this machine wherever it is asked for (RFC 6761, section 6.3)."""
    return name == "localhost" or name.endswith(".localhost")


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
