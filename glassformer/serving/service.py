"""All that endpoints share: models, limits, threads, and who may ask."""

import logging
from threading import BoundedSemaphore

from starlette.requests import Request

from glassformer.errors import GlassformerError
from glassformer.serving.admission import Admission
from glassformer.serving.models import Models
from glassformer.serving.refusals import RefusedError
from glassformer.serving.settings import ServeSettings

log = logging.getLogger("glassformer.serving")


class Service:
    """One server process's own."""

    def __init__(self, settings: ServeSettings) -> None:
        self.settings, self.limits = settings, settings.limits
        self.models = Models(settings.sources, settings.memory)
        self.admission = Admission(settings.limits)
        self.explaining = BoundedSemaphore()  # one at a time: it takes all processors
        self.ready = False

    def admit(self, request: Request) -> str:
        """Who asks. Raises RefusedError for one who may not."""
        return request.client.host if request.client else ""

    def seen(self, method: str, path: str, status: int, seconds: float, request_id: str) -> None:
        """Count a request that was answered."""

    def preload(self) -> None:
        """Load the models, as many as there is memory for, so that the first requests need not wait."""
        for model in self.models.that_fit():
            try:
                with self.models.use(model):
                    pass
            except RefusedError as refusal:
                log.error("%s", refusal.message)
        self.ready = True

    def reload(self) -> None:
        """Read all models again that are in memory; one that is no whole model any more stays as it was."""
        for model in self.models:
            try:
                self.models.replace(model)
            except (GlassformerError, OSError) as error:
                log.error("the model %s stays as it was: %s", model.name, error)
            else:
                log.info("the model %s was read again", model.name)

    def close(self) -> None:
        """Take no more work."""
        self.admission.draining = True
        self.admission.close()
