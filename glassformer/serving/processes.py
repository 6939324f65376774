"""Several processes that answer, and this one, which accepts their connections and keeps a copy of each.

A process that dies leaves no client without an answer. Whose request it had begun, and whose answer it had not, is told
so (502); a connection without such a request goes to another process, with what it may have sent meanwhile.
"""

import asyncio
import logging
import multiprocessing
import os
import secrets
import signal
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress
from multiprocessing.resource_tracker import ensure_running
from typing import Any

from prometheus_client.multiprocess import mark_process_dead

from glassformer.errors import InputError
from glassformer.serving.answers import OWN
from glassformer.serving.endpoint import refused
from glassformer.serving.notes import ASKED, IDLE, MOST, Notes
from glassformer.serving.refusals import RefusedError, unavailable
from glassformer.serving.settings import ServeSettings
from glassformer.serving.worker import ENDING, NOTES, PLACE, READY, work
from glassformer.system import without_ctrl_c

log = logging.getLogger("glassformer.serving")
SPAWN = multiprocessing.get_context("spawn")
AGAIN = 1.0  # seconds until a process that could not start is tried again; perhaps its model is just being copied
FULL = 0.1  # seconds until connections are accepted again that there was no room for
SOON = 0.02  # seconds until a connection that no process took is offered again
LATE = 3.0  # seconds after those for draining, in which a process may end that was told to
LINGER = 2.0  # seconds in which a client may take an answer while it still sends its request


class Worker:
    """A process that answers, and the connections that it was given, each by the place of its note."""

    def __init__(self, settings: ServeSettings, set_up: Callable[[], None]) -> None:
        self.channel, theirs = socket.socketpair()
        with theirs:
            self.channel.setblocking(False)
            self.process = SPAWN.Process(target=work, args=(settings, set_up, theirs))
            ensure_running()  # multiprocessing's tracker: when it starts, Ctrl-C is heard again
            with without_ctrl_c():  # which a terminal sends to all: this process tells the others to end
                self.process.start()
        self.connections: dict[int, socket.socket] = {}
        self.started = self.takes = False
        self._hung_up = False  # before it could hear it

    def give(self, place: int, connection: socket.socket) -> bool:
        """Hand it a connection, if it takes any."""
        try:
            socket.send_fds(self.channel, [PLACE.pack(place)], [connection.fileno()])
        except OSError:  # it has died, or has not yet taken those before
            return False
        self.connections[place] = connection
        return True

    def heard(self, said: bytes) -> None:
        """Note what it says of itself."""
        if READY in said:
            self.started = self.takes = True
            if self._hung_up:
                self.hang_up()
        if ENDING in said:
            self.takes = False

    def hang_up(self) -> None:
        """Have it read its models again, as soon as it has started."""
        self._hung_up = not self.started
        if self.started and self.process.pid and self.process.is_alive():
            os.kill(self.process.pid, signal.SIGHUP)


