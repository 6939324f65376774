"""A server as a process of its own, and what Locust and /proc say of it."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LOAD = Path(__file__).with_name("load.py")
PATIENCE = 120.0  # seconds until a server that is not ready is a failure


@dataclass
class Server:
    """A server that runs; `rss` gets the MB of its processes together, whenever `watch` looks."""

    name: str
    port: int
    process: "subprocess.Popen[bytes]"
    rss: list[float] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def memory(self) -> float:
        """Resident memory of the process and its children, in MB."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return sum(_resident(pid) for pid in (str(self.process.pid), *children))

    def seconds(self) -> float:
        """Processor time that it has taken."""
        return _seconds(self.process.pid)

    def get(self, path: str, timeout: float = 10.0) -> int:
        """The status of a GET."""
        try:
            with urllib.request.urlopen(self.address + path, timeout=timeout) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code


def _seconds(pid: int) -> float:
    """Processor time of a process; 0 of one that has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident(pid: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


@contextmanager
def running(name: str, command: Sequence[str], threads: int) -> Iterator[Server]:
    """A server of this command, which gets `{port}` in it replaced; ready, and ended afterwards by SIGTERM."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    filled = [part.replace("{port}", str(port)) for part in command]
    with subprocess.Popen(filled, env=os.environ | {"OMP_NUM_THREADS": str(threads)}) as process:
        server = Server(name, port, process)
        try:
            _wait_until_ready(server)
            yield server
        finally:
            process.send_signal(signal.SIGTERM)
            if process.wait(PATIENCE) not in (0, -signal.SIGTERM):
                print(f"{name} ended with status {process.returncode}")


def _wait_until_ready(server: Server) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and server.process.poll() is None:
        try:
            if server.get("/readyz") == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"{server.name} was not ready within {PATIENCE:g} s")


@dataclass(frozen=True)
class Load:
    """What the clients send: `texts` a request of `cases`, which are [text, translation], in a file."""

    python: str  # one that has Locust
    cases: Path
    beam: int
    texts: int = 1

    @contextmanager
    def on(self, server: Server, clients: int, seconds: float) -> Iterator["subprocess.Popen[bytes]"]:
        """Clients at work, for so many seconds; it is their process, which has ended when the block has."""
        arguments = [
            self.python, "-m", "locust", "-f", str(LOAD), "--headless", "--only-summary", "--host", server.address,
            "--users", str(clients), "--spawn-rate", str(max(clients, 1)), "--run-time", f"{seconds:.0f}s",
            "--stop-timeout", "120", "--loglevel", "CRITICAL", "--exit-code-on-error", "0",
        ]  # fmt: skip
        given = {"CASES": str(self.cases), "BEAM": str(self.beam), "TEXTS": str(self.texts), "LEDGER": str(self.ledger)}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(arguments, env=os.environ | given, **quiet) as process:  # type: ignore[call-overload]
            yield process
            process.wait()
        if process.returncode:
            raise SystemExit(f"Locust ended with status {process.returncode}; try {' '.join(arguments)}")

    @property
    def ledger(self) -> Path:
        """Where the counts come."""
        return self.cases.with_suffix(".ledger")

    def run(self, server: Server, clients: int, seconds: float) -> dict[str, Any]:
        """What came of it, and of one request the seconds that the server and the load computed.

        The server's memory is looked at once a second. What Locust computes before its clients begin is left out.
        """
        server.rss.clear()
        before, of_load, of_start = server.seconds(), 0.0, None
        with self.on(server, clients, seconds) as process:
            while process.poll() is None:
                server.rss.append(server.memory())
                of_load = max(of_load, _seconds(process.pid))
                if of_start is None and server.seconds() > before:
                    of_start = of_load
                time.sleep(min(1.0, seconds / 20))
        found, spent = self.counted(), server.seconds() - before
        sent = found["counts"]["sent"]
        return found | {"cost": spent / sent, "load cost": (of_load - (of_start or 0.0)) / sent}

    def counted(self) -> dict[str, Any]:
        """The counts of the load that ended last, and the seconds that its translations took."""
        found: dict[str, Any] = json.loads(self.ledger.read_text(encoding="utf-8"))
        return found


def cases_file(cases: Sequence[tuple[str, str]]) -> Path:
    """The cases as a file, in a folder that goes with this process's temporary files."""
    folder = Path(tempfile.mkdtemp(prefix="serving-"))
    (folder / "cases.json").write_text(json.dumps(cases, ensure_ascii=False), encoding="utf-8")
    return folder / "cases.json"
