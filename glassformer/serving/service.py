"""All that endpoints share: models, limits, threads, keys and counts."""

import hashlib
import logging
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Protocol

from starlette.requests import Request

from glassformer.errors import GlassformerError
from glassformer.serving.admission import Admission
from glassformer.serving.bodies import JobState
from glassformer.serving.clients import Clients
from glassformer.serving.hosts import Hosts
from glassformer.serving.keys import Keys, given_key
from glassformer.serving.metrics import Metrics
from glassformer.serving.models import Models
from glassformer.serving.refusals import RefusedError, busy
from glassformer.serving.settings import ServeSettings
from glassformer.system import hang_up_parent
from glassformer.text.terms import Glossary
from glassformer.translator import FailedTranslation, Translation

log = logging.getLogger("glassformer.serving")


class BackgroundJobs(Protocol):
    """What endpoints ask of `jobs.Jobs`, which translates with the service and is therefore above it."""

    def start(self, text: str, sentences: Any, client: str) -> JobState:
        """Begin a job."""
        ...

    def find(self, job: str) -> JobState:
        """How far a job is."""
        ...

    def cancel(self, job: str) -> JobState:
        """End a job."""
        ...

    def close(self) -> None:
        """End all jobs."""
        ...


class Service:
    """One server process's own.

    Raises InputError for what is no model, no keys or no glossary, and UsageError for what is no name of a host.
    """

    jobs: BackgroundJobs

    def __init__(self, settings: ServeSettings) -> None:
        self.settings, self.limits = settings, settings.limits.shared_by(settings.workers)
        self.models = Models(settings.sources, settings.memory)
        self.hosts = Hosts.of(settings.host, settings.host_names)
        self.keys = Keys.read(settings.keys) if settings.keys else None
        self.glossary = Glossary.read(settings.terms) if settings.terms else None
        self.glossary_id = hashlib.sha256(repr(self.glossary).encode()).hexdigest()[:32]
        self.admission = Admission(self.limits)
        # One at a time, for it takes all processors; always in the same thread, for glibc keeps for each thread what
        # was freed there, and pages are large.
        self.explaining = ThreadPoolExecutor(1, "explain")
        self.reading = ThreadPoolExecutor(1, "reading")  # of models at the start and at SIGHUP
        self.started, self.ready = datetime.now(UTC), False
        self.clients = Clients(settings.folder / "clients.sqlite")
        self._metrics = Metrics()

    def admit(self, request: Request, key_in_body: str = "") -> str:
        """Who asks: the name of the key, or the address. Raises RefusedError for one who may not (401, 429)."""
        client, rate = request.client.host if request.client else "", self.limits.rate
        if self.keys:
            key = self.keys.owner(given_key(request) or key_in_body)
            if key is None:
                raise RefusedError(401, "unauthorized", "give a key: Authorization: Bearer KEY")
            client, rate = key.name, key.rate or rate
        if rate and (seconds := self.clients.wait(client, rate)):
            raise busy(f"more than {rate:,} requests in a minute", math.ceil(seconds))
        return client

    def count(self, model: str, texts: Sequence[str], found: Sequence[Translation | FailedTranslation]) -> None:
        """Count what was translated, and log it if that is asked for."""
        if self.settings.log == "texts":
            for text, one in zip(texts, found, strict=True):
                log.info("%s: %r became %r", model, text, one.error or one.text)
        self._metrics.texts.labels(model).inc(len(texts))
        self._metrics.characters.labels(model).inc(sum(map(len, texts)))
        self._metrics.failures.labels(model).inc(sum(one.error is not None for one in found))

    def seen(self, request_id: str, client: str, method: str, path: str, status: int, seconds: float) -> None:
        """Count a request that was answered, and log it if that is asked for."""
        self._metrics.answered(method, path, status, seconds)
        if self.settings.log != "errors":
            log.info("%s %s %s %s: %d in %.0f ms", request_id, client, method, path, status, 1000 * seconds)

    def counted(self) -> bytes:
        """All counts, as Prometheus reads them."""
        self._metrics.pending.set(self.admission.pending)
        self._metrics.models.set(sum(model.loaded is not None for model in self.models))
        return self._metrics.text()

    def preload(self) -> None:
        """Load the models, as many as there is memory for, so that the first requests need not wait."""
        for model in self.models.that_fit():
            if self.admission.draining:
                return
            try:
                with self.models.use(model):
                    pass
            except RefusedError as refusal:
                log.error("%s", refusal.message)
            except Exception:  # what else uses this model gets the same; the others are served
                log.exception("the model %s cannot be used", model.name)
        self.ready = True

    def reload(self) -> None:
        """Read keys and models again; what cannot be read stays as it was."""
        try:
            self.keys = Keys.read(self.settings.keys) if self.settings.keys else None
        except GlassformerError as error:
            log.error("the keys stay as they were: %s", error)
        for model in self.models:
            try:
                self.models.replace(model)
            except (GlassformerError, OSError) as error:
                log.error("the model %s stays as it was: %s", model.name, error)
            else:
                log.info("the model %s was read again", model.name)

    def tell_others(self) -> None:
        """Have the server's other processes read their models again too."""
        if self.settings.workers > 1:
            hang_up_parent()

    def close(self) -> None:
        """Take no more work, and end what runs in the background."""
        self.admission.draining = True
        self.admission.close()
        self.explaining.shutdown(wait=False, cancel_futures=True)
        self.reading.shutdown(wait=False, cancel_futures=True)
        self.jobs.close()
        self.models.close()
        self.clients.close()