class Processes:
    """Serves with several processes; one that dies is started again. SIGHUP goes to all of them."""

    def __init__(self, settings: ServeSettings, set_up: Callable[[], None], listening: socket.socket) -> None:
        self._settings, self._set_up, self._listening = settings, set_up, listening
        self._notes = Notes.create(settings.folder / NOTES)
        self._free = list(range(MOST))  # places of notes
        self._workers: list[Worker] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._ending, self._ended = asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        """Serve until SIGINT or SIGTERM, which drains; a second one ends at once.

        Raises InputError where the folder was removed that another process would need.
        """
        self._loop = asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM):
            self._loop.add_signal_handler(each, self._end)
        self._loop.add_signal_handler(signal.SIGHUP, self._hang_up)
        self._listening.setblocking(False)
        for _ in range(self._settings.workers):
            self._start()
        self._listen()
        await self._ending.wait()
        self._loop.remove_reader(self._listening)
        self._listening.close()
        if self._workers:
            await self._ended.wait()
        if self._tasks:
            await asyncio.wait(self._tasks)
        if not self._settings.folder.is_dir():
            raise InputError(f"{self._settings.folder}: was removed while the server needed it; start it again")

    def _end(self) -> None:
        if self._ending.is_set():
            self._kill()
            return
        self._ending.set()
        for worker in self._workers:
            worker.process.terminate()
        self._loop.call_later(self._settings.limits.drain + LATE, self._kill)

    def _kill(self) -> None:
        for worker in self._workers:
            worker.process.kill()

    def _hang_up(self) -> None:
        for worker in self._workers:
            worker.hang_up()

    def _start(self) -> None:
        if not self._ending.is_set():
            worker = Worker(self._settings, self._set_up)
            self._workers.append(worker)
            self._loop.add_reader(worker.channel, self._hear, worker)

    def _listen(self) -> None:
        if not self._ending.is_set():
            self._loop.add_reader(self._listening, self._accept)

    def _accept(self) -> None:
        """Accept a connection. Without room for one, or a process that takes it, those that come wait for a while."""
        has_room = self._free and any(worker.takes for worker in self._workers)
        try:
            connection, _ = self._listening.accept() if has_room else (None, None)
        except (BlockingIOError, ConnectionError):
            return
        except OSError as error:  # too many files are open
            log.error("connections wait: %s", error.strerror)
            connection = None
        if connection is None:
            self._loop.remove_reader(self._listening)
            self._loop.call_later(FULL, self._listen)
            return
        connection.setblocking(False)
        self._do(self._give(self._free.pop(), connection))

    def _do(self, what: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(what)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _give(self, place: int, connection: socket.socket) -> None:
        """Hand a connection to the process that has the fewest, as soon as one takes it."""
        while not self._ending.is_set():
            taking = [worker for worker in self._workers if worker.takes]
            for worker in sorted(taking, key=lambda one: len(one.connections)):
                if worker.give(place, connection):
                    return
            await asyncio.sleep(SOON)
        await self._refuse(place, connection, unavailable("the server is about to end"))

    def _hear(self, worker: Worker) -> None:
        """Hear what a process says; the end of its channel is its own."""
        try:
            said = worker.channel.recv(65_536)
        except BlockingIOError:
            return
        except OSError:  # it died before it took all that was given it
            said = b""
        for place in self._notes.closed():
            for each in self._workers:
                if connection := each.connections.pop(place, None):
                    self._close(place, connection)
        worker.heard(said)
        if not said:
            self._bury(worker)

    def _bury(self, worker: Worker) -> None:
        """See to the connections of a process that has died, and start another."""
        self._loop.remove_reader(worker.channel)
        worker.channel.close()
        worker.process.join()
        self._workers.remove(worker)
        mark_process_dead(worker.process.pid)  # type: ignore[no-untyped-call]
        if not self._ending.is_set():
            log.error("a process has ended (status %s); another takes its place", worker.process.exitcode)
            self._loop.call_later(0.0 if worker.started else AGAIN, self._start)
            if not self._settings.folder.is_dir():
                self._end()
        elif not self._workers:
            self._ended.set()
        for place, connection in worker.connections.items():
            state = self._notes.state(place, connection)
            if state == IDLE:
                self._notes[place] = IDLE
                self._do(self._give(place, connection))
            elif state == ASKED:
                self._notes[place] = ASKED
                self._do(self._refuse(place, connection, _ended_too_early()))
            else:
                self._close(place, connection)

    async def _refuse(self, place: int, connection: socket.socket, refusal: RefusedError) -> None:
        """Tell the client, and wait until it has seen it: what it still sends would take the answer back."""
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(LINGER):
                if self._notes[place] == ASKED or _has_asked(connection):
                    await self._loop.sock_sendall(connection, _answer(refusal))
                connection.shutdown(socket.SHUT_WR)
                while await self._loop.sock_recv(connection, 65_536):
                    pass
        self._close(place, connection)

    def _close(self, place: int, connection: socket.socket) -> None:
        connection.close()
        self._notes[place] = IDLE
        self._free.append(place)


def _has_asked(connection: socket.socket) -> bool:
    """Whether the client has sent something that nobody has read."""
    with suppress(OSError):
        return bool(connection.recv(1, socket.MSG_PEEK))
    return False


def _ended_too_early() -> RefusedError:
    return RefusedError(502, "process_ended", "the process that worked on this has ended; ask again", 1)


def _answer(refusal: RefusedError) -> bytes:
    """A refusal as HTTP has it."""
    response = refused(refusal, OWN, secrets.token_hex(16))
    response.headers["Connection"] = "close"
    head = [b"HTTP/1.1 %d %s" % (refusal.status, refusal.status.phrase.encode())]
    head += [b"%s: %s" % each for each in response.raw_headers]
    return b"\r\n".join([*head, b"", response.body])
