"""TensorBoard's event file, written at once: a failure of the disk shows where it happens.

TensorBoard's own writer works in a thread, which can report a full disk only by a traceback.
"""

import os
import socket
import time
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

NAME = "events.out.tfevents"


class EventFile:
    """A new event file in `directory`; each sitting of a run has one, and they read in that order.

    Training goes on after `step`: TensorBoard forgets what earlier files hold of later steps.
    """

    def __init__(self, directory: Path, step: int) -> None:
        # Numbered, where others write the time: a clock that was set back would mix the order.
        earlier = [path.name.split(".")[3] for path in directory.glob(f"{NAME}.*.*")]
        sitting = 1 + max((int(number) for number in earlier if number.isdecimal()), default=0)
        path = directory / f"{NAME}.{sitting:010d}.{socket.gethostname()}.{os.getpid()}"
        self._records = RecordWriter(path.open("xb"))
        self._write(Event(wall_time=time.time(), file_version="brain.Event:2"))
        if step:
            start = SessionLog(status=SessionLog.START)
            self._write(Event(wall_time=time.time(), step=step + 1, session_log=start))

    def add(self, name: str, value: float, step: int) -> None:
        """One point of the curve `name`. Raises OSError where it cannot be saved."""
        point = Summary.Value(tag=name, simple_value=value)
        self._write(Event(wall_time=time.time(), step=step, summary=Summary(value=[point])))

    def close(self) -> None:
        """Close the file."""
        self._records.close()

    def _write(self, event: Event) -> None:
        self._records.write(event.SerializeToString())
        self._records.flush()
