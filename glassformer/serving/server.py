"""`serve`: the application behind a socket, in one process or several."""

import functools
import logging
import os
import signal
import socket
from types import FrameType
from typing import Any

import uvicorn
from prometheus_client.multiprocess import mark_process_dead
from uvicorn.supervisors import Multiprocess

from glassformer.errors import InputError
from glassformer.serving.app import make_app
from glassformer.serving.protocol import PatientProtocol
from glassformer.serving.settings import ServeSettings
from glassformer.system import allow_many_files

log = logging.getLogger("glassformer.serving")


class Server(uvicorn.Server):
    """A server that a signal ends in order: what was asked is answered, then the exit status is 0."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal drains, the second ends at once."""
        self.force_exit = self.should_exit
        self.should_exit = True
        self.config.loaded_app.state.service.admission.draining = True


class Processes(Multiprocess):
    """Several server processes; one that dies is started again. SIGHUP goes to all of them."""

    def keep_subprocess_alive(self) -> None:
        """Start again what has died; its counts stay, but for those of what it was doing."""
        for process in self.processes:
            if process.pid and not process.process.is_alive():
                mark_process_dead(process.pid)  # type: ignore[no-untyped-call]
        super().keep_subprocess_alive()

    def handle_hup(self) -> None:
        for process in self.processes:
            if process.pid:
                os.kill(process.pid, signal.SIGHUP)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. InputError where it cannot."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot listen at {host}, port {port}: {reason}; choose another --port or --host") from error


def configure(settings: ServeSettings, app: Any) -> uvicorn.Config:
    """What uvicorn has to know. `app` makes the application."""
    limits = settings.limits
    return uvicorn.Config(
        app, factory=True, workers=settings.workers, lifespan="on", ws="none", log_config=None, access_log=False,
        server_header=False, proxy_headers=False, timeout_graceful_shutdown=int(max(limits.drain, 1)),
        http=functools.partial(PatientProtocol, header_timeout=limits.header_timeout),  # type: ignore[arg-type]
    )  # fmt: skip


def serve(settings: ServeSettings) -> None:
    """Serve until a signal ends it. InputError for what is no model, and for an address that is taken."""
    app = make_app(settings)  # which refuses what is wrong
    allow_many_files()
    with listen(settings.host, settings.port) as listening:
        host, port = listening.getsockname()[:2]
        names = ", ".join(source.path.name for source in settings.sources)
        log.info("serving %s at http://%s:%d (Ctrl-C ends it)", names, f"[{host}]" if ":" in host else host, port)
        if settings.workers == 1:
            Server(configure(settings, lambda: app)).run([listening])
        else:
            Processes(configure(settings, functools.partial(make_app, settings)), [listening]).run()
