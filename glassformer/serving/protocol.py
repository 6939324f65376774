"""HTTP connections with limits on the head of a request, its size and how long it may take; uvicorn has neither."""

import asyncio
import functools
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from glassformer.serving.notes import ASKED, CLOSED, IDLE, Notes
from glassformer.serving.settings import ServeSettings

MOST = 65_536  # bytes of which the parser has made nothing yet: the beginning of a head, or of a chunk
CONTINUE = b"HTTP/1.1 100 "  # the beginning of what is no answer yet
READ = bytearray(262_144)  # where connections read to, one after another


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
        super().connection_made(Joining(transport, self.loop, self.before_write))  # type: ignore[arg-type]
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

    def before_write(self, data: bytes) -> None:
        """Called before anything is written."""

    @property
    def is_answering(self) -> bool:
        """Whether a request has come whose answer is not complete."""
        return self.cycle is not None and not self.cycle.response_complete

    def _await_head(self) -> None:
        """Begin to wait for the head of a request, unless one is being answered; what waits already goes on."""
        if self.is_answering:
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


class NotedProtocol(PatientProtocol, asyncio.BufferedProtocol):
    """A connection whose state is noted for another process, which tells the client if this one dies.

    A request is noted before its first byte is taken from the system (that is what a BufferedProtocol is for), an
    answer before its first byte is given to it: whenever this process dies, no request is without note, and none is
    answered twice. `closed` is called when the connection has ended.
    """

    def __init__(self, *arguments: Any, notes: Notes, place: int, closed: Callable[[], None], **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._notes, self._place, self._closed, self._is_lost = notes, place, closed, False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._socket = transport.get_extra_info("socket")
        super().connection_made(transport)

    def get_buffer(self, sizehint: int) -> bytearray:
        if not (self.is_answering or self.transport.get_write_buffer_size()):
            self._note(ASKED)
        return READ

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(bytes(memoryview(READ)[:nbytes]))

    def before_write(self, data: bytes) -> None:
        if self._notes[self._place] == ASKED and not data.startswith(CONTINUE) and not self._is_lost:
            self._notes.answer(self._place, self._socket, len(data) if self._ends_answer else None)

    @property
    def _ends_answer(self) -> bool:
        """Whether what is about to be written is the end of an answer, after which more may be asked."""
        cycle = self.cycle
        is_end = cycle is not None and cycle.chunked_encoding is False and not cycle.expected_content_length
        return is_end and cycle.keep_alive

    def on_response_complete(self) -> None:
        self.transport.flush()  # type: ignore[attr-defined]
        if not (self.transport.is_closing() or self.transport.get_write_buffer_size()):
            self._note(ASKED if self.pipeline or self._unparsed else IDLE)
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._note(CLOSED)
        self._is_lost = True
        self._closed()

    def _note(self, state: int) -> None:
        if not self._is_lost:  # else the place may be another's by now
            self._notes[self._place] = state


class Joining:
    """A transport that sends an answer's head and its body at once, where the second is written right after the first.

    What is written is held until something else is, or until the event loop's next turn.
    """

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, before_write: Callable[[bytes], None]
    ) -> None:
        self._transport, self._loop, self._before_write = transport, loop, before_write
        self._held = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write, after what was held."""
        if self._held:
            data, self._held = self._held + data, b""
            self._send(data)
        elif data:
            self._held = data
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write what was held."""
        if self._held:
            data, self._held = self._held, b""
            self._send(data)

    def close(self) -> None:
        """Close, after what was held."""
        self.flush()
        self._transport.close()

    def _send(self, data: bytes) -> None:
        self._before_write(data)
        self._transport.write(data)


def configure(settings: ServeSettings, app: Any, protocol: type[PatientProtocol] = PatientProtocol) -> uvicorn.Config:
    """What uvicorn has to know. `app` makes the application."""
    return uvicorn.Config(
        app, factory=True, lifespan="on", ws="none", log_config=None, access_log=False,
        server_header=False, proxy_headers=False,
        http=functools.partial(protocol, header_timeout=settings.limits.header_timeout),  # type: ignore[arg-type]
    )  # fmt: skip
