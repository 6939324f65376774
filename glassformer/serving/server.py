"""`serve`: the application behind a socket, in one process or several."""

import functools
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import closing
from types import FrameType
from typing import Any

import uvicorn
from prometheus_client.multiprocess import mark_process_dead
from starlette.applications import Starlette
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from glassformer.errors import GlassformerError, InputError, UsageError
from glassformer.serving.app import make_app
from glassformer.serving.protocol import PatientProtocol
from glassformer.serving.service import Service
from glassformer.serving.settings import ServeSettings
from glassformer.system import allow_many_files

log = logging.getLogger("glassformer.serving")
LAST_PORT = 65_535


class Server(uvicorn.Server):
    """A server that a signal ends in order: what was asked is answered, then the exit status is 0."""

    def __init__(self, settings: ServeSettings, app: Starlette) -> None:
        super().__init__(configure(settings, lambda: app))
        self._service: Service = app.state.service

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal drains, the second ends at once."""
        self.force_exit = self.should_exit
        self.should_exit = True
        self._service.admission.draining = True


class Processes(Multiprocess):
    """Several server processes; one that dies is started again. SIGHUP goes to all of them."""

    def keep_subprocess_alive(self) -> None:
        """Start again what has died; its counts stay, but for those of what it was doing.

        uvicorn's own asks each process for a sign of life, and ends one that is slow to start; signals wait meanwhile.
        """
        for number, process in enumerate(self.processes):
            if process.process.is_alive():
                continue
            if process.exitcode == STARTUP_FAILURE:  # perhaps a model is just being copied to its place
                self.should_exit.wait(1)
            mark_process_dead(process.pid)  # type: ignore[no-untyped-call]
            self.processes[number] = Process(self.config, self.sockets)
            self.processes[number].start()

    def handle_hup(self) -> None:
        for process in self.processes:
            if process.pid:
                os.kill(process.pid, signal.SIGHUP)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. InputError where it cannot, UsageError for what is no port."""
    if not 0 <= port <= LAST_PORT:
        raise UsageError(f"--port is {port}: it must be at most {LAST_PORT}; 0 takes a free one")
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"cannot listen at {host}, port {port}: {reason}; choose another --port or --host") from error
    # Each connection inherits it. Else an answer's body waits until its head was acknowledged, which takes 40 ms;
    # asyncio sees to that only where a socket was made with its protocol's number.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def configure(settings: ServeSettings, app: Any) -> uvicorn.Config:
    """What uvicorn has to know. `app` makes the application."""
    limits = settings.limits
    return uvicorn.Config(
        app, factory=True, workers=settings.workers, lifespan="on", ws="none", log_config=None, access_log=False,
        server_header=False, proxy_headers=False, timeout_graceful_shutdown=int(max(limits.drain, 1)),
        http=functools.partial(PatientProtocol, header_timeout=limits.header_timeout),  # type: ignore[arg-type]
    )  # fmt: skip


def make_worker(settings: ServeSettings, set_up: Callable[[], None]) -> Starlette:
    """The application of one of several processes, which begins with `set_up`."""
    set_up()
    try:
        return make_app(settings)
    except GlassformerError as error:
        log.error("a process cannot start: %s", error)
        sys.exit(STARTUP_FAILURE)


def serve(settings: ServeSettings, set_up: Callable[[], None]) -> None:
    """Serve until a signal ends it. Each process begins with `set_up`.

    Raises InputError for what is no model, and for an address that is taken.
    """
    set_up()
    app = make_app(settings)  # which refuses what is wrong
    allow_many_files()
    with closing(app.state.service.clients), listen(settings.host, settings.port) as listening:
        host, port = listening.getsockname()[:2]
        names = ", ".join(source.path.name for source in settings.sources)
        log.info("serving %s at http://%s:%d (Ctrl-C ends it)", names, f"[{host}]" if ":" in host else host, port)
        if settings.workers == 1:
            Server(settings, app).run([listening])
        else:
            Processes(configure(settings, functools.partial(make_worker, settings, set_up)), [listening]).run()
