"""Stopping on purpose: SIGINT, SIGTERM and the like let the step end and the run save; a second one does not wait."""

import shlex
import signal
import threading
from collections.abc import Sequence
from types import FrameType, TracebackType

from glassformer.system import STOPPING


class Interrupted(Exception):  # noqa: N818 (it is no error)
    """Somebody said stop: `what` is how things stand, `words` the command that goes on.

    `stop_status` is the process's: 128 + the signal.
    """

    def __init__(self, signal_number: int, what: str, words: Sequence[str]) -> None:
        super().__init__(f"{what}; go on with: glassformer {shlex.join(words)}")
        self.stop_status = 128 + signal_number


class StopSignals:
    """While the block runs, `received` is the signal that said stop, or 0."""

    def __init__(self) -> None:
        self.received = 0
        self._previous: dict[int, object] = {}

    def __enter__(self) -> "StopSignals":
        if threading.current_thread() is threading.main_thread():  # elsewhere Python allows no handlers
            for number in STOPPING:
                if signal.getsignal(number) == signal.SIG_IGN:  # nohup
                    continue
                self._previous[number] = signal.signal(number, self._receive)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self.received = number
        signal.signal(number, signal.SIG_DFL)
