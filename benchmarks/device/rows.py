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
from typing import IO, Any

Numbers = dict[str, Any]
LATE = "the rest was not measured: no time left"


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


def scratch() -> IO[str]:
    """A file for what a process prints: a pipe that nobody reads would fill, and stop it."""
    return tempfile.TemporaryFile("w+")  # closed with its job


@dataclass
class Job:
    """What one process measures, and its share of the device's memory: those that run have at most `Rows.shares`."""

    what: Numbers
    shares: int = 1
    process: subprocess.Popen[str] | None = None
    printed: IO[str] = field(default_factory=scratch)
    complaints: IO[str] = field(default_factory=scratch)

    def start(self, command: Sequence[str]) -> None:
        self.process = subprocess.Popen(command, stdout=self.printed, stderr=self.complaints, text=True)

    @property
    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def output(self) -> tuple[str, str]:
        """What it has printed, and its complaints."""
        for file in (self.printed, self.complaints):
            file.seek(0)
        return self.printed.read(), self.complaints.read()


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
                    job.start([*command, "--row", json.dumps(job.what), "--lock", lock.name])
                    running.append(job)
                for job in [job for job in running if job.has_ended]:
                    running.remove(job)
                    self._keep(job)
                if time.monotonic() > self.ends:
                    for job in running:
                        job.stop()
                        self._keep(job, LATE)
                    for job in waiting:
                        self._add(job.what, {"problem": LATE})
                    return
                time.sleep(0.1)

    def _keep(self, job: Job, problem: str = "") -> None:
        """The rows that a job has printed, and why it has not printed all."""
        printed, complaints = job.output()
        found = [json.loads(line) for line in printed.splitlines() if line.startswith("{") and line.endswith("}")]
        for numbers in found:
            self._add(job.what, numbers)
        if problem:
            self._add(job.what, {"problem": problem})
        elif not found or (job.process and job.process.returncode):
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
