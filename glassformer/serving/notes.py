"""How far the request of each connection is, noted where all processes of a server see it.

The process that answers a connection writes its note, and the one that accepted it reads it when the other has died.
"""

import mmap
import socket
from collections.abc import Iterator
from pathlib import Path

from glassformer.system import bytes_written

MOST = 65_536  # connections at a time
IDLE = 0  # nothing was read that is not answered
ASKED = 1  # something of a request was read, and nothing of its answer written
ANSWERED = 2  # its answer was begun, or was about to be
CLOSED = 3  # by the process that answered
NEVER = 2**64 - 1


class Notes:
    """The notes of all connections, each by its place: its state, and between which counts of bytes its answer is.

    The file has a byte for each state, and then two numbers of 64 bits for each place.
    """

    def __init__(self, file: Path) -> None:
        with file.open("r+b") as opened:
            self._states = mmap.mmap(opened.fileno(), 17 * MOST)
        self._counts = memoryview(self._states)[MOST:].cast("Q")

    @classmethod
    def create(cls, file: Path) -> "Notes":
        """New ones, all IDLE."""
        file.write_bytes(bytes(17 * MOST))
        return cls(file)

    def __getitem__(self, place: int) -> int:
        return self._states[place]

    def __setitem__(self, place: int, state: int) -> None:
        self._states[place] = state

    def answer(self, place: int, connection: socket.socket, size: int | None) -> None:
        """Note that an answer is about to be written; `size`: its bytes, if these are all and the connection stays."""
        begin = bytes_written(connection)
        self._counts[2 * place] = NEVER if begin is None else begin
        self._counts[2 * place + 1] = NEVER if begin is None or size is None else begin + size
        self._states[place] = ANSWERED

    def state(self, place: int, connection: socket.socket) -> int:
        """What became of a connection whose process has died.

        An answer was begun if the system took a byte of it, and is complete if it took them all.
        """
        if self._states[place] != ANSWERED:
            return self._states[place]
        begin, end = self._counts[2 * place], self._counts[2 * place + 1]
        written = bytes_written(connection)
        return IDLE if written == end else ASKED if written == begin else ANSWERED

    def closed(self) -> Iterator[int]:
        """The places of those that are CLOSED."""
        place = -1
        while (place := self._states.find(bytes([CLOSED]), place + 1, MOST)) >= 0:
            yield place
