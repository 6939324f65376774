"""`serve`: the application behind a socket, in one process or several."""

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import closing

from glassformer.errors import InputError, UsageError
from glassformer.serving.app import make_app
from glassformer.serving.ending import EndingServer
from glassformer.serving.processes import Processes
from glassformer.serving.protocol import configure
from glassformer.serving.settings import ServeSettings
from glassformer.system import allow_many_files

log = logging.getLogger("glassformer.serving")
LAST_PORT = 65_535


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. InputError where it cannot, UsageError for what is no port."""
    if not 0 <= port <= LAST_PORT:
        raise UsageError(f"--port is {port}: it must be at most {LAST_PORT}; 0 takes a free one")
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, UnicodeError) as error:  # the latter for a name that none can be
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot listen at {host}, port {port}: {reason}; choose another --port or --host") from error
    # Each connection inherits it. Else an answer's body waits until its head was acknowledged, which takes 40 ms;
    # asyncio sees to that only where a socket was made with its protocol's number.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


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
            EndingServer(configure(settings, lambda: app), app.state.service).run([listening])
        else:
            asyncio.run(Processes(settings, set_up, listening).run())
