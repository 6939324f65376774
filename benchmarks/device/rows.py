"""Rows of numbers, each measured by a process of its own, kept as they come: a run that is cut off loses nothing.

To compile takes most of the time, and none of the device's. So several processes prepare at a time; each measures
alone, while no other computes.
"""

import fcntl
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Numbers = dict[str, Any]


class Turns:
    """A file that processes lock: together while they prepare, alone while they measure."""

    def __init__(self, path: str) -> None:
        self._file = Path(path).open("a")  # noqa: SIM115  # closed when the process ends

    @contextmanager
    def preparing(self) -> Iterator[None]:
        yield from self._locked(fcntl.LOCK_SH)

    @contextmanager
    def alone(self) -> Iterator[None]:
        yield from self._locked(fcntl.LOCK_EX)

    def _locked(self, how: int) -> Iterator[None]:
        fcntl.flock(self._file, how)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)


@dataclass
class Job:
    """What one process measures, and its share of the device's memory: those that run have at most `Rows.shares`."""

    what: Numbers
    shares: int = 1
    process: subprocess.Popen[str] | None = field(default=None, repr=False)


class Rows:
    """Rows of numbers in a file of JSON."""

    def __init__(self, path: Path, seconds: float, shares: int) -> None:
        self.path, self.shares, self.rows = path, shares, list[Numbers]()
        self.began = time.monotonic()
        self.ends = self.began + seconds

    def measure(self, jobs: Sequence[Job], command: Sequence[str]) -> None:
        """Run `command` with each job's `what` as JSON; it prints a row of JSON for each that it finds.

        What is not done when the time ends is named.
        """
        waiting, running = list(jobs), list[Job]()
        with tempfile.NamedTemporaryFile() as lock:
            while waiting or running:
                while waiting and sum(job.shares for job in running) + waiting[0].shares <= self.shares:
                    job = waiting.pop(0)
                    line = [*command, "--row", json.dumps(job.what), "--lock", lock.name]
                    job.process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                    running.append(job)
                ended = [job for job in running if job.process and job.process.poll() is not None]
                for job in ended:
                    running.remove(job)
                    self._keep(job)
                if time.monotonic() > self.ends:
                    for job in running:
                        if job.process:
                            job.process.kill()
                    for job in (*running, *waiting):
                        self._add(job.what, {"problem": "not measured: no time left"})
                    return
                time.sleep(0.1)

    def _keep(self, job: Job) -> None:
        """The rows that a job has printed, or why there is none."""
        assert job.process
        printed, complaints = job.process.communicate()
        found = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
        for numbers in found:
            self._add(job.what, numbers)
        if job.process.returncode or not found:
            self._add(job.what, {"problem": (complaints.strip().splitlines() or ["nothing was printed"])[-1][:200]})
            print(complaints[-2000:], file=sys.stderr)

    def _add(self, what: Numbers, numbers: Numbers) -> None:
        self.rows.append(what | numbers)
        self.path.write_text(json.dumps(self.rows, indent=1))
        print(f"{time.monotonic() - self.began:5.0f} s", what | numbers, flush=True)

    def table(self, kind: str, columns: list[str]) -> str:
        """The rows of a kind in Markdown."""
        lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
        for row in self.rows:
            if row["kind"] == kind:
                cells = (row.get(column, row.get("problem", "") if column == columns[-1] else "") for column in columns)
                lines.append(f"| {' | '.join(f'{c:,.4g}' if isinstance(c, float) else str(c) for c in cells)} |")
        return "\n".join(lines)
