"""HTTP connections with limits on the head of a request, its size and how long it may take; uvicorn has neither."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST = 65_536  # bytes of which the parser has made nothing yet: the beginning of a head, or of a chunk


class PatientProtocol(HttpToolsProtocol):
    """Cuts a connection on which no request, or only the beginning of one, has come for `header_timeout` seconds.

    A head that is longer than MOST is refused (400), unless it comes whole in one read, of 256 KiB at most.
    """

    def __init__(self, *arguments: Any, header_timeout: float, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._header_timeout = header_timeout
        self._timer: asyncio.TimerHandle | None = None
        self._unparsed = 0  # bytes

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        self._unparsed += len(data)
        super().data_received(data)
        if self._unparsed > MOST and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")
        self._await_head()

    def on_headers_complete(self) -> None:
        self._unparsed = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unparsed = 0
        super().on_body(body)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        """Begin to wait for the head of a request, unless one is being answered; what waits already goes on."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._forget()
        elif self._timer is None:
            self._timer = self.loop.call_later(self._header_timeout, self._cut)

    def _forget(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _cut(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self.transport.close()
