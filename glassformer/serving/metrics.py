"""What the server counts, in the form of Prometheus."""

import os
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from glassformer.files import write_whole
from glassformer.serving.refusals import unavailable

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
SHARED = "PROMETHEUS_MULTIPROC_DIR"  # the environment's variable that names where several processes count together
FILES = "counter", "histogram", "gauge_livesum", "gauge_livemax"  # of a process there, whose number follows
ROOM = 1 << 17  # bytes of each: some 600 series


class Metrics:
    """The counters of one server process; `text` has those of all of them. Raises InputError without room for them."""

    def __init__(self) -> None:
        if SHARED in os.environ:
            _take_room(Path(os.environ[SHARED]))
        self._registry = CollectorRegistry()
        self._counters: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        kept = self._registry
        self.requests = Counter(
            "glassformer_requests", "Requests that were answered.", ["method", "path", "status"], registry=kept
        )
        self.seconds = Histogram(
            "glassformer_request_seconds",
            "From a request's head to its answer.",
            ["path"],
            buckets=SECONDS,
            registry=kept,
        )
        self.pending = Gauge(
            "glassformer_requests_pending",
            "Requests that wait or are worked on.",
            multiprocess_mode="livesum",
            registry=kept,
        )
        self.texts = Counter("glassformer_texts", "Texts that were translated.", ["model"], registry=kept)
        self.characters = Counter("glassformer_characters", "Their characters.", ["model"], registry=kept)
        self.failures = Counter("glassformer_failures", "Texts that could not be translated.", ["model"], registry=kept)
        self.models = Gauge(
            "glassformer_models_loaded", "Models in memory.", multiprocess_mode="livemax", registry=kept
        )
        # Processes that count together open a file with the first number of a kind; later its folder may be gone.
        self._counting("GET", "/metrics", 200)

    def answered(self, method: str, path: str, status: int, seconds: float) -> None:
        """Count a request."""
        count, duration = self._counting(method, path, status)
        count.inc()
        duration.observe(seconds)

    def _counting(self, method: str, path: str, status: int) -> tuple[Counter, Histogram]:
        """What counts such requests. It is kept, for to find it by its labels takes longer than to count."""
        found = self._counters.get((method, path, status))
        if not found:
            found = self.requests.labels(method, path, status), self.seconds.labels(path)
            self._counters[method, path, status] = found
        return found

    def text(self) -> bytes:
        """All counters, as Prometheus reads them. Raises RefusedError (503) where their folder was removed."""
        registry = self._registry
        if SHARED in os.environ:
            registry = CollectorRegistry()
            try:
                MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            except ValueError as error:
                raise unavailable("the server's folder for temporary files was removed; start it again") from error
        return generate_latest(registry)


def _take_room(folder: Path) -> None:
    """Write this process's files, which prometheus_client maps: where it would have no room to write, SIGBUS comes."""
    for kind in FILES:
        file = folder / f"{kind}_{os.getpid()}.db"
        if not file.exists():
            write_whole(file, bytes(ROOM))
