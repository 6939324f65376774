"""One of several processes that answer: it takes connections from the process that accepts them (`processes.py`).

The two speak through a channel, a pair of sockets: connections come with the place of their note, READY, ENDING and
GONE go back.
"""

import asyncio
import functools
import logging
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import uvicorn
from uvicorn.config import STARTUP_FAILURE

from glassformer.errors import GlassformerError
from glassformer.serving.app import make_app
from glassformer.serving.ending import EndingServer
from glassformer.serving.notes import CLOSED, Notes
from glassformer.serving.protocol import NotedProtocol, configure
from glassformer.serving.service import Service
from glassformer.serving.settings import ServeSettings
from glassformer.system import leave

log = logging.getLogger("glassformer.serving")
READY, ENDING, GONE = b"+", b"-", b"."  # it takes connections; it takes no more; one of them has ended
PLACE = struct.Struct("=I")  # of a connection's note
NOTES = "connections"  # the file of the notes, in the server's folder


def work(settings: ServeSettings, set_up: Callable[[], None], channel: socket.socket) -> None:
    """What the process does, from its beginning to its end."""
    set_up()
    try:
        app = make_app(settings)
    except GlassformerError as error:
        log.error("a process cannot start: %s", error)
        sys.exit(STARTUP_FAILURE)
    config, notes = configure(settings, lambda: app, NotedProtocol), Notes(settings.folder / NOTES)
    WorkerServer(config, app.state.service, channel, notes).run()
    leave()


class WorkerServer(EndingServer):
    """A server of the connections that come through the channel. It ends with the process at the other end."""

    def __init__(self, config: uvicorn.Config, service: Service, channel: socket.socket, notes: Notes) -> None:
        super().__init__(config, service)
        self._channel, self._notes = channel, notes
        self._beginning: set[asyncio.Task[None]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take connections; the application is up then."""
        await super().startup([])
        self._channel.setblocking(False)
        asyncio.get_running_loop().add_reader(self._channel, self._take)
        self._say(READY)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, and end those that there are."""
        asyncio.get_running_loop().remove_reader(self._channel)
        self._say(ENDING)
        await super().shutdown([])

    def _take(self) -> None:
        try:
            place, descriptors, _, _ = socket.recv_fds(self._channel, PLACE.size, 1)
        except BlockingIOError:
            return
        if not place:  # the other process has died
            asyncio.get_running_loop().remove_reader(self._channel)
            self.should_exit = True
            return
        task = asyncio.create_task(self._begin(PLACE.unpack(place)[0], descriptors))
        self._beginning.add(task)
        task.add_done_callback(self._beginning.discard)

    async def _begin(self, place: int, descriptors: list[int]) -> None:
        """Serve a connection, unless there was no room for its file."""
        make: Any = self.config.http_protocol_class  # a NotedProtocol
        protocol = functools.partial(
            make, config=self.config, server_state=self.server_state,
            app_state=self.lifespan.state, notes=self._notes, place=place, closed=functools.partial(self._say, GONE),
        )  # fmt: skip
        try:
            connection = socket.socket(fileno=descriptors[0])
            await asyncio.get_running_loop().connect_accepted_socket(protocol, connection)
        except (IndexError, OSError):
            self._notes[place] = CLOSED
            self._say(GONE)

    def _say(self, what: bytes) -> None:
        """Tell the other process, unless much is on its way to it: then it will look at the notes anyway."""
        with suppress(OSError):
            self._channel.send(what)
