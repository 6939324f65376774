"""How a server ends: what was asked is answered or refused within the time for it, and nothing else is waited for."""

import asyncio
import logging
import socket
from types import FrameType

import uvicorn

from glassformer.serving.service import Service

log = logging.getLogger("glassformer.serving")
LOOK = 0.1  # seconds between two looks at the connections, and in which requests that are cut are told so


class EndingServer(uvicorn.Server):
    """A server that the first signal ends within `Limits.drain` seconds, and the second at once."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service, self._at_once = service, False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal drains, the second ends at once."""
        self._at_once = self.should_exit
        self.should_exit = True
        self._service.admission.draining = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, and end those that there are."""
        self._service.admission.draining = True
        ending = asyncio.create_task(self._end_connections())
        await super().shutdown(sockets)
        ending.cancel()

    async def _end_connections(self) -> None:
        """Close each connection once its request is answered; cut those that are left when the time is over.

        uvicorn tells the connections once: those that were accepted before and are made after that would go on.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + self._service.limits.drain
        while loop.time() < until and not self._at_once:
            for connection in list(self.server_state.connections):
                connection.shutdown()
            await asyncio.sleep(LOOK)
        if cut := list(self.server_state.tasks):
            log.error("requests that were not answered in time are refused: %d", len(cut))
        for task in cut:
            task.cancel()
        await asyncio.sleep(LOOK)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
